import { describe, expect, it } from 'vitest'

import { boundHeaders } from '../../src/approvals/headers.ts'
import { aProvider } from '../builders.ts'
import { SDKS } from './sdk_headers.ts'

const provider = aProvider({ default_headers: { 'X-Version': '2026-01-01' } })
const bound = (headers: Record<string, string>, carriers: readonly string[] = []) =>
  boundHeaders(new Headers(headers), provider, carriers)

/** Words of a text, whatever is between them. */
function names(text: string): string[] {
  return text.split(/\s+/)
}

describe.each(SDKS)('a call of $sdk', ({ first, again, bound: shown, meant }) => {
  it('is the same call when the SDK sends it again', () => {
    expect(bound({ ...first, ...again }).text).toBe(bound(first).text)
  })

  it('is bound to what may change what it does, and shows the names', () => {
    expect(bound(first).unusual.toSorted()).toEqual(shown)
  })

  it.each(Object.entries(meant))('is another call with another %s', (name, value) => {
    expect(bound({ ...first, [name]: value }).text).not.toBe(bound(first).text)
  })
})

describe('a header', () => {
  it.each(
    names(`accept accept-language user-agent x-amz-user-agent cache-control origin sec-fetch-mode
      sec-ch-ua priority dnt referer x-requested-with date traceparent tracestate baggage b3
      x-b3-traceid x-b3-spanid sentry-trace x-datadog-parent-id x-cloud-trace-context
      x-amzn-trace-id x-trace-id x-request-id request-id x-ms-client-request-id
      x-correlation-id x-span-id x-retry-count x-slack-retry-num x-attempt x-request-start
      x-ms-date x-goog-date x-amz-date idempotency-key x-idempotency-key x-timestamp
      x-goog-gcs-idempotency-token x-slack-request-timestamp x-nonce`),
  )('%s may be another when the call comes again', (name) => {
    expect(bound({ [name]: 'one' })).toEqual(bound({}))
  })

  it.each(
    names(`x-amz-target x-amz-invocation-type x-amz-copy-source x-amz-request-payer
      x-amz-object-lock-retain-until-date x-goog-user-project x-goog-request-params
      stripe-account stripe-version openai-organization anthropic-beta depth
      destination overwrite if-match if-none-match range prefer x-dry-run x-test-mode
      x-schedule-date x-delivery-time x-trace-delete x-retry-policy x-request-method
      x-span x-ms-date-modified notion-version x-anything`),
  )('%s may not', (name) => {
    expect(bound({ [name]: 'one' }).text).not.toBe(bound({}).text)
    expect(bound({ [name]: 'one' }).text).not.toBe(bound({ [name]: 'two' }).text)
    expect(bound({ [name]: 'one' }).unusual).toEqual([name])
  })

  it.each(['content-type', 'content-encoding'])('%s may not, and is not unusual', (name) => {
    expect(bound({ [name]: 'one' }).text).not.toBe(bound({ [name]: 'two' }).text)
    expect(bound({ [name]: 'one' }).unusual).toEqual([])
  })

  it.each(
    names(`authorization x-api-key cookie host content-length connection via x-outpost-auth
      x-outpost-tenant x-forwarded-for cf-connecting-ip x-provider x-version`),
  )('%s does not go upstream, and binds nothing', (name) => {
    expect(bound({ [name]: 'one' })).toEqual(bound({}))
  })

  it('with the key of the agent in it does not either', () => {
    const key = { 'x-globex-id': 'the key' }
    expect(bound(key, ['x-globex-id'])).toEqual(bound({}))
    expect(bound(key)).not.toEqual(bound({}))
  })

  it.each([
    [
      { a: '1, 2', b: '3' },
      { a: '1', b: '2, 3' },
    ],
    [{ 'x-a': '1","x-b","2' }, { 'x-a': '1', 'x-b': '2' }],
  ])('runs together with no other one: %o', (one, other) => {
    expect(bound(one as never).text).not.toBe(bound(other as never).text)
  })

  it('counts wherever it stands among the others', () => {
    expect(bound({ a: '1', b: '2' })).toEqual(bound({ B: '2', A: '1' }))
  })
})
