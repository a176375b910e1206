import type { Secret } from '../secret.ts'

/** Where one value of a credential comes from: a Worker secret by name, or a literal in the YAML. */
export type SecretRef = { readonly env: string } | { readonly value: string }

/** Hands out the secrets of one permitted call, each read when it is asked for. */
export interface Credentials {
  /** @throws Refusal `PROXY_AUTH_ERROR` when the secret is not set. */
  readonly open: (ref: SecretRef) => Secret
}

/** The upstream request while it is being built. A scheme changes `headers` and `query`, nothing else. */
export interface Draft {
  readonly method: string
  readonly headers: Headers
  /** The upstream path exactly as it will be sent. */
  readonly path: string
  /** The query exactly as it will be sent, without its `?`; empty when there is none. */
  query: string
  /** The body, when the scheme said that it reads it; otherwise null, and the body streams. */
  readonly body: Uint8Array | null
}

/**
 * The places on a request that belong to the credential. Whatever an agent sends there is never
 * forwarded; it may be the agent's own key, which SDKs put where the upstream's key would go.
 */
export interface Slots {
  readonly headers: readonly string[]
  readonly params: readonly string[]
}

/** One way of putting a credential on a request. Every file of this folder exports one. */
export interface Scheme<A> {
  /** Every value the scheme will open, so that a missing one is known before the first call. */
  readonly secrets: (auth: A) => readonly SecretRef[]
  readonly slots: (auth: A) => Slots
  /** True when the signature covers the body, which is then read into memory up to a limit. */
  readonly readsBody?: (auth: A) => boolean
  /** Puts the credential on the draft. Runs last: nothing changes the request afterwards. */
  readonly sign: (
    draft: Draft,
    auth: A,
    credentials: Credentials,
    now: number,
  ) => void | Promise<void>
}

/** Set by every type: upstream statuses which mean that the credential was rejected. */
interface Rejectable {
  readonly invalidate_on: readonly number[]
}

export interface NoneAuth extends Rejectable {
  readonly type: 'none'
}

export interface BearerStaticAuth extends Rejectable {
  readonly type: 'bearer_static'
  readonly secret: SecretRef
  readonly header: string
  readonly prefix: string
}

export interface ApiKeyHeaderAuth extends Rejectable {
  readonly type: 'api_key_header'
  readonly secret: SecretRef
  readonly header: string
  readonly prefix: string
}

export interface ApiKeyQueryAuth extends Rejectable {
  readonly type: 'api_key_query'
  readonly secret: SecretRef
  readonly param: string
}

export interface BasicAuth extends Rejectable {
  readonly type: 'basic_auth'
  readonly username: SecretRef
  readonly password: SecretRef
}

export interface HmacSignedAuth extends Rejectable {
  readonly type: 'hmac_signed'
  readonly key: SecretRef
  readonly secret: SecretRef
  readonly key_header: string
  /** When set, the signature goes there and not into the query. */
  readonly signature_header: string | null
  readonly signature_param: string
  /** When set, the timestamp goes there and not into the query. */
  readonly timestamp_header: string | null
  readonly timestamp_param: string
  readonly digest: 'sha256' | 'sha512'
  readonly payload: 'query' | 'body' | 'query+body'
}

export interface CustomHeadersAuth extends Rejectable {
  readonly type: 'custom_headers'
  readonly headers: readonly { readonly name: string; readonly secret: SecretRef }[]
}

/** Delegates to a class of `src/plugins/`; see `plugin.ts`. */
export interface PluginAuth extends Rejectable {
  readonly type: 'plugin'
  /** `plugins/file.ts:Class`. */
  readonly module: string
  readonly config: PluginConfig
}

/** A plugin's own settings. By convention a key that ends in `_env` names a Worker secret. */
export type PluginConfig = Readonly<Record<string, string | number | boolean | readonly string[]>>

/** How an upstream wants its credential: `auth:` in the YAML with its defaults filled in. */
export type Auth =
  | NoneAuth
  | BearerStaticAuth
  | ApiKeyHeaderAuth
  | ApiKeyQueryAuth
  | BasicAuth
  | HmacSignedAuth
  | CustomHeadersAuth
  | PluginAuth
