import { expect, it } from 'vitest'

import type { Forwarding, Provider, Rule } from '../../src/catalog.ts'
import { aCall, aCaller, aProvider, aRule, decided } from '../builders.ts'

const UPGRADE = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-version': '13',
}

function rule(pattern: string, over: Partial<Rule> = {}): Rule {
  return aRule(['GET'], pattern, { cache_ttl: 60, ...over })
}

const OPEN = { allow: [rule('/kept'), rule('/care', { sensitive: true })], deny: ['/no/**'] }
const LIST = {
  mode: 'allowlist',
  allow: [rule('/kept', { sensitive: false }), rule('/care', { sensitive: true })],
} as const
const CAREFREE = { ...OPEN, treat_writes_as_sensitive: false }

it.each<[Provider['websocket'], Partial<Forwarding>, string, string]>([
  [null, OPEN, '/x', 'sensitive by websocket'],
  [null, OPEN, '/kept', 'sensitive by allow[0]'],
  [null, OPEN, '/care', 'sensitive by allow[1]'],
  [null, OPEN, '/no/x', 'PROXY_PATH_DENIED by deny[0]'],
  [null, CAREFREE, '/x', 'sensitive by websocket'],
  ['sensitive', OPEN, '/x', 'sensitive by websocket'],
  ['allow', OPEN, '/x', 'goes by default'],
  ['allow', OPEN, '/kept', 'goes by allow[0]'],
  ['allow', OPEN, '/care', 'sensitive by allow[1]'],
  ['allow', OPEN, '/no/x', 'PROXY_PATH_DENIED by deny[0]'],
  ['deny', OPEN, '/x', 'PROXY_PATH_DENIED by websocket'],
  ['deny', OPEN, '/no/x', 'PROXY_PATH_DENIED by deny[0]'],
  [null, LIST, '/kept', 'PROXY_PATH_DENIED by websocket'],
  ['allow', LIST, '/kept', 'goes by allow[0]'],
  ['allow', LIST, '/care', 'sensitive by allow[1]'],
  ['allow', LIST, '/x', 'PROXY_NO_ROUTE by allow'],
  ['sensitive', LIST, '/kept', 'sensitive by allow[0]'],
  ['deny', LIST, '/kept', 'PROXY_PATH_DENIED by websocket'],
])('websocket: %s, %j, %s: %s', (websocket, forwarding, path, expected) => {
  const caller = aCaller({ can_call_sensitive: true })
  const provider = aProvider({ websocket, forwarding })
  const call = aCall('GET', path)
  const request = new Request(`https://proxy.test${path}`, { headers: UPGRADE })
  const decision = decided(caller, provider, { ...call, request })
  if (!decision.allow) {
    expect(`${decision.code} by ${decision.rule}`).toBe(expected)
    return
  }
  const { sensitive, rule: by, cache_ttl } = decision.permit
  expect(`${sensitive ? 'sensitive' : 'goes'} by ${by}`).toBe(expected)
  expect(cache_ttl).toBe(0)
  // Without the upgrade it is what it was.
  const plain = decided(caller, aProvider({ websocket: null, forwarding }), call)
  expect(plain).toMatchObject({ allow: true, permit: { sensitive: by === 'allow[1]' } })
})

it('a host that may make no sensitive calls opens no sensitive socket', () => {
  const request = new Request('https://proxy.test/x', { headers: UPGRADE })
  const call = { ...aCall('GET', '/x'), request }
  const caller = aCaller({ can_call_sensitive: false })
  expect(decided(caller, aProvider(), call)).toMatchObject({ code: 'PROXY_SENSITIVE_DENIED' })
  expect(decided(caller, aProvider({ websocket: 'allow' }), call)).toMatchObject({ allow: true })
})

it.each<[string | null, string | null, string]>([
  [null, null, 'goes'],
  ['http://proxy.test:8788', null, 'goes'],
  ['https://proxy.test:8788', null, 'goes'],
  ['https://elsewhere.test', null, 'PROXY_CROSS_ORIGIN'],
  ['http://proxy.test', null, 'PROXY_CROSS_ORIGIN'],
  ['null', null, 'PROXY_CROSS_ORIGIN'],
  ['', null, 'PROXY_CROSS_ORIGIN'],
  ['https://elsewhere.test', 'AGENT_KEY', 'goes'],
])('a page of %s, where the key is %s: %s', (origin, auth_token_env, expected) => {
  const headers = { ...UPGRADE, host: 'proxy.test:8788', ...(origin !== null && { origin }) }
  const request = new Request('https://proxy.test:8788/x', { headers })
  const caller = aCaller({ can_call_sensitive: true, auth_token_env })
  const decision = decided(caller, aProvider(), { ...aCall('GET', '/x'), request })
  expect(decision.allow ? 'goes' : decision.code).toBe(expected)
})
