import type { Credentials, Draft, PluginAuth, PluginConfig, SecretRef, Slots } from './scheme.ts'

/**
 * A scheme outside the built-in ones: a class exported by a file of `src/plugins/`, named in YAML
 * as `module_ts: plugins/file.ts:Class`. It is made once per provider and isolate, and at compile
 * time too, where an error thrown by the constructor is a build error at the provider's `config:`.
 */
export interface Plugin {
  readonly slots: Slots
  /** Default: what the keys of `config` name that end in `_env`. */
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

/** The secrets of a plugin: the values of those keys of its `config` that end in `_env`. */
export function pluginSecrets({ config }: PluginAuth): readonly SecretRef[] {
  return Object.entries(config).flatMap(([key, value]) =>
    key.endsWith('_env') && typeof value === 'string' ? [{ env: value }] : [],
  )
}
