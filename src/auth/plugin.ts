import type { PluginAuth, PluginConfig } from './config.ts'
import type { Credentials, Draft, SecretRef, Slots } from './scheme.ts'

/**
 * A scheme outside the built-in ones: a class exported by a file of `src/plugins/`, named in YAML
 * as `module_ts: plugins/file.ts:Class`. It is made once per provider and isolate, and at compile
 * time too, where an error thrown by the constructor is a build error at the provider's `config:`.
 */
export interface Plugin {
  readonly slots: Slots
  /** Every value that `sign` opens. Default: what `config` names: see `pluginSecrets`. */
  readonly secrets?: readonly SecretRef[]
  /** True when `sign` wants `draft.body`. */
  readonly readsBody?: boolean
  /** True when `sign` uses `credentials.minted`. */
  readonly mints?: boolean
  /** Where it mints, below `base_url`: a call of an agent's to it is refused. */
  readonly mintPath?: string
  /** Upstream statuses which mean that the credential was rejected, where the YAML names none. */
  readonly invalidateOn?: readonly number[]
  readonly sign: (draft: Draft, credentials: Credentials, now: number) => void | Promise<void>
}

export type PluginClass = new (config: PluginConfig) => Plugin

/** The secrets of a plugin: those that its `config` names, by a key in `_env` or as a map. */
export function pluginSecrets({ config }: PluginAuth): readonly SecretRef[] {
  return Object.entries(config).flatMap(([key, value]) => {
    if (isRef(value)) return [value]
    return key.endsWith('_env') && typeof value === 'string' ? [{ env: value }] : []
  })
}

/**
 * The secret that `config` names `name_env: NAME`, or `name: { secret: … }`. undefined: neither.
 * @throws Error when what stands there is something else.
 */
export function configSecret(config: PluginConfig, name: string): SecretRef | undefined {
  const place = config[name]
  if (isRef(place)) return place
  if (place !== undefined) throw new Error(`${name}: expected a map such as { env: NAME }`)
  const env = config[`${name}_env`]
  if (env === undefined) return undefined
  if (typeof env === 'string' && env !== '') return { env }
  throw new Error(`${name}_env: expected the name of a Worker secret`)
}

function isRef(found: PluginConfig[string] | undefined): found is SecretRef {
  return typeof found === 'object' && !Array.isArray(found)
}
