import type { PluginConfig } from '../auth/config.ts'
import type { Plugin } from '../auth/plugin.ts'
import type { Credentials, Draft, SecretRef, Slots } from '../auth/scheme.ts'
import { reveal } from '../secret.ts'
import { mintRequest, readConfig, readMint } from './groww_token.ts'

/**
 * Groww's daily access token, minted with the API secret, once a person has approved the key for
 * the day. https://groww.in/trade-api/docs/curl. In the provider's YAML:
 *
 *     auth:
 *       type: plugin
 *       module_ts: plugins/groww_approval_mint.ts:GrowwApprovalMintAuth
 *       config:
 *         api_key_env: GROWW_API_KEY       # the default
 *         api_secret_env: GROWW_API_SECRET # the default
 *         mint_path: /v1/token/api/access  # the default; below base_url
 */
export class GrowwApprovalMintAuth implements Plugin {
  readonly slots: Slots = { headers: ['authorization'], params: [] }
  readonly mints = true
  readonly mintPath: string
  readonly invalidateOn: readonly number[]
  readonly secrets: readonly SecretRef[]

  readonly #key: SecretRef
  readonly #secret: SecretRef

  /** @throws Error which the compiler shows beside the provider's `config:`. */
  constructor(config: PluginConfig) {
    const { secrets, mintPath, invalidateOn } = readConfig(
      config,
      ['api_key', 'GROWW_API_KEY'],
      ['api_secret', 'GROWW_API_SECRET'],
    )
    this.secrets = secrets
    ;[this.#key, this.#secret] = secrets
    this.mintPath = mintPath
    this.invalidateOn = invalidateOn
  }

  async sign(draft: Draft, credentials: Credentials): Promise<void> {
    const url = draft.base_url + this.mintPath
    const key = (): string => reveal(credentials.open(this.#key))
    const secret = (): string => reveal(credentials.open(this.#secret))
    const token = await credentials.minted({
      identity: () => ['groww approval', url, key(), secret()],
      mint: async (ask, now) => {
        const timestamp = String(Math.floor(now / 1000))
        const checksum = await sha256(secret() + timestamp)
        const body = { key_type: 'approval', checksum, timestamp }
        return readMint(await ask(mintRequest(url, key(), body)), now)
      },
    })
    draft.headers.set('authorization', `Bearer ${reveal(token)}`)
  }
}

/** Lower-case hex. */
async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return new Uint8Array(digest).toHex()
}
