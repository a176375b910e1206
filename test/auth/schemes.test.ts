import { describe, expect, it } from 'vitest'

import type { Auth, BearerStaticAuth, HmacSignedAuth } from '../../src/auth/config.ts'
import { signerOf } from '../../src/auth/index.ts'
import type { SecretRef } from '../../src/auth/scheme.ts'
import { opening } from '../../src/opening.ts'
import { sign } from '../../src/outbound.ts'
import { Secret } from '../../src/secret.ts'
import basicVectors from '../vectors/basic_auth.json'
import bearerVectors from '../vectors/bearer.json'
import { credentialsOf, draftOf, headersOf } from './draft.ts'

const K = { env: 'K' }

const bearer: BearerStaticAuth = {
  type: 'bearer_static',
  secret: K,
  header: 'Authorization',
  prefix: 'Bearer ',
  invalidate_on: [401],
}
const hmac: HmacSignedAuth = {
  type: 'hmac_signed',
  key: { env: 'ID' },
  secret: K,
  key_header: 'X-MBX-APIKEY',
  signature_header: null,
  signature_param: 'signature',
  timestamp_header: null,
  timestamp_param: 'timestamp',
  digest: 'sha256',
  payload: 'query',
  invalidate_on: [401],
}
const AUTHS: Record<string, Auth> = {
  none: { type: 'none', invalidate_on: [] },
  bearer_static: bearer,
  api_key_header: {
    type: 'api_key_header',
    secret: K,
    header: 'X-Api-Key',
    prefix: '',
    invalidate_on: [401, 403],
  },
  api_key_query: { type: 'api_key_query', secret: K, param: 'api_key', invalidate_on: [401] },
  api_key_path: { type: 'api_key_path', secret: K, paths: ['/bot{token}'], invalidate_on: [401] },
  basic_auth: { type: 'basic_auth', username: { value: 'me' }, password: K, invalidate_on: [401] },
  custom_headers: {
    type: 'custom_headers',
    headers: [
      { name: 'DD-API-KEY', secret: K },
      { name: 'DD-Site', secret: { value: 'eu1' } },
    ],
    invalidate_on: [],
  },
  query_params: {
    type: 'query_params',
    params: [
      { name: 'key', value: K },
      { name: 'cx', value: '017:abc' },
    ],
    invalidate_on: [401],
  },
  hmac_signed: hmac,
}

async function signed(auth: Auth, secret: string, draft = draftOf()) {
  await signerOf(auth, null).sign(draft, credentialsOf({ K: secret, ID: 'id' }), 1_700_000_000_000)
  return draft
}

function authOf(type: string): Auth {
  const auth = AUTHS[type]
  if (!auth) throw new Error(`no example of ${type}`)
  return auth
}

describe('bearer_static', () => {
  it.each(bearerVectors.cases)('$source', async ({ header, prefix, token, value }) => {
    const draft = await signed({ ...bearer, header, prefix }, token)
    expect(headersOf(draft)).toEqual({ [header.toLowerCase()]: value })
  })
})

describe('basic_auth', () => {
  it.each(basicVectors.cases)('$source', async ({ username, password, authorization }) => {
    const auth: Auth = {
      type: 'basic_auth',
      username: { value: username },
      password: K,
      invalidate_on: [401],
    }
    expect(headersOf(await signed(auth, password))).toEqual({ authorization })
  })
})

