import { jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'

import { LITERAL, SECRETS } from '../fixtures/secrets.ts'
import type { Received } from '../received.ts'
import { call, expectRefusal, FROM, names, only, values } from './call.ts'

const encoder = new TextEncoder()

function base64(text: string): string {
  return btoa(String.fromCharCode(...encoder.encode(text)))
}

/** What an agent may put in the credential's place, or beside it. Three are no credential's name. */
const DUMMIES = {
  authorization: 'Bearer dummy',
  'x-api-key': 'dummy',
  x_api_key: 'dummy',
  'x-literal-token': 'dummy',
  'x-app-id': 'dummy',
  'x-app-secret': 'dummy',
  'x-key': 'dummy',
  'x-signature': 'dummy',
  'x-mbx-apikey': 'dummy',
  cookie: 'session=dummy',
}

const { QUERY_KEY, BASIC_USER, BASIC_PASSWORD } = SECRETS
const ENCODED_KEY = encodeURIComponent(QUERY_KEY).replaceAll("'", '%27')

describe('the upstream gets exactly the credential', () => {
  it.each<[string, Record<string, string>, string]>([
    ['plain', {}, ''],
    ['bearer', { authorization: `Bearer ${SECRETS.BEARER_TOKEN}` }, ''],
    ['literal', { 'x-literal-token': `Token ${LITERAL}` }, ''],
    ['keyheader', { 'x-api-key': SECRETS.HEADER_KEY }, ''],
    ['keyquery', {}, `&api_key=${ENCODED_KEY}`],
    ['basic', { authorization: `Basic ${base64(`${BASIC_USER}:${BASIC_PASSWORD}`)}` }, ''],
    ['custom', { 'x-app-id': SECRETS.CUSTOM_ID, 'x-app-secret': SECRETS.CUSTOM_SECRET }, ''],
  ])('%s', async (provider, headers, query) => {
    const sent = provider === 'keyquery' ? '&api_key=dummy&API%5FKEY[]=dummy' : ''
    const answer = await call(`/echo/a%20b?x='%27&y${sent}&`, { provider, headers: DUMMIES })
    expect(answer.status).toBe(200)
    const received = only(answer)
    expect(received.target).toBe(`/base/echo/a%20b?x=%27%27&y&${query}`)
    for (const [name, value] of Object.entries(headers)) {
      expect(values(received, name), name).toEqual([value])
    }
    const others = ['x-app-id', 'x-literal-token'].filter((name) => !(name in headers))
    expect(names(received)).toEqual([...Object.keys(headers), ...others].toSorted())
  })

  it('keyquery, where the agent sent no query', async () => {
    const answer = await call('/echo', { provider: 'keyquery' })
    expect(only(answer).target).toBe(`/base/echo?api_key=${ENCODED_KEY}`)
  })
})

async function mac(hash: string, text: string): Promise<string> {
  const algorithm = { name: 'HMAC', hash }
  const secret = encoder.encode(SECRETS.HMAC_SECRET)
  const key = await crypto.subtle.importKey('raw', secret, algorithm, false, ['sign'])
  const bytes = new Uint8Array(await crypto.subtle.sign('HMAC', key, encoder.encode(text)))
  return bytes.toHex()
}

/** The query that came in, in two parts: what is signed, and the signature. */
function signedPart({ target }: Received): [string, string] {
  const [, signed = '', signature = ''] = /^[^?]*\?(.*)&signature=([^&]*)$/.exec(target) ?? []
  return [signed, signature]
}

describe('hmac_signed', () => {
  it('signs the query that is sent, byte for byte', async () => {
    const before = Date.now()
    const answer = await call("/echo?b='&a=%7e&&timestamp=1&signature=2&c", { provider: 'hmac' })
    expect(answer.status).toBe(200)
    const [signed, signature] = signedPart(only(answer))
    expect(signed).toMatch(/^b=%27&a=%7e&&c&timestamp=\d{13}$/)
    const timestamp = Number(/\d{13}$/.exec(signed)?.[0])
    expect(timestamp).toBeGreaterThanOrEqual(before)
    expect(timestamp).toBeLessThanOrEqual(Date.now())
    expect(signature).toBe(await mac('SHA-256', signed))
    expect(values(only(answer), 'x-mbx-apikey')).toEqual([SECRETS.HMAC_KEY])
  })

  it('signs query and body into headers', async () => {
    const body = 'symbol=LTC&side=büy'
    const headers = { 'x-signature': 'dummy', 'x-timestamp': '1', 'x-key': 'dummy' }
    const asking = { provider: 'hmacbody', method: 'POST', body, headers }
    const received = only(await call('/echo?a=1&b', asking))
    expect(received.target).toBe('/base/echo?a=1&b')
    expect(values(received, 'x-key')).toEqual([SECRETS.HMAC_KEY])
    expect(values(received, 'x-signature')).toEqual([await mac('SHA-512', `a=1&b\n${body}`)])
    expect(values(received, 'x-timestamp')).toEqual([expect.stringMatching(/^\d{13}$/)])
    expect(received.bytes).toBe(encoder.encode(body).length)
    expect(values(received, 'content-length')).toEqual([String(received.bytes)])
  })

  it('signs an empty body where there is none', async () => {
    const received = only(await call('/echo', { provider: 'hmacbody' }))
    expect(values(received, 'x-signature')).toEqual([await mac('SHA-512', '\n')])
    expect(received.bytes).toBe(0)
  })
})

describe('a plugin', () => {
  it('ghost_admin sends a token signed with the hex half of its key', async () => {
    const received = only(await call('/echo', { provider: 'ghost', headers: DUMMIES }))
    const [scheme, token = ''] = values(received, 'authorization')[0]?.split(' ') ?? []
    expect(scheme).toBe('Ghost')
    const [id, secret = ''] = SECRETS.GHOST_KEY.split(':')
    const { protectedHeader, payload } = await jwtVerify(token, Uint8Array.fromHex(secret), {
      audience: '/admin/',
    })
    expect(protectedHeader).toEqual({ alg: 'HS256', kid: id, typ: 'JWT' })
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(300)
  })
})

describe('a credential that cannot be used is a 502 that says nothing, and nothing is sent', () => {
  it.each([
    ['a secret that is not set', 'nosecret'],
    ['a secret that is no header value', 'badsecret'],
  ])('%s', async (_title, provider) => {
    const answer = await call('/echo', { provider })
    expectRefusal(answer, 502, 'PROXY_AUTH_ERROR')
    expect(answer.text).not.toMatch(/UNSET|BROKEN|injected|header value/i)
    expect(answer.seen).toEqual([])
  })
})

describe("the caller's own key", () => {
  const key = SECRETS.AGENT_KEY
  const basic = (pair: string) => `Basic ${base64(pair)}`

  it.each<[string, string, string, Record<string, string>]>([
    ['X-Outpost-Auth', 'bearer', '/echo', { 'x-outpost-auth': key }],
    ['X-Outpost-Auth beside a dummy', 'bearer', '/echo', { 'x-outpost-auth': key, ...DUMMIES }],
    ['Bearer', 'bearer', '/echo', { authorization: `Bearer ${key}` }],
    ['token', 'bearer', '/echo', { authorization: `token ${key}` }],
    ['Basic password', 'basic', '/echo', { authorization: basic(`x:${key}`) }],
    ['Basic user name', 'basic', '/echo', { authorization: basic(`${key}:`) }],
    ['the own header', 'keyheader', '/echo', { 'x-api-key': key }],
    ['the own header with its prefix', 'literal', '/echo', { 'x-literal-token': `Token ${key}` }],
    ['the own parameter', 'keyquery', `/echo?api_key=${key}`, {}],
    ['Bearer, of a provider without auth', 'plain', '/echo', { authorization: `Bearer ${key}` }],
  ])('in %s opens, and does not travel', async (_title, provider, path, headers) => {
    const answer = await call(path, { provider, headers, from: FROM.keyed })
    expect(answer.status).toBe(200)
    const received = only(answer)
    const sent = JSON.stringify([received.target, received.headers])
    expect(sent).not.toContain(key)
    expect(sent).not.toContain(base64(`x:${key}`).slice(3, -4))
  })

  it.each<[string, Record<string, string>]>([
    ['none', {}],
    ['a wrong one', { 'x-outpost-auth': 'wrong' }],
    ['a longer one', { 'x-outpost-auth': `${key}x` }],
    ['twice', { 'x-outpost-auth': `${key}, ${key}` }],
    ['a wrong one beside the right one', { 'x-outpost-auth': 'x', authorization: `Bearer ${key}` }],
  ])('%s is a 401', async (_title, headers) => {
    const answer = await call('/echo', { provider: 'bearer', headers, from: FROM.keyed })
    expectRefusal(answer, 401, 'PROXY_AUTH_REQUIRED')
    expect(answer.headers.get('www-authenticate')).toBe('X-Outpost-Auth realm="outpost"')
    expect(answer.seen).toEqual([])
  })

  it('opens nothing while it is not set', async () => {
    const headers = { 'x-outpost-auth': key, authorization: 'Bearer undefined' }
    const answer = await call('/echo', { provider: 'bearer', headers, from: FROM.keyless })
    expectRefusal(answer, 401, 'PROXY_AUTH_REQUIRED')
  })
})
