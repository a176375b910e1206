import { expect, it } from 'vitest'

import { endpointsOf } from '../../scripts/catalog/auth-endpoints.ts'
import { compiled, problemsOf, providerOf, vectors } from './compiled.ts'

const AUTHORIZATION = { header: 'Authorization', prefix: 'Bearer ', invalidate_on: [401] }
const SCOPE = 'https://www.googleapis.com/auth/pubsub'

const GOOGLE = {
  type: 'gcp_service_account',
  key: { env: 'K' },
  token_url: 'https://oauth2.googleapis.com/token',
  scopes: [SCOPE],
  subject: null,
  audience: null,
  impersonate: null,
  iam_url: 'https://iamcredentials.googleapis.com',
  ttl_fallback: 3600,
  ...AUTHORIZATION,
}

const GITHUB = {
  type: 'github_app',
  issuer: '31337',
  private_key: { env: 'K' },
  installation_id: '42',
  api_url: 'https://api.github.com',
  repositories: [],
  repository_ids: [],
  permissions: null,
  as: 'bearer',
  ...AUTHORIZATION,
}

const JWT = {
  type: 'jwt_bearer',
  key: { env: 'K' },
  alg: 'ES256',
  kid: null,
  typ: 'JWT',
  claims: {},
  lifetime: 1200,
  iat: 0,
  nbf: null,
  jti: false,
  ...AUTHORIZATION,
}

const EXCHANGE = {
  type: 'exchange',
  url: 'https://login.x.test/session',
  method: 'POST',
  headers: [],
  body: null,
  token: 'token',
  expires_in: null,
  expires_at: null,
  ttl_fallback: 3600,
  ...AUTHORIZATION,
}

/** [`auth` as it is written, what it comes to, the secrets in it] */
const AUTH: readonly (readonly [string, object, readonly object[]])[] = [
  [`{ type: gcp_service_account, key_env: K, scopes: ["${SCOPE}"] }`, GOOGLE, [{ env: 'K' }]],
  [
    '{ type: gcp_service_account, key: { secret: "op://v/i/f" }, scopes: [a, b], subject: u@x.test, token_url: "https://x.test:1/t?a=b", header: X-A, prefix: "", invalidate_on: [401, 403], ttl_fallback: 60 }',
    {
      ...GOOGLE,
      key: { secret: 'op://v/i/f' },
      scopes: ['a', 'b'],
      subject: 'u@x.test',
      token_url: 'https://x.test:1/t?a=b',
      ttl_fallback: 60,
      header: 'X-A',
      prefix: '',
      invalidate_on: [401, 403],
    },
    [{ secret: 'op://v/i/f' }],
  ],
  [
    '{ type: gcp_service_account, key_env: K, scopes: [a], impersonate: t@p.iam.gserviceaccount.com, iam_url: "https://iam.x.test/" }',
    {
      ...GOOGLE,
      scopes: ['a'],
      impersonate: 't@p.iam.gserviceaccount.com',
      iam_url: 'https://iam.x.test',
    },
    [{ env: 'K' }],
  ],
  [
    '{ type: gcp_service_account, key_env: K, audience: "https://pubsub.googleapis.com/" }',
    { ...GOOGLE, scopes: [], audience: 'https://pubsub.googleapis.com/' },
    [{ env: 'K' }],
  ],
  [
    '{ type: github_app, app_id: 31337, private_key_env: K, installation_id: 42 }',
    GITHUB,
    [{ env: 'K' }],
  ],
  [
    '{ type: github_app, client_id_env: C, private_key: { env: K, previous: { env: OLD } }, installation_id_env: I, api_url: "https://ghe.x.test/api/v3", repository_ids: [7], permissions: { contents: read, issues: write }, as: basic }',
    {
      ...GITHUB,
      issuer: { env: 'C' },
      private_key: { env: 'K', previous: { env: 'OLD' } },
      installation_id: { env: 'I' },
      api_url: 'https://ghe.x.test/api/v3',
      repository_ids: [7],
      permissions: { contents: 'read', issues: 'write' },
      as: 'basic',
    },
    [{ env: 'C' }, { env: 'I' }, { env: 'K', previous: { env: 'OLD' } }],
  ],
  [
    '{ type: github_app, client_id: Iv23liX, private_key_env: K, installation_id: { env: I }, repositories: [site, a.b-c_d], prefix: "token " }',
    {
      ...GITHUB,
      issuer: 'Iv23liX',
      installation_id: { env: 'I' },
      repositories: ['site', 'a.b-c_d'],
      prefix: 'token ',
    },
    [{ env: 'I' }, { env: 'K' }],
  ],
  ['{ type: jwt_bearer, key_env: K, alg: ES256, lifetime: 1_200 }', JWT, [{ env: 'K' }]],
  [
    '{ type: jwt_bearer, key_env: K, alg: EdDSA, kid: { env: KID }, typ: none, claims: { iss: { env: I }, n: 7, yes: true, no: "no", nothing: null, list: [a, { b: { secret: "op://v/i/f" } }], map: {} }, lifetime: 300, iat: none, nbf: -5, jti: yes, header: X-Jwt, prefix: "" }',
    {
      ...JWT,
      alg: 'EdDSA',
      kid: { env: 'KID' },
      typ: null,
      claims: {
        iss: { from: { env: 'I' } },
        n: 7,
        yes: true,
        no: 'no',
        nothing: null,
        list: ['a', { of: { b: { from: { secret: 'op://v/i/f' } } } }],
        map: { of: {} },
      },
      lifetime: 300,
      iat: null,
      nbf: -5,
      jti: true,
      header: 'X-Jwt',
      prefix: '',
    },
    [{ env: 'K' }, { env: 'KID' }, { env: 'I' }, { secret: 'op://v/i/f' }],
  ],
  ['{ type: exchange, url: "https://login.x.test/session", token: token }', EXCHANGE, []],
  [
    '{ type: exchange, url: "https://login.x.test/session", headers: { X-Key: { env: K }, X-Client: outpost }, json: { user: u, password: { env: P, previous: { env: Q } } }, token: data.token, expires_in: data.ttl, header: X-Session, prefix: "" }',
    {
      ...EXCHANGE,
      headers: [
        { name: 'X-Key', value: { env: 'K' } },
        { name: 'X-Client', value: 'outpost' },
      ],
      body: {
        json: { of: { user: 'u', password: { from: { env: 'P', previous: { env: 'Q' } } } } },
      },
      token: 'data.token',
      expires_in: 'data.ttl',
      header: 'X-Session',
      prefix: '',
    },
    [{ env: 'K' }, { env: 'P', previous: { env: 'Q' } }],
  ],
  [
    '{ type: exchange, url: "https://login.x.test/session", method: PUT, form: { user: u, password: { env: P } }, token: "tokens[].value", expires_at: ends, ttl_fallback: 60 }',
    {
      ...EXCHANGE,
      method: 'PUT',
      body: {
        form: [
          { name: 'user', value: 'u' },
          { name: 'password', value: { env: 'P' } },
        ],
      },
      token: 'tokens[].value',
      expires_at: 'ends',
      ttl_fallback: 60,
    },
    [{ env: 'P' }],
  ],
  [
    '{ type: query_params, params: { key: { env: K }, cx: "017:a", n: 1 } }',
    {
      type: 'query_params',
      params: [
        { name: 'key', value: { env: 'K' } },
        { name: 'cx', value: '017:a' },
        { name: 'n', value: '1' },
      ],
      invalidate_on: [401],
    },
    [{ env: 'K' }],
  ],
]

