import { expect, it } from 'vitest'

import { problemsOf, vectors } from './compiled.ts'

it.each(vectors('bad-auth.yaml'))('refuses auth with $what', async ({ auth, problem }) => {
  const text = `name: x\nbase_url: https://x.test\nauth: ${auth}\n`
  expect(await problemsOf(text)).toEqual([expect.stringContaining(`providers/x.yaml:${problem}`)])
})

/** [type, its other keys]: right in every respect, but for what this version cannot do. */
const STATEFUL: readonly (readonly [string, string])[] = [
  ['bearer_redis', 'redis_key: a, env_seed: A, invalidate_on: "401"'],
  [
    'bearer_kv',
    'key: a, invalidate_on_body_codes: { json_path: "errors[].code", codes: [1, "b"] }',
  ],
  [
    'oauth2_client_credentials',
    'client_id_env: A, client_secret_env: B, token_url: "https://x.test/t?a=b", scope: "a b", audience: c, redis_key: d, client_auth: basic, ttl_fallback: 60',
  ],
  [
    'oauth2_refresh_token',
    'client_id_env: A, client_secret_env: B, refresh_token_env: C, token_url: "https://x.test/t"',
  ],
]

it.each(STATEFUL)('takes every key of %s', async (type, keys) => {
  const text = `name: x\nbase_url: https://x.test\nauth: { type: ${type}, ${keys} }\n`
  expect(await problemsOf(text)).toEqual([])
})

/** [what, `auth`, a header of it in another spelling] */
const SLOTS: readonly (readonly [string, string, string])[] = [
  ['bearer_static', '{ type: bearer_static, env: A }', 'AUTHORIZATION'],
  ['basic_auth', '{ type: basic_auth, user_env: A, pass_env: B }', 'authorization'],
  ['api_key_header', '{ type: api_key_header, env: A, header: X-Api-Key }', 'x_api.key'],
  ['custom_headers', '{ type: custom_headers, headers: { X-B: { env: A } } }', 'x-b'],
  ['plugin', '{ type: plugin, module_ts: "plugins/signs.ts:Signs" }', 'x-signature'],
]

it.each(SLOTS)('keeps the header of %s for the credential', async (_what, auth, header) => {
  const text = `name: x\nbase_url: https://x.test\nauth: ${auth}\ndefault_headers: { ${header}: y }\n`
  const message = 'this header carries the credential; only "auth" fills it'
  const [found] = await problemsOf(text)
  expect(found).toMatch(/^providers\/x\.yaml:4:20 {2}default_headers/)
  expect(found).toContain(message)
})

it('does not let the agent fill the header of the credential', async () => {
  const auth = '{ type: api_key_header, env: A, header: X-Api-Key }'
  const text = `name: x\nbase_url: https://x.test\nauth: ${auth}\nforward_request_headers: [x-api-key]\n`
  expect(await problemsOf(text)).toEqual([
    expect.stringContaining('4:27  forward_request_headers[0]: this header carries the credential'),
  ])
})
