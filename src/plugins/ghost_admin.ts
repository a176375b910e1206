import { SignJWT } from 'jose'

import type { PluginConfig } from '../auth/config.ts'
import { configSecret } from '../auth/plugin.ts'
import type { Plugin } from '../auth/plugin.ts'
import type { Credentials, Draft, SecretRef, Slots } from '../auth/scheme.ts'
import { reveal } from '../secret.ts'

/** The longest that Ghost accepts. */
const LIFETIME_S = 5 * 60

const KEYS = ['key_env', 'key', 'audience']

const ADMIN_API_KEY = /^([^:\s]+):((?:[0-9a-f]{2})+)$/i

/**
 * The Ghost Admin API: a new JWT for every call, good for five minutes, signed with the secret half
 * of an Admin API key. https://docs.ghost.org/admin-api#token-authentication
 *
 * This is also the example to begin a plugin of your own with. In the provider's YAML:
 *
 *     auth:
 *       type: plugin
 *       module_ts: plugins/ghost_admin.ts:GhostAdminAuth
 *       config:
 *         key_env: GHOST_ADMIN_KEY  # `<id>:<hex secret>`, as Ghost shows it; or key: { secret: … }
 *         audience: /admin/         # the default; before Ghost 5, /v4/admin/ or the like
 */
export class GhostAdminAuth implements Plugin {
  /** Whatever the agent sends here is removed before `sign` runs. */
  readonly slots: Slots = { headers: ['authorization'], params: [] }

  readonly #key: SecretRef
  readonly #audience: string

  /** @throws Error which the compiler shows beside the provider's `config:`. */
  constructor(config: PluginConfig) {
    const unknown = Object.keys(config).find((key) => !KEYS.includes(key))
    if (unknown !== undefined) {
      throw new Error(`unknown key ${unknown}: GhostAdminAuth has ${KEYS.join(', ')}`)
    }
    const key = configSecret(config, 'key')
    if (!key) throw new Error('key_env: expected the name of a Worker secret')
    this.#key = key
    this.#audience = text('audience', config['audience'] ?? '/admin/')
  }

  /** @throws Error, without the key in its message, when it does not have the form that Ghost shows. */
  async sign(draft: Draft, credentials: Credentials, now: number): Promise<void> {
    const [, id, secret] = ADMIN_API_KEY.exec(reveal(credentials.open(this.#key))) ?? []
    if (id === undefined || secret === undefined) {
      throw new Error('the Ghost Admin API key is not <id>:<hex secret>')
    }
    const issuedAt = Math.floor(now / 1000)
    const token = await new SignJWT()
      .setProtectedHeader({ alg: 'HS256', kid: id, typ: 'JWT' })
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + LIFETIME_S)
      .setAudience(this.#audience)
      .sign(bytes(secret))
    draft.headers.set('authorization', `Ghost ${token}`)
  }
}

function text(key: string, value: PluginConfig[string] | undefined): string {
  if (typeof value !== 'string' || value === '') {
    throw new Error(`${key}: expected a non-empty string`)
  }
  return value
}

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
}