it.each(AUTH)('reads auth: %s', async (written, auth, secrets) => {
  const provider = await providerOf(`name: x\nbase_url: https://x.test\nauth: ${written}\n`)
  expect(provider.auth).toStrictEqual(auth)
  expect(provider.credential.secrets).toStrictEqual(secrets)
})

it.each(vectors('bad-minting-auth.yaml'))('refuses auth with $what', async ({ auth, problem }) => {
  const text = `name: x\nbase_url: https://x.test\nauth: ${auth}\n`
  expect(await problemsOf(text)).toEqual([expect.stringContaining(`providers/x.yaml:${problem}`)])
})

/** [base_url, auth, the paths that no agent may ask, whether tokens are kept] */
const MINTING: readonly (readonly [
  string,
  string,
  readonly string[] | undefined,
  true | undefined,
])[] = [
  [
    'https://api.github.com',
    '{ type: github_app, app_id: 1, private_key_env: K, installation_id: 42 }',
    ['/app/installations/*/access_tokens'],
    true,
  ],
  [
    'https://github.com',
    '{ type: github_app, app_id: 1, private_key_env: K, installation_id: 42, as: basic }',
    undefined,
    true,
  ],
  [
    'https://iamcredentials.googleapis.com',
    '{ type: gcp_service_account, key_env: K, scopes: [a], impersonate: t@x.test }',
    ['/v1/projects/*/serviceAccounts/*:generateAccessToken'],
    true,
  ],
  [
    'https://iamcredentials.googleapis.com',
    '{ type: gcp_service_account, key_env: K, scopes: [a] }',
    undefined,
    true,
  ],
  [
    'https://oauth2.googleapis.com',
    '{ type: gcp_service_account, key_env: K, scopes: [a] }',
    ['/token'],
    true,
  ],
  [
    'https://oauth2.googleapis.com',
    '{ type: gcp_service_account, key_env: K, audience: a }',
    undefined,
    undefined,
  ],
  [
    'https://x.test/v1',
    '{ type: exchange, url: "https://x.test/v1/login?a=b", token: t }',
    ['/login'],
    true,
  ],
  [
    'https://x.test',
    '{ type: jwt_bearer, key_env: K, alg: ES256, lifetime: 60 }',
    undefined,
    undefined,
  ],
]

it.each(MINTING)('%s with %s keeps %s for itself', async (base, auth, paths, mints) => {
  const { credential } = await providerOf(`name: x\nbase_url: ${base}\nauth: ${auth}\n`)
  expect([credential.token_paths, credential.mints]).toEqual([paths, mints])
})

it('knows every address that a credential is sent to', async () => {
  const urls = async (auth: string) => {
    const provider = await providerOf(`name: x\nbase_url: https://x.test\nauth: ${auth}\n`)
    return endpointsOf(provider.auth).map(({ url }) => url)
  }
  expect(
    await urls('{ type: gcp_service_account, key_env: K, scopes: [a], impersonate: t@x.test }'),
  ).toEqual(['https://oauth2.googleapis.com/token', 'https://iamcredentials.googleapis.com'])
  expect(await urls('{ type: bearer_static, env: K }')).toEqual([])
})

it.each([
  [
    'api_url',
    '{ type: github_app, app_id: 1, private_key_env: K, installation_id: 42, api_url: "http://ghe.x.test" }',
  ],
  [
    'iam_url',
    '{ type: gcp_service_account, key_env: K, scopes: [a], impersonate: t@x.test, iam_url: "http://iam.x.test" }',
  ],
  ['url', '{ type: exchange, url: "http://login.x.test/", token: t }'],
])('warns of a clear %s', async (key, auth) => {
  const { warnings } = await compiled(`name: x\nbase_url: https://x.test\nauth: ${auth}\n`)
  expect(warnings.map(({ path, message }) => `${path} ${message.slice(0, 31)}`)).toEqual([
    `auth.${key} http: sends the credential in c`,
  ])
})
