import { expect, it } from 'vitest'

import { challenging } from '../src/challenge.ts'
import type { Place } from '../src/identity.ts'
import { Refusal, refuse } from '../src/refusal.ts'
import type { RefusalCode } from '../src/refusal.ts'
import { aCall, aCatalog, aProvider } from './builders.ts'

const DISCOVERY = '/o/r.git/info/refs'
const SERVICE = '?service=git-upload-pack'
const PLACE: Place = { from: null, address: '203.0.113.0/24', host: null, key: null }
const CATALOG = aCatalog([aProvider()])

interface Asked {
  readonly code?: RefusalCode
  readonly method?: string
  readonly path?: string
  readonly query?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly place?: Place
}

function answered(asked: Asked): Response {
  const { code = 'PROXY_GRANT_REQUIRED', method = 'GET', path = DISCOVERY } = asked
  const { query = SERVICE, headers = {}, place = PLACE } = asked
  const request = new Request(`https://proxy.test${path}${query}`, { method, headers })
  const call = { ...aCall(method, path, query), request }
  return refuse(challenging(new Refusal(code, 'no', { reason: 'why' }), { call, place }, CATALOG))
}

it.each<[string, Asked]>([
  ['a grant is missing', {}],
  ['a key is missing', { code: 'PROXY_AUTH_REQUIRED' }],
  ['nobody knows the address', { code: 'PROXY_HOST_DENIED' }],
  ['a push', { query: '?service=git-receive-pack' }],
  ['its body', { method: 'POST', path: '/o/r.git/git-receive-pack', query: '' }],
])('git is asked for its password: %s', async (_what, asked) => {
  const response = answered(asked)
  expect(response.status).toBe(401)
  expect(response.headers.get('www-authenticate')).toMatch(
    /^Basic realm="outpost", X-Outpost-Auth /,
  )
  expect(response.headers.get('x-proxy-error')).toBe('PROXY_AUTH_REQUIRED')
  expect(await response.json()).toEqual({
    status: 'FAILURE',
    error: {
      code: 'PROXY_AUTH_REQUIRED',
      message: 'send your key as the password',
      metadata: null,
    },
  })
})

it.each<[string, Asked]>([
  ['a browser', { path: '/o/r', query: '' }],
  ['a dumb client', { query: '' }],
  ['what only looks like git', { query: `${SERVICE}&x=1` }],
  ['who may not do this', { code: 'PROXY_SENSITIVE_DENIED' }],
  ['whose grant has ended', { code: 'PROXY_GRANT_DENIED' }],
  ['where no key would help', { code: 'PROXY_HOST_DENIED', place: { ...PLACE, address: null } }],
  ['who showed a key', { headers: { 'x-outpost-auth': 'wrong' } }],
  ['who showed a token', { headers: { authorization: `Bearer op_${'x'.repeat(43)}` } }],
  ['who showed a password', { headers: { authorization: `Basic ${btoa('agent:wrong')}` } }],
])('nobody else is: %s', (_what, asked) => {
  const response = answered(asked)
  expect(response.headers.get('www-authenticate')).toBeNull()
  expect(response.headers.get('x-proxy-error')).toBe(asked.code ?? 'PROXY_GRANT_REQUIRED')
})
