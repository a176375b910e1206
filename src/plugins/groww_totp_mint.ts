import type { PluginConfig } from '../auth/config.ts'
import type { Plugin } from '../auth/plugin.ts'
import type { Credentials, Draft, SecretRef, Slots } from '../auth/scheme.ts'
import { reveal } from '../secret.ts'
import { mintRequest, readConfig, readMint } from './groww_token.ts'
import { totp } from './totp.ts'

/**
 * Groww's daily access token, minted with a TOTP code: needs nobody's approval.
 * https://groww.in/trade-api/docs/curl. In the provider's YAML:
 *
 *     auth:
 *       type: plugin
 *       module_ts: plugins/groww_totp_mint.ts:GrowwTotpMintAuth
 *       config:
 *         api_key_env: GROWW_API_KEY      # the default
 *         totp_seed_env: GROWW_TOTP_SEED  # the default; base32, as Groww shows it
 *         mint_path: /v1/token/api/access # the default; below base_url
 */
export class GrowwTotpMintAuth implements Plugin {
  readonly slots: Slots = { headers: ['authorization'], params: [] }
  readonly mints = true
  readonly mintPath: string
  readonly invalidateOn: readonly number[]
  readonly secrets: readonly SecretRef[]

  readonly #key: SecretRef
  readonly #seed: SecretRef

  /** @throws Error which the compiler shows beside the provider's `config:`. */
  constructor(config: PluginConfig) {
    const { secrets, mintPath, invalidateOn } = readConfig(
      config,
      ['api_key', 'GROWW_API_KEY'],
      ['totp_seed', 'GROWW_TOTP_SEED'],
    )
    this.secrets = secrets
    ;[this.#key, this.#seed] = secrets
    this.mintPath = mintPath
    this.invalidateOn = invalidateOn
  }

  async sign(draft: Draft, credentials: Credentials): Promise<void> {
    const url = draft.base_url + this.mintPath
    const key = (): string => reveal(credentials.open(this.#key))
    const seed = (): string => reveal(credentials.open(this.#seed))
    const token = await credentials.minted({
      identity: () => ['groww totp', url, key(), seed()],
      mint: async (ask, now) => {
        const body = { key_type: 'totp', totp: await totp(seed(), now) }
        return readMint(await ask(mintRequest(url, key(), body)), now)
      },
    })
    draft.headers.set('authorization', `Bearer ${reveal(token)}`)
  }
}
