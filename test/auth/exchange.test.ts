import { describe, expect, it } from 'vitest'

import type { ExchangeAuth } from '../../src/auth/config.ts'
import { signerOf } from '../../src/auth/index.ts'
import { isolate, signFor } from '../tokens/world.ts'
import type { Signing } from '../tokens/world.ts'
import { fresh, reasonOf, takenBy, vendorAsked, VENDORS } from './minting.ts'

const { url } = VENDORS

const SECRETS = {
  USER: 'sentinel-login-user',
  PASSWORD: 'sentinel-login+password/&=%',
  KEY: 'sentinel-login-key-09fa',
}

const NOTHING: ExchangeAuth = {
  type: 'exchange',
  url: `${url}/login/json`,
  method: 'POST',
  headers: [],
  body: null,
  token: 'token',
  expires_in: null,
  expires_at: null,
  ttl_fallback: 3600,
  header: 'Authorization',
  prefix: 'Bearer ',
  invalidate_on: [401],
}

const JSON_LOGIN: ExchangeAuth = {
  ...NOTHING,
  headers: [{ name: 'X-App-Key', value: { env: 'KEY' } }],
  body: {
    json: {
      of: {
        auth: {
          of: {
            user: { from: { env: 'USER' } },
            password: { from: { env: 'PASSWORD' } },
            remember: false,
            tags: ['a', 1],
          },
        },
      },
    },
  },
  token: 'data.session.token',
  expires_in: 'data.session.ttl',
}

const FORM_LOGIN: ExchangeAuth = {
  ...NOTHING,
  url: `${url}/login/form`,
  body: {
    form: [
      { name: 'user', value: 'sentinel-login-user' },
      { name: 'password', value: { env: 'PASSWORD' } },
    ],
  },
  token: 'tokens[].value',
  expires_at: 'ends',
}

const GET_LOGIN: ExchangeAuth = {
  ...NOTHING,
  url: `${url}/login/get`,
  method: 'GET',
  headers: [{ name: 'X-App-Key', value: { env: 'KEY' } }],
}

function signing(auth: ExchangeAuth, secrets: Record<string, string> = SECRETS): Signing {
  return { name: fresh(), auth, secrets }
}

describe('exchange', () => {
  it.each([
    ['JSON, a header and a path', JSON_LOGIN, 900],
    ['a form, and a moment at which it ends', FORM_LOGIN, 600],
    ['a GET, and nothing said of how long', GET_LOGIN, 3600],
  ])('%s', async (_, auth, seconds) => {
    const where = isolate()
    const of = signing(auth)
    const { authorization } = await signFor(where, of)
    expect(await takenBy('/login/api', { authorization })).toEqual({ ok: true })
    const until = where.deps.warm.get(of.name)?.until ?? 0
    const lasts = (until - Date.now()) / 1000
    expect(lasts).toBeGreaterThan(seconds - 65)
    expect(lasts).toBeLessThanOrEqual(seconds - 59)
  })

  it('logs in once for 50 concurrent first calls in 50 isolates', async () => {
    const path = `/slow/${crypto.randomUUID()}/login/get`
    const of = signing({ ...GET_LOGIN, url: url + path })
    const calls = Array.from({ length: 50 }, () => signFor(isolate(), of))
    const tokens = new Set((await Promise.all(calls)).map(({ authorization }) => authorization))
    expect([tokens.size, await vendorAsked(path)]).toEqual([1, 1])
  })

  it('logs in again when the upstream rejects what it got', async () => {
    const of = signing(GET_LOGIN)
    const first = await signFor(isolate(), of)
    expect(await first.opening.reject('401')).toBe(true)
    expect((await signFor(isolate(), of)).authorization).not.toBe(first.authorization)
  })

  it.each([
    ['password', { ...SECRETS, PASSWORD: 'other' }, 'token endpoint: HTTP 401'],
    [
      'key',
      { ...SECRETS, KEY: 'sentinel\nother' },
      'token endpoint: not asked, the credential has a character that a header cannot hold, such as a line break',
    ],
  ])('with another %s it is another credential', async (_, secrets, reason) => {
    const of = signing(JSON_LOGIN)
    await signFor(isolate(), of)
    expect(await reasonOf(signFor(isolate(), { ...of, secrets }))).toBe(reason)
  })

  it.each([
    ['/login/json', 'HTTP 401'],
    ['/login/form', 'HTTP 400'],
    ['/login/odd', 'malformed answer'],
    ['/login/blank', 'malformed answer'],
    ['/login/moved', 'redirect refused'],
    ['/nowhere', 'HTTP 404'],
  ])('%s is %s, and nothing of what it said', async (path, reason) => {
    const of = signing({ ...GET_LOGIN, method: 'POST', url: url + path })
    expect(await reasonOf(signFor(isolate(), of))).toBe(`token endpoint: ${reason}`)
  })

  it('says beforehand what it opens and fills', () => {
    const signer = signerOf({ ...JSON_LOGIN, header: 'X-Session', prefix: '' }, null)
    expect(signer.secrets).toEqual([{ env: 'KEY' }, { env: 'USER' }, { env: 'PASSWORD' }])
    expect([signer.slots, signer.mints, signer.readsBody]).toEqual([
      { headers: ['x-session'], params: [] },
      true,
      false,
    ])
  })
})