describe('what a scheme puts on the request', () => {
  it.each([
    ['none', {}, 'a=1'],
    ['bearer_static', { authorization: 'Bearer s3' }, 'a=1'],
    ['api_key_header', { 'x-api-key': 's3' }, 'a=1'],
    ['api_key_query', {}, 'a=1&api_key=s3'],
    ['basic_auth', { authorization: 'Basic bWU6czM=' }, 'a=1'],
    ['custom_headers', { 'dd-api-key': 's3', 'dd-site': 'eu1' }, 'a=1'],
    ['query_params', {}, 'a=1&key=s3&cx=017%3Aabc'],
  ])('%s', async (type, headers, query) => {
    const draft = await signed(authOf(type), 's3', draftOf({ query: 'a=1' }))
    expect({ headers: headersOf(draft), query: draft.query }).toEqual({ headers, query })
  })

  it.each([
    ['none', [], [], []],
    ['bearer_static', ['K'], ['authorization'], []],
    ['api_key_header', ['K'], ['x-api-key'], []],
    ['api_key_query', ['K'], [], ['api_key']],
    ['basic_auth', ['', 'K'], ['authorization'], []],
    ['custom_headers', ['K', ''], ['dd-api-key', 'dd-site'], []],
    ['query_params', ['K'], [], ['key', 'cx']],
    ['hmac_signed', ['ID', 'K'], ['x-mbx-apikey'], ['signature', 'timestamp']],
  ])('%s says so beforehand', (type, secrets, headers, params) => {
    const signer = signerOf(authOf(type), null)
    expect(signer.secrets.map((ref) => ('env' in ref ? ref.env : ''))).toEqual(secrets)
    expect(signer.slots).toEqual({ headers, params })
    expect(signer.readsBody).toBe(false)
  })
})

describe("the agent's own credential", () => {
  it.each([
    ['bearer_static', 'AUTHORIZATION'],
    ['api_key_header', 'x-api-key'],
    ['basic_auth', 'authorization'],
    ['custom_headers', 'dd-api-key'],
    ['hmac_signed', 'x-mbx-apikey'],
  ])('%s: the header %s is replaced', async (type, name) => {
    const headers = { [name]: 'the-agents', 'x-kept': 'the-agents-other' }
    const draft = await signed(authOf(type), 's3', draftOf({ headers }))
    expect(Object.values(headersOf(draft))).not.toContain('the-agents')
    expect(draft.headers.get('x-kept')).toBe('the-agents-other')
  })

  it('api_key_query: the parameter is replaced in every spelling', async () => {
    const query = 'API_KEY=1&a=%20&api%2Dkey%5B%5D=2&b&&api.key=3;c=4&d=5;apI+Key=6'
    const draft = await signed(authOf('api_key_query'), 's3', draftOf({ query }))
    expect(draft.query).toBe('a=%20&b&&d=5&api_key=s3')
  })
})

describe('api_key_path', () => {
  it.each([
    [
      '110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw',
      '110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw',
    ],
    ['a/b?c#d%e f', 'a%2Fb%3Fc%23d%25e%20f'],
    ["it's (a) key!*~", "it's%20(a)%20key!*~"],
    ['ключ', '%D0%BA%D0%BB%D1%8E%D1%87'],
    ['...', '...'],
  ])('%s goes into the path as one segment that URL parsing leaves alone', async (key, sent) => {
    const path = '/base/bot{token}/getMe'
    const draft = await signed(authOf('api_key_path'), key, draftOf({ path }))
    expect(draft.path).toBe(`/base/bot${sent}/getMe`)
    expect(new URL(`https://api.example${draft.path}`).pathname).toBe(draft.path)
  })

  it.each([
    ['an empty key', '', '/bot{token}/x'],
    ['one dot', '.', '/{token}/x'],
    ['two dots', '..', '/{token}/x'],
    ['half a character', 'sentinel\ud800', '/bot{token}/x'],
    ['a path without the place', 'sentinel', '/bot/x'],
    ['a path with two', 'sentinel', '/bot{token}/{token}'],
  ])('%s throws without the value', async (_title, key, path) => {
    const signing = signed(authOf('api_key_path'), key, draftOf({ path }))
    await expect(signing).rejects.toThrow(/^no (?:key that a path can hold|one place in the path)$/)
  })
})

describe('several parameters', () => {
  it('take the place of the agent’s in every spelling', async () => {
    const query = 'KEY=1&a=%20&c%78%5B%5D=2&q=x&key;cx=3'
    const draft = await signed(authOf('query_params'), 's&3', draftOf({ query }))
    expect(draft.query).toBe('a=%20&q=x&key=s%263&cx=017%3Aabc')
  })
})

