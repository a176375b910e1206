import type { Provider } from '../catalog.ts'
import { forwardable } from '../headers.ts'
import { forwardRulesOf } from '../outbound.ts'

/**
 * What clients change when they send the very same call again (attempts, traces, clocks), or what says
 * nothing of what is to be done. They are listed, because any other header may say it
 * (`Stripe-Account`, `X-Amz-Target`, `X-Amz-Invocation-Type`, `Destination`, `X-Test-Mode`).
 */
const VOLATILE = new RegExp(
  [
    'accept(?:-.*)?|(?:.*-)?user-agent|cache-control|pragma|priority|dnt|referer|origin|sec-.*|x-requested-with',
    // What SDKs say of themselves.
    'x-stainless-.*|x-stripe-client-telemetry|x-goog-api-client|amz-sdk-request',
    'traceparent|tracestate|baggage|b3|x-b3-.*|x-datadog-.*|sentry-trace|x-cloud-trace-context',
    'date|x-(?:amz|goog|ms)-date|(?:.*-)?(?:timestamp|nonce)|(?:.*-)?request-(?:start|time)',
    '(?:.*-)?(?:request|trace|span|correlation|invocation|attempt)-?id',
    '(?:.*-)?(?:retry|attempt)(?:-(?:count|num|number))?',
    '(?:.*-)?idempotency-?(?:key|token)',
  ]
    .map((names) => `^(?:${names})$`)
    .join('|'),
)

/** Every client sends them, and the summary of the body says the type. */
const USUAL = new Set(['content-type', 'content-encoding'])

/**
 * The headers that an approval is bound to: those that go upstream, less the volatile ones, as one
 * text. `unusual` are the names that a person should see. `carriers` are the headers, lower case, that
 * the agent's own key stood in.
 */
export function boundHeaders(
  received: Headers,
  provider: Provider,
  carriers: readonly string[],
): { readonly text: string; readonly unusual: readonly string[] } {
  const bound = Array.from(forwardable(received, forwardRulesOf(provider))).filter(
    ([name]) => !VOLATILE.test(name) && !carriers.includes(name),
  )
  return {
    text: JSON.stringify(bound),
    unusual: [...new Set(bound.map(([name]) => name))].filter((name) => !USUAL.has(name)),
  }
}
