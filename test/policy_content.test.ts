import { describe, expect, it } from 'vitest'

import type { Call } from '../src/call.ts'
import type { Forwarding, Rule } from '../src/catalog.ts'
import type { Caller } from '../src/identity.ts'
import { decide } from '../src/policy/decide.ts'
import { aCall, aCaller, aProvider, aRule } from './builders.ts'
import { bodyOf, FORM, queryOf } from './content/of.ts'
import { aGrant } from './scene.ts'

const JSON_TYPE = 'application/json'

/** A call with a body, and what was read of it. */
interface Sent {
  readonly call: Call
  readonly content: { readonly bytes: Uint8Array; readonly whole: boolean } | null
}

function sent(method: string, target: string, body?: string, type = JSON_TYPE): Sent {
  const [path = '', query] = target.split('?')
  const plain = aCall(method, path, query === undefined ? '' : `?${query}`)
  if (body === undefined) return { call: plain, content: null }
  const bytes = new TextEncoder().encode(body)
  const init = { method, body, headers: { 'content-type': type } }
  const request = new Request('https://proxy.test/', init)
  return { call: { ...plain, request }, content: { bytes, whole: true } }
}

function outcome(forwarding: Partial<Forwarding>, { call, content }: Sent, caller: Caller): string {
  const decision = decide(caller, aProvider({ forwarding }), call, content)
  if (decision.allow === null) return 'unread'
  if (!decision.allow) return `${decision.code} by ${decision.rule}`
  const { sensitive, approval, rule } = decision.permit
  return `allow${sensitive ? ', sensitive' : ''}${approval ? ', approval' : ''} by ${rule}`
}

const ANYBODY = aCaller({ can_call_sensitive: true })
const GRANTED: Caller = { ...ANYBODY, grant: { ...aGrant(), hash: '' } }

type Row = readonly [method: string, target: string, body: string | undefined, outcome: string]

function table(
  title: string,
  forwarding: Partial<Forwarding>,
  rows: readonly Row[],
  { caller = ANYBODY, type = JSON_TYPE } = {},
) {
  describe(title, () => {
    it.each(rows)('%s %s %s: %s', (method, target, body, expected) => {
      expect(outcome(forwarding, sent(method, target, body, type), caller)).toBe(expected)
    })
  })
}

const REFUNDS: readonly Rule[] = [
  aRule(['POST'], '/v1/refunds', { when: { query: [], body: bodyOf({ amount: { lte: 5000 } }) } }),
  aRule(['POST'], '/v1/refunds', { approval: true, sensitive: true }),
]

table(
  'refunds up to 50 without approval',
  { mode: 'allowlist', allow: REFUNDS },
  [
    ['POST', '/v1/refunds', 'charge=ch_1&amount=5000', 'allow by allow[0]'],
    ['POST', '/v1/refunds', 'charge=ch_1&amount=5001', 'allow, sensitive, approval by allow[1]'],
    ['POST', '/v1/refunds', 'charge=ch_1', 'allow, sensitive, approval by allow[1]'],
    ['POST', '/v1/refunds', '', 'allow, sensitive, approval by allow[1]'],
    ['POST', '/v1/refunds', undefined, 'allow, sensitive, approval by allow[1]'],
    ['POST', '/v1/refunds', 'charge=ch_1&amount=5e3', 'allow, sensitive, approval by allow[1]'],
    ['POST', '/v1/refunds', 'amount=1&amount=9000', 'PROXY_BAD_REQUEST by allow[0]'],
    ['POST', '/v1/refunds', 'amount=1&amount[]=9000', 'PROXY_BAD_REQUEST by allow[0]'],
    ['POST', '/v1/refunds', 'amount=1;amount=9000', 'PROXY_BAD_REQUEST by allow[0]'],
    ['POST', '/v1/refunds', '{"amount":1}', 'PROXY_BAD_REQUEST by allow[0]'],
    ['POST', '/v1/refunds?amount=9000', 'amount=1', 'PROXY_BAD_REQUEST by allow[0]'],
    ['POST', '/v1/refunds/', 'amount=9000', 'PROXY_NO_ROUTE by allow'],
    ['GET', '/v1/refunds', undefined, 'PROXY_NO_ROUTE by allow'],
  ],
  { caller: GRANTED, type: FORM },
)

table('the same without a grant', { mode: 'allowlist', allow: REFUNDS }, [
  ['POST', '/v1/refunds', '{"amount": 5000}', 'allow by allow[0]'],
  ['POST', '/v1/refunds', '{"amount": 5001}', 'PROXY_GRANT_REQUIRED by allow[1].approval'],
  ['POST', '/v1/refunds', '{"amount": "5000"}', 'PROXY_GRANT_REQUIRED by allow[1].approval'],
  ['POST', '/v1/refunds', '{"amount": null}', 'PROXY_GRANT_REQUIRED by allow[1].approval'],
  ['POST', '/v1/refunds', '{"Amount": 1}', 'PROXY_BAD_REQUEST by allow[0]'],
  ['POST', '/v1/refunds', '{"amount": 1', 'PROXY_BAD_REQUEST by allow[0]'],
])