it('what the file says as a parameter is not taken out of answers', async () => {
  const auth = {
    type: 'query_params',
    params: [
      { name: 'key', value: { env: 'KEY' } },
      { name: 'alt', value: 'json' },
      { name: 'api-version', value: '2026-01-01-preview' },
    ],
    invalidate_on: [],
  } as const
  const open = opening(() => new Secret('sentinel-key'))
  await sign(draftOf(), signerOf(auth, null), open, 0)
  expect(open.known).toHaveLength(1)
})

describe('several headers', () => {
  it('are secrets, and words of the file beside one are none', async () => {
    const headers = [
      { name: 'X-Key', secret: { env: 'K' } },
      { name: 'X-Version', secret: { value: '2' } },
    ]
    const open = opening((ref) => new Secret('env' in ref ? 'sentinel' : 'a literal'))
    const draft = draftOf()
    const auth: Auth = { type: 'custom_headers', headers, invalidate_on: [] }
    await signerOf(auth, null).sign(draft, open, 0)
    expect([draft.headers.get('x-key'), draft.headers.get('x-version')]).toEqual(['sentinel', '2'])
    expect(open.opened.map((secret) => secret.is('sentinel'))).toEqual([true])
  })
})

describe('a fixed user', () => {
  async function opened(username: string | null, password: SecretRef): Promise<number> {
    const user = username === null ? { env: 'USER' } : { value: username }
    const auth: Auth = { type: 'basic_auth', username: user, password, invalidate_on: [401] }
    const open = opening((ref) => new Secret('env' in ref ? ref.env : 'a literal'))
    await signerOf(auth, null).sign(draftOf(), open, 0)
    return open.opened.length
  }

  it.each([
    ['of the file is no secret', 'x-access-token', { env: 'PASSWORD' }, 1],
    ['of the file is one where nothing else can be', 'sk_live_literal', { value: '' }, 2],
    ['that is a secret is one', null, { env: 'PASSWORD' }, 2],
  ])('%s', async (_, username, password, secrets) => {
    expect(await opened(username, password)).toBe(secrets)
  })
})

describe('a secret that cannot stand in a header', () => {
  const types = ['bearer_static', 'api_key_header', 'custom_headers']
  const bad = {
    'a line break': 'sent\r\ninel',
    'a NUL': 'sent\0inel',
    'a control character': 'sent\u0001inel',
    'a euro sign': 'sentinel€',
  }

  it.each(types.flatMap((type) => Object.entries(bad).map(([what, value]) => [type, what, value])))(
    '%s with %s throws without the value',
    async (type = '', _what = '', value = '') => {
      await expect(async () => signed(authOf(type), value)).rejects.toThrow(
        /^the credential has a character that a header cannot hold, such as a line break$/,
      )
    },
  )
})

describe('a sentinel', () => {
  const sentinel = 'sentinel+/=&7f3a'
  const spelled = [sentinel, encodeURIComponent(sentinel), btoa(`me:${sentinel}`)]

  it.each([
    ['none', []],
    ['bearer_static', ['header authorization']],
    ['api_key_header', ['header x-api-key']],
    ['api_key_query', ['query']],
    ['basic_auth', ['header authorization']],
    ['custom_headers', ['header dd-api-key']],
    ['query_params', ['query']],
    ['hmac_signed', []],
  ])('%s puts it in %j and nowhere else', async (type, places) => {
    const draft = await signed(
      authOf(type),
      sentinel,
      draftOf({ query: 'a=1', headers: { b: '2' } }),
    )
    const parts: [string, string][] = [
      ...[...draft.headers].map(([name, value]): [string, string] => [`header ${name}`, value]),
      ['query', draft.query],
      ['path', draft.path],
      ['method', draft.method],
    ]
    const found = parts.filter(([, text]) => spelled.some((form) => text.includes(form)))
    expect(found.map(([place]) => place)).toEqual(places)
    expect(JSON.stringify(signerOf(authOf(type), null))).not.toContain(sentinel)
  })
})
