import { expect, it } from 'vitest'

import { problemsOf } from './compiled.ts'

const SECRET = 'sk-live-4eC39HqLyjWDarjtT1'

/** Wherever somebody may put a secret by mistake, in a file that is wrong for that very reason. */
const MISTAKES: readonly (readonly [string, string])[] = [
  ['for env', `auth: { type: bearer_static, env: ${SECRET} }`],
  ['for a map', `auth: ${SECRET}`],
  ['for a type', `auth: { type: ${SECRET} }`],
  ['with a line break', `auth: { type: bearer_static, value: "${SECRET}\\n" }`],
  ['beside env', `auth: { type: bearer_static, env: A, value: ${SECRET}, x: y }`],
  ['in a list', `auth: { type: bearer_static, value: [${SECRET}] }`],
  ['in a prefix', `auth: { type: bearer_static, env: A, prefix: "Bearer ${SECRET}\\n" }`],
  [
    'for a password',
    `auth: { type: basic_auth, username: "${SECRET}:", password: "${SECRET}\\0" }`,
  ],
  ['for a header', `auth: { type: custom_headers, headers: { X-A: ${SECRET} } }`],
  [
    'for an env of a header',
    `auth: { type: custom_headers, headers: { X-A: { env: ${SECRET} } } }`,
  ],
  ['for a reference', `auth: { type: bearer_static, secret: ${SECRET} }`],
  ['in a reference', `auth: { type: bearer_static, secret: "op://a/${SECRET}" }`],
  ['as a scheme', `auth: { type: bearer_static, secret: "${SECRET.toLowerCase()}://a" }`],
  ['for what was before', `auth: { type: bearer_static, env: A, previous: ${SECRET} }`],
  ['for a name from before', `auth: { type: bearer_static, env: A, previous: { env: ${SECRET} } }`],
  ['for a key', `auth: { type: hmac_signed, key: ${SECRET}, secret_env: A }`],
  [
    'beside a reference of a plugin',
    `auth: { type: plugin, module_ts: "plugins/signs.ts:Signs", config: { k: { env: A, value: ${SECRET} } } }`,
  ],
  ['for a param', `auth: { type: api_key_query, env: A, param: "${SECRET} " }`],
  [
    'in a setting',
    `auth: { type: plugin, module_ts: "plugins/signs.ts:Signs", config: { mode: ${SECRET} } }`,
  ],
  [
    'for a secret of a plugin',
    `auth: { type: plugin, module_ts: "plugins/signs.ts:Signs", config: { k_env: ${SECRET} } }`,
  ],
  [
    'in a URL',
    `auth: { type: oauth2_client_credentials, client_id_env: A, client_secret_env: B, token_url: "https://u:${SECRET}@x.test" }`,
  ],
  ['in default_headers', `auth: none\ndefault_headers: { X-A: "${SECRET}\\n" }`],
  ['for a list', `auth: none\nstrip_response_headers: ${SECRET}`],
  ['after an open quote', `auth: { type: bearer_static, value: "${SECRET} }`],
  ['with a bad escape', `auth: { type: bearer_static, value: "${SECRET}\\q" }`],
  ['with a second colon', `auth: value: ${SECRET}`],
  ['with a tag', `auth: { type: bearer_static, value: !${SECRET} x }`],
  ['as an alias', `auth: { type: bearer_static, value: *${SECRET} }`],
  ['after the end', `auth: none\n- ${SECRET}\n${SECRET}`],
  ['as a description of the wrong kind', `auth: none\ndescription: { a: ${SECRET} }`],
]

it.each(MISTAKES)('never shows a secret that stands %s', async (_what, lines) => {
  const problems = await problemsOf(`name: x\nbase_url: https://x.test\n${lines}\n`)
  expect(problems.length).toBeGreaterThan(0)
  expect(problems.join('\n')).not.toContain(SECRET.slice(8, 16))
})

it('never shows a password in base_url', async () => {
  const problems = await problemsOf(`name: x\nbase_url: https://u:${SECRET}@x.test\nauth: none\n`)
  expect(problems).toHaveLength(1)
  expect(problems.join('\n')).not.toContain(SECRET)
})