const REQUIRED: readonly Rule[] = [
  aRule(['POST'], '/v1/refunds', {
    body: bodyOf({ amount: { lte: 5000 }, currency: { in: ['eur'] } }),
  }),
  aRule(['GET'], '/v1/charges', {
    query: queryOf({ limit: { lte: 100 }, filter: { absent: true } }),
    cache_ttl: 60,
  }),
  aRule(['*'], '/v1/**'),
]

for (const mode of ['allowlist', 'transparent'] as const) {
  const by = 'allow, sensitive'
  const write = mode === 'transparent' ? by : 'allow'
  table(`what a rule requires, ${mode}`, { mode, allow: REQUIRED }, [
    ['POST', '/v1/refunds', '{"amount": 1, "currency": "eur"}', `${write} by allow[0]`],
    [
      'POST',
      '/v1/refunds',
      '{"amount": 5001, "currency": "eur"}',
      'PROXY_PATH_DENIED by allow[0].body.amount',
    ],
    ['POST', '/v1/refunds', '{"currency": "eur"}', 'PROXY_PATH_DENIED by allow[0].body.amount'],
    [
      'POST',
      '/v1/refunds',
      '{"amount": 1, "currency": "usd"}',
      'PROXY_PATH_DENIED by allow[0].body.currency',
    ],
    ['POST', '/v1/refunds', undefined, 'PROXY_PATH_DENIED by allow[0].body.amount'],
    ['GET', '/v1/charges?limit=100', undefined, 'allow by allow[1]'],
    ['HEAD', '/v1/charges?limit=100', undefined, 'allow by allow[1]'],
    ['GET', '/v1/charges?limit=101', undefined, 'PROXY_PATH_DENIED by allow[1].query.limit'],
    ['HEAD', '/v1/charges?limit=101', undefined, 'PROXY_PATH_DENIED by allow[1].query.limit'],
    ['GET', '/v1/charges', undefined, 'PROXY_PATH_DENIED by allow[1].query.limit'],
    ['GET', '/v1/charges?limit=1&filter=', undefined, 'PROXY_PATH_DENIED by allow[1].query.filter'],
    ['GET', '/v1/charges?limit=1&Filter=x', undefined, 'PROXY_BAD_REQUEST by allow[1]'],
    ['GET', '/v1/charges?limit=1&limit=1', undefined, 'PROXY_BAD_REQUEST by allow[1]'],
    ['POST', '/v1/charges', undefined, `${write} by allow[2]`],
    // Another spelling of the path spares a call nothing that a rule before asks for.
    [
      'POST',
      '/v1/refunds/',
      '{"amount": 9000, "currency": "eur"}',
      'PROXY_PATH_DENIED by allow[0].body.amount',
    ],
    [
      'POST',
      '/v1/Refunds',
      '{"amount": 9000, "currency": "eur"}',
      'PROXY_PATH_DENIED by allow[0].body.amount',
    ],
    ['POST', '/v1/%72efunds', '{"amount": 1, "currency": "eur"}', `${write} by allow[2]`],
    ['GET', '/v1/charges;x?limit=999', undefined, 'PROXY_PATH_DENIED by allow[1].query.limit'],
  ])
}

table(
  'in transparent mode, where no rule is for the call, the default is',
  {
    allow: [
      aRule(['POST'], '/a', {
        when: { query: [], body: bodyOf({ kind: { in: ['x'] } }) },
        sensitive: false,
      }),
    ],
  },
  [
    ['POST', '/a', '{"kind": "x"}', 'allow by allow[0]'],
    ['POST', '/a', '{"kind": "y"}', 'allow, sensitive by default'],
    ['POST', '/a', '{"kind": ["x"]}', 'allow, sensitive by default'],
    ['POST', '/A', '{"kind": "x"}', 'allow, sensitive by default'],
  ],
)

const DENIED: readonly Rule[] = [
  aRule(['POST'], '/a', {
    when: { query: [], body: bodyOf({ kind: { in: ['drop'] } }) },
    deny: true,
  }),
  aRule(['POST'], '/a', {
    when: { query: queryOf({ dry: { in: [true] } }), body: [] },
    sensitive: false,
  }),
  aRule(['POST'], '/a', {
    when: { query: [], body: bodyOf({ n: { gte: 100 } }) },
    sensitive: true,
  }),
  aRule(['POST'], '/a', { sensitive: false }),
]

