import type { Provider } from '../catalog.ts'
import { forwardable } from '../headers.ts'
import { forwardRulesOf } from '../outbound.ts'

/**
 * What clients change when they send the very same call again (attempts, traces, clocks), or what says
 * nothing of what is to be done. Every other header may (`Stripe-Account`, `X-Amz-Target`,
 * `Destination`).
 */
const VOLATILE = new RegExp(
  '^(?:accept(?:-.*)?|user-agent|cache-control|pragma|priority|dnt|referer|origin|baggage|b3|sec-.*' +
    '|x-datadog-.*|x-stainless-.*)$' +
    '|request|trace|span|correlation|invocation|retry|attempt|idempotency|(?:^|-)test-' +
    '|(?:^|-)(?:date|time|timestamp|nonce)$',
)

/** Every client sends them, and the summary of the body says the type. */
const USUAL = new Set(['content-type', 'content-encoding'])

/**
 * The headers that an approval is bound to: those that go upstream, less the volatile ones, as one
 * text. `unusual` are the names that a person should see.
 */
export function boundHeaders(
  received: Headers,
  provider: Provider,
): { readonly text: string; readonly unusual: readonly string[] } {
  const bound = Array.from(forwardable(received, forwardRulesOf(provider))).filter(
    ([name]) => !VOLATILE.test(name),
  )
  return {
    text: JSON.stringify(bound),
    unusual: [...new Set(bound.map(([name]) => name))].filter((name) => !USUAL.has(name)),
  }
}
