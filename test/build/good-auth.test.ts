import { expect, it } from 'vitest'

import { compiled, providerOf } from './compiled.ts'

interface Case {
  readonly auth: object
  readonly secrets: readonly object[]
  readonly headers?: readonly string[]
  readonly params?: readonly string[]
  readonly paths?: readonly string[]
  readonly reads_body?: boolean | 'some'
}

const AUTHORIZATION = { header: 'Authorization', prefix: 'Bearer ', invalidate_on: [401] }

const HMAC = {
  type: 'hmac_signed',
  key: { env: 'K' },
  secret: { env: 'S' },
  key_header: 'X-MBX-APIKEY',
  signature_header: null,
  signature_param: 'signature',
  timestamp_header: null,
  timestamp_param: 'timestamp',
  digest: 'sha256',
  payload: 'query',
  invalidate_on: [401],
}

/** [`auth` as it is written, what it comes to]: contract §2. */
const AUTH: readonly (readonly [string, Case])[] = [
  [
    '{ type: bearer_static, env: A }',
    {
      auth: { type: 'bearer_static', secret: { env: 'A' }, ...AUTHORIZATION },
      secrets: [{ env: 'A' }],
      headers: ['authorization'],
    },
  ],
  [
    '{ type: bearer_static, value: no, header: X-Token, prefix: "", invalidate_on: 403 }',
    {
      auth: {
        type: 'bearer_static',
        secret: { value: 'no' },
        header: 'X-Token',
        prefix: '',
        invalidate_on: [403],
      },
      secrets: [{ value: 'no' }],
      headers: ['x-token'],
    },
  ],
  [
    '{ type: api_key_header, env: _a1, header: X-API-Key }',
    {
      auth: {
        type: 'api_key_header',
        secret: { env: '_a1' },
        header: 'X-API-Key',
        prefix: '',
        invalidate_on: [401, 403],
      },
      secrets: [{ env: '_a1' }],
      headers: ['x-api-key'],
    },
  ],
  [
    '{ type: api_key_query, env: A, param: api_key, invalidate_on: ["401", 403, 401] }',
    {
      auth: {
        type: 'api_key_query',
        secret: { env: 'A' },
        param: 'api_key',
        invalidate_on: [401, 403],
      },
      secrets: [{ env: 'A' }],
      params: ['api_key'],
    },
  ],
  [
    '{ type: api_key_path, env: A, paths: ["/bot{token}", "/x/{token}/y", "/bot{token}"] }',
    {
      auth: {
        type: 'api_key_path',
        secret: { env: 'A' },
        paths: ['/bot{token}', '/x/{token}/y'],
        invalidate_on: [401],
      },
      secrets: [{ env: 'A' }],
      paths: ['/bot{token}', '/x/{token}/y'],
    },
  ],
  [
    '{ type: mtls, binding: BANK_MTLS }',
    { auth: { type: 'mtls', binding: 'BANK_MTLS', invalidate_on: [] }, secrets: [] },
  ],
  [
    '{ type: basic_auth, username_env: U, password_env: P }',
    {
      auth: {
        type: 'basic_auth',
        username: { env: 'U' },
        password: { env: 'P' },
        invalidate_on: [401],
      },
      secrets: [{ env: 'U' }, { env: 'P' }],
      headers: ['authorization'],
    },
  ],
  [
    '{ type: basic_auth, user_env: U, pass_env: P, invalidate_on: [] }',
    {
      auth: {
        type: 'basic_auth',
        username: { env: 'U' },
        password: { env: 'P' },
        invalidate_on: [],
      },
      secrets: [{ env: 'U' }, { env: 'P' }],
      headers: ['authorization'],
    },
  ],
  [
    '{ type: basic_auth, username_env: U, password: "" }',
    {
      auth: {
        type: 'basic_auth',
        username: { env: 'U' },
        password: { value: '' },
        invalidate_on: [401],
      },
      secrets: [{ env: 'U' }, { value: '' }],
      headers: ['authorization'],
    },
  ],
  [
    '{ type: hmac_signed, key_env: K, secret_env: S }',
    {
      auth: HMAC,
      secrets: [{ env: 'K' }, { env: 'S' }],
      headers: ['x-mbx-apikey'],
      params: ['signature', 'timestamp'],
    },
  ],
  [
    '{ type: hmac_signed, key_env: K, secret_env: S, key_header: X-K, signature_header: X-S, timestamp_header: X-T, digest: sha512, payload: query+body }',
    {
      auth: {
        ...HMAC,
        key_header: 'X-K',
        signature_header: 'X-S',
        timestamp_header: 'X-T',
        digest: 'sha512',
        payload: 'query+body',
      },
      secrets: [{ env: 'K' }, { env: 'S' }],
      headers: ['x-k', 'x-s', 'x-t'],
      reads_body: true,
    },
  ],
  [
    '{ type: aws_sigv4, access_key_id_env: A, secret_access_key: { secret: "op://v/i/f" }, session_token_env: C, region: eu-central-1 }',
    {
      auth: {
        type: 'aws_sigv4',
        access_key_id: { env: 'A' },
        secret_access_key: { secret: 'op://v/i/f' },
        session_token: { env: 'C' },
        region: 'eu-central-1',
        service: null,
        invalidate_on: [401, 403],
      },
      secrets: [{ env: 'A' }, { secret: 'op://v/i/f' }, { env: 'C' }],
      headers: ['authorization', 'x-amz-date', 'x-amz-security-token'],
      params: [
        'X-Amz-Algorithm',
        'X-Amz-Credential',
        'X-Amz-Date',
        'X-Amz-Expires',
        'X-Amz-SignedHeaders',
        'X-Amz-Signature',
        'X-Amz-Security-Token',
        'AWSAccessKeyId',
      ],
      reads_body: 'some',
    },
  ],
  [
    '{ type: custom_headers, headers: { DD-API-KEY: { env: A }, X-App: { value: "0123" } } }',
    {
      auth: {
        type: 'custom_headers',
        headers: [
          { name: 'DD-API-KEY', secret: { env: 'A' } },
          { name: 'X-App', secret: { value: '0123' } },
        ],
        invalidate_on: [],
      },
      secrets: [{ env: 'A' }, { value: '0123' }],
      headers: ['dd-api-key', 'x-app'],
    },
  ],
  [
    '{ type: plugin, module_ts: "plugins/signs.ts:Signs", config: { key_env: A, mode: fast, n: 60_000, on: true, list: [a, 1], text: "no" } }',
    {
      auth: {
        type: 'plugin',
        module: 'plugins/signs.ts:Signs',
        config: { key_env: 'A', mode: 'fast', n: 60_000, on: true, list: ['a', '1'], text: 'no' },
        invalidate_on: [],
      },
      secrets: [{ env: 'A' }],
      headers: ['x-signature'],
      params: ['sig'],
      reads_body: true,
    },
  ],
  [
    '{ type: plugin, module: "plugins/signs.py:Signs", invalidate_on: 401 }',
    {
      auth: { type: 'plugin', module: 'plugins/signs.ts:Signs', config: {}, invalidate_on: [401] },
      secrets: [],
      headers: ['x-signature'],
      params: ['sig'],
      reads_body: true,
    },
  ],
  [
    '{ type: plugin, module: "plugins/old.py:Old", module_ts: "./src/plugins/signs.ts:Signs", config: null }',
    {
      auth: { type: 'plugin', module: 'plugins/signs.ts:Signs', config: {}, invalidate_on: [] },
      secrets: [],
      headers: ['x-signature'],
      params: ['sig'],
      reads_body: true,
    },
  ],
]

it.each(AUTH)('reads auth: %s', async (written, expected) => {
  const provider = await providerOf(`name: x\nbase_url: https://x.test\nauth: ${written}\n`)
  const { auth, secrets, headers = [], params = [], paths, reads_body = false } = expected
  expect(provider.auth).toStrictEqual(auth)
  expect(provider.credential).toStrictEqual({
    secrets,
    headers,
    params,
    ...(paths && { paths }),
    reads_body,
  })
})

it('warns of a prefix whose space YAML has taken', async () => {
  const auth = '{ type: bearer_static, env: A, prefix: Bearer }'
  const { warnings } = await compiled(`name: x\nbase_url: https://x.test\nauth: ${auth}\n`)
  expect(warnings).toEqual([
    {
      file: 'providers/x.yaml',
      line: 3,
      column: 46,
      path: 'auth.prefix',
      message: 'no space between "Bearer" and the secret; in quotes: "Bearer "',
    },
  ])
})