table('a rule that denies, and one that says sensitive', { allow: DENIED }, [
  ['POST', '/a', '{"kind": "drop"}', 'PROXY_PATH_DENIED by allow[0]'],
  ['POST', '/a/', '{"kind": "drop"}', 'PROXY_PATH_DENIED by allow[0]'],
  ['POST', '/a', '{"kind": "keep"}', 'allow by allow[3]'],
  ['POST', '/a', '{}', 'allow by allow[3]'],
  // It cannot be told whether a server takes these for `drop`: the stricter rule holds.
  ['POST', '/a', '{"kind": "DROP"}', 'PROXY_PATH_DENIED by allow[0]'],
  ['POST', '/a', '{"kind": "drop\\u0000"}', 'PROXY_PATH_DENIED by allow[0]'],
  ['POST', '/a', '{"kind": ["drop"]}', 'PROXY_PATH_DENIED by allow[0]'],
  ['POST', '/a', '{"kind": null}', 'PROXY_PATH_DENIED by allow[0]'],
  ['POST', '/a', '["drop"]', 'PROXY_PATH_DENIED by allow[0]'],
  ['POST', '/a', '{"n": 100}', 'allow, sensitive by allow[2]'],
  ['POST', '/a', '{"n": 99}', 'allow by allow[3]'],
  ['POST', '/a', '{"n": "99"}', 'allow, sensitive by allow[2]'],
  ['POST', '/a?dry=true', '{"n": 100}', 'allow by allow[1]'],
  ['POST', '/a?dry=True', '{"n": 99}', 'allow by allow[3]'],
  ['POST', '/a?dry=true', '{"kind": "drop"}', 'PROXY_PATH_DENIED by allow[0]'],
])

describe('a body that has not been read', () => {
  const unread = (forwarding: Partial<Forwarding>, { call }: Sent) =>
    outcome(forwarding, { call, content: null }, ANYBODY)
  const REST = [...REFUNDS, aRule(['*'], '/v1/**')]

  it.each([
    ['is wanted by a rule for this method and path', 'POST', '/v1/refunds', 'unread'],
    ['is not wanted for another path', 'POST', '/v1/charges', 'allow by allow[2]'],
    ['is not wanted for another method', 'PUT', '/v1/refunds', 'allow by allow[2]'],
    [
      'is not wanted where a rule for another spelling says all',
      'POST',
      '/v1/REFUNDS',
      'PROXY_GRANT_REQUIRED by allow[1].approval',
    ],
  ])('%s: %s %s', (_, method, path, expected) => {
    expect(unread({ mode: 'allowlist', allow: REST }, sent(method, path, '{}'))).toBe(expected)
  })

  it('is not wanted behind a rule that matches without it', () => {
    const allow = [aRule(['POST'], '/v1/refunds'), ...REFUNDS]
    expect(unread({ mode: 'allowlist', allow }, sent('POST', '/v1/refunds', '{}'))).toBe(
      'allow by allow[0]',
    )
  })

  it('is not wanted where the query says already that the rule is not for the call', () => {
    const when = { query: queryOf({ a: { in: ['b'] } }), body: bodyOf({ c: { lte: 1 } }) }
    const allow = [aRule(['POST'], '/v1/refunds', { when }), aRule(['POST'], '/v1/refunds')]
    expect(unread({ mode: 'allowlist', allow }, sent('POST', '/v1/refunds?a=c', '{}'))).toBe(
      'allow by allow[1]',
    )
    expect(unread({ mode: 'allowlist', allow }, sent('POST', '/v1/refunds?a=b', '{}'))).toBe(
      'unread',
    )
  })

  it('is wanted by a rule of another spelling that requires something', () => {
    expect(unread({ allow: REQUIRED }, sent('POST', '/v1/refunds/', '{}'))).toBe('unread')
  })

  it('is the empty one where there is none', () => {
    expect(unread({ allow: REQUIRED }, sent('POST', '/v1/refunds'))).toBe(
      'PROXY_PATH_DENIED by allow[0].body.amount',
    )
  })

  it('is not known by its beginning', () => {
    const { call } = sent('POST', '/v1/refunds', '{"amount": 1}')
    const content = { bytes: new TextEncoder().encode('{"amount": 1}'), whole: false }
    expect(outcome({ allow: REQUIRED }, { call, content }, ANYBODY)).toBe('unread')
  })
})

it('tells the agent what was expected, and nobody what was found', () => {
  const { call, content } = sent('POST', '/v1/refunds', '{"amount": 765432, "currency": "eur"}')
  const decision = decide(ANYBODY, aProvider({ forwarding: { allow: REQUIRED } }), call, content)
  expect(decision).toMatchObject({
    code: 'PROXY_PATH_DENIED',
    message: 'body.amount has to be at most 5000',
    rule: 'allow[0].body.amount',
    reason: 'it is something else; it has to be at most 5000',
  })
  expect(JSON.stringify(decision)).not.toContain('765432')
})

it('takes no body of a GET where a rule reads the query', () => {
  const request = new Request('https://proxy.test/', { method: 'POST', body: 'limit=999' })
  const call = { ...aCall('GET', '/v1/charges', '?limit=1'), request }
  expect(decide(ANYBODY, aProvider({ forwarding: { allow: REQUIRED } }), call, null)).toMatchObject(
    {
      code: 'PROXY_BAD_REQUEST',
    },
  )
})
