import { describe, expect, it } from 'vitest'

import { compileFiles } from '../../scripts/compile.ts'
import { summary } from '../../scripts/validate.ts'
import { compiled, linesOf } from './compiled.ts'

const URI = 'op://vault/item/field'
const OLD = { previous: { secret: 'vault://kv/app#old' } }

/** With the plugins that are shipped. */
async function providerWith(auth: string) {
  const text = `name: x\nbase_url: https://x.test\nauth: ${auth}\n`
  const found = await compileFiles([{ file: 'x.yaml', text }], null)
  const [provider] = found.providers.values()
  if (!provider) throw new Error(linesOf(found).join('\n'))
  return { provider, found }
}

const REF = `{ secret: "${URI}", previous: { secret: "vault://kv/app#old" } }`

/** [`auth` as it is written, the secrets that it opens] */
const REFERENCES: readonly (readonly [string, readonly object[]])[] = [
  [`{ type: bearer_static, secret: "${URI}" }`, [{ secret: URI }]],
  [
    '{ type: bearer_static, secret: vault://kv/app#key, previous: { secret: op://v/my item/f } }',
    [{ secret: 'vault://kv/app#key', previous: { secret: 'op://v/my item/f' } }],
  ],
  [
    `{ type: bearer_static, secret: "${URI}", previous: { env: OLD } }`,
    [{ secret: URI, previous: { env: 'OLD' } }],
  ],
  [
    '{ type: bearer_static, value: a, previous: { env: OLD } }',
    [{ value: 'a', previous: { env: 'OLD' } }],
  ],
  [
    `{ type: api_key_header, header: X-A, secret: "${URI}", previous: { secret: "vault://kv/app#old" } }`,
    [{ secret: URI, ...OLD }],
  ],
  [`{ type: api_key_query, param: k, secret: "${URI}" }`, [{ secret: URI }]],
  [
    `{ type: basic_auth, username: me, password: ${REF} }`,
    [{ value: 'me' }, { secret: URI, ...OLD }],
  ],
  [`{ type: basic_auth, user_env: U, password: ${REF} }`, [{ env: 'U' }, { secret: URI, ...OLD }]],
  [
    `{ type: hmac_signed, key: ${REF}, secret: ${REF} }`,
    [
      { secret: URI, ...OLD },
      { secret: URI, ...OLD },
    ],
  ],
  [
    `{ type: custom_headers, headers: { X-A: ${REF}, X-B: { env: B } }, invalidate_on: 401 }`,
    [{ secret: URI, ...OLD }, { env: 'B' }],
  ],
  [`{ type: bearer_redis, key: k, seed: ${REF} }`, [{ secret: URI, ...OLD, optional: true }]],
  [
    `{ type: oauth2_client_credentials, client_id: { value: id }, client_secret: ${REF}, token_url: "https://x.test/t" }`,
    [{ value: 'id' }, { secret: URI, ...OLD }],
  ],
  [
    `{ type: oauth2_refresh_token, client_id: { secret: "${URI}" }, client_secret: { env: S }, refresh_token: { secret: "${URI}" }, token_url: "https://x.test/t" }`,
    [{ secret: URI }, { env: 'S' }, { secret: URI }],
  ],
  [
    `{ type: plugin, module_ts: "plugins/ghost_admin.ts:GhostAdminAuth", config: { key: ${REF} } }`,
    [{ secret: URI, ...OLD }],
  ],
  [
    `{ type: plugin, module_ts: "plugins/groww_totp_mint.ts:GrowwTotpMintAuth", config: { totp_seed: ${REF} } }`,
    [{ env: 'GROWW_API_KEY' }, { secret: URI, ...OLD }],
  ],
  [
    `{ type: plugin, module_ts: "plugins/groww_approval_mint.ts:GrowwApprovalMintAuth", config: { api_key_env: K, api_secret: ${REF} } }`,
    [{ env: 'K' }, { secret: URI, ...OLD }],
  ],
]

it.each(REFERENCES)('reads auth: %s', async (auth, secrets) => {
  const { provider, found } = await providerWith(auth)
  expect(provider.credential.secrets).toEqual(secrets)
  expect(linesOf(found).filter((line) => !line.includes('hosts.yaml'))).toEqual([])
})

describe('what the one who runs it is told', () => {
  it('the names of secrets from before, and the places', async () => {
    const { found } = await providerWith(
      `{ type: basic_auth, username: { env: U, previous: { env: U_OLD } }, password: ${REF} }`,
    )
    expect(found.secretNames).toEqual(['U', 'U_OLD'])
    expect(found.checked.map((each) => summary(each)).join('')).toContain(
      `secrets   U, U_OLD, ${URI}, vault://kv/app#old`,
    )
  })

  it.each([
    ['{ type: custom_headers, headers: { X-A: { env: A, previous: { env: B } } } }', '3:57'],
    ['{ type: bearer_static, env: A, previous: { env: B }, invalidate_on: [] }', '3:38'],
  ])('warns of a value that is never tried: %s', async (auth, at) => {
    const { warnings } = await compiled(`name: x\nbase_url: https://x.test\nauth: ${auth}\n`)
    expect(linesOf({ problems: [], warnings })).toEqual([
      expect.stringMatching(new RegExp(`x\\.yaml:${at} .*previous: it is never tried`)),
    ])
  })

  it('which problem is the plugin’s', async () => {
    const auth = 'module_ts: "plugins/ghost_admin.ts:GhostAdminAuth"'
    const of = async (config: string) => {
      const text = `name: x\nbase_url: https://x.test\nauth: { type: plugin, ${auth}, config: ${config} }\n`
      return linesOf(await compileFiles([{ file: 'x.yaml', text }], null))[0]
    }
    expect(await of('{ key: a }')).toContain('key: expected a map such as { env: NAME }')
    expect(await of('{}')).toContain('key_env: expected the name of a Worker secret')
    expect(await of('{ kye: { env: A } }')).toContain('unknown key kye')
  })
})
