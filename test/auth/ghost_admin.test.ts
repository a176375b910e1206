import { decodeProtectedHeader, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'

import type { PluginAuth, PluginConfig } from '../../src/auth/config.ts'
import { signerOf } from '../../src/auth/index.ts'
import { GhostAdminAuth } from '../../src/plugins/ghost_admin.ts'
import { credentialsOf, draftOf } from './draft.ts'

/** Made up, in the form of https://docs.ghost.org/admin-api#token-authentication. */
const ID = '0123456789abcdef01234567'
const SECRET = '00ff'.repeat(16)
const NOW = 1_700_000_000_999

const secretBytes = Uint8Array.from({ length: 32 }, (_, i) => (i % 2 === 0 ? 0 : 255))

async function tokenFrom(key: string, config: PluginConfig = {}): Promise<string> {
  const draft = draftOf()
  const plugin = new GhostAdminAuth({ key_env: 'GHOST_ADMIN_KEY', ...config })
  await plugin.sign(draft, credentialsOf({ GHOST_ADMIN_KEY: key }), NOW)
  const [scheme, token = ''] = draft.headers.get('authorization')?.split(' ') ?? []
  expect(scheme).toBe('Ghost')
  return token
}

describe('GhostAdminAuth', () => {
  it('makes the token that Ghost documents', async () => {
    const token = await tokenFrom(`${ID}:${SECRET}`)
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'HS256', kid: ID, typ: 'JWT' })
    const { payload } = await jwtVerify(token, secretBytes, {
      algorithms: ['HS256'],
      audience: '/admin/',
      maxTokenAge: '5m',
      currentDate: new Date(NOW),
    })
    expect(payload).toEqual({ iat: 1_700_000_000, exp: 1_700_000_300, aud: '/admin/' })
  })

  it.each([
    ['another secret', new Uint8Array(32), {}, NOW],
    ['another audience', secretBytes, { audience: '/v4/admin/' }, NOW],
    ['five minutes later', secretBytes, {}, NOW + 300_000],
  ])('does not verify with %s', async (_what, key, options, at) => {
    const token = await tokenFrom(`${ID}:${SECRET}`)
    const verified = jwtVerify(token, key, {
      audience: '/admin/',
      ...options,
      currentDate: new Date(at),
    })
    await expect(verified).rejects.toThrow()
  })

  it('takes upper-case hex', async () => {
    const token = await tokenFrom(`${ID}:${SECRET.toUpperCase()}`)
    await jwtVerify(token, secretBytes, { currentDate: new Date(NOW) })
  })

  it('takes the audience of an older Ghost', async () => {
    const token = await tokenFrom(`${ID}:${SECRET}`, { audience: '/v4/admin/' })
    const options = { audience: '/v4/admin/', currentDate: new Date(NOW) }
    await jwtVerify(token, secretBytes, options)
  })

  it.each([
    '',
    'sentinel',
    `${ID}:`,
    `:${SECRET}`,
    `${ID}:${SECRET}0`,
    `${ID}:sentinel`,
    `${ID}:a b`,
  ])('refuses the key %j without showing it', async (key) => {
    await expect(tokenFrom(key)).rejects.toThrow(
      /^the Ghost Admin API key is not <id>:<hex secret>$/,
    )
  })

  it.each([
    [{}, 'key_env: expected the name of a Worker secret'],
    [{ key_env: '' }, 'key_env: expected the name of a Worker secret'],
    [{ key_env: 7 }, 'key_env: expected the name of a Worker secret'],
    [{ key_env: 'K', audience: true }, 'audience: expected a non-empty string'],
    [{ key_env: 'K', audiance: '/admin/' }, 'unknown key audiance'],
  ] as [PluginConfig, string][])('refuses the configuration %j', (config, message) => {
    expect(() => new GhostAdminAuth(config)).toThrow(message)
  })

  it('is a signer like any other', async () => {
    const auth: PluginAuth = {
      type: 'plugin',
      module: 'plugins/ghost_admin.ts:GhostAdminAuth',
      config: { key_env: 'GHOST_ADMIN_KEY' },
      invalidate_on: [401],
    }
    const signer = signerOf(auth, new GhostAdminAuth(auth.config))
    expect(signer.secrets).toEqual([{ env: 'GHOST_ADMIN_KEY' }])
    expect(signer.slots).toEqual({ headers: ['authorization'], params: [] })
    expect(signer.readsBody).toBe(false)

    const draft = draftOf({ query: 'limit=1', headers: { authorization: 'the-agents' } })
    await signer.sign(draft, credentialsOf({ GHOST_ADMIN_KEY: `${ID}:${SECRET}` }), NOW)
    expect(draft.headers.get('authorization')).toMatch(/^Ghost [\w-]+\.[\w-]+\.[\w-]+$/)
    expect(draft.headers.get('authorization')).not.toContain(SECRET)
    expect(draft.query).toBe('limit=1')
    expect(() => signerOf(auth, null)).toThrow('no plugin')
  })
})
