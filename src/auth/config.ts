import type { SecretRef } from './scheme.ts'

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

/** The key in the path: `/bot{token}/sendMessage`. */
export interface ApiKeyPathAuth extends Rejectable {
  readonly type: 'api_key_path'
  readonly secret: SecretRef
  /** Beginnings of paths below the base URL, each with `{token}` once. */
  readonly paths: readonly string[]
}

export interface BasicAuth extends Rejectable {
  readonly type: 'basic_auth'
  readonly username: SecretRef
  readonly password: SecretRef
}

/** A client certificate alone, which is the connection's and not the request's: `Provider.mtls`. */
export interface MtlsAuth extends Rejectable {
  readonly type: 'mtls'
  readonly binding: string
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

/** A token that an operator renews in the namespace `TOKENS`. */
export interface BearerRedisAuth extends Rejectable {
  readonly type: 'bearer_redis'
  /** Where it is in `TOKENS`. */
  readonly key: string
  /** Used as long as nothing is there. */
  readonly seed: SecretRef | null
  readonly header: string
  readonly prefix: string
  readonly body_codes: BodyCodes | null
}

/** Codes in a JSON answer which mean that the credential was rejected, whatever the status. */
export interface BodyCodes {
  /** Dotted keys; `key[]` is every item of an array. */
  readonly json_path: string
  readonly codes: readonly string[]
}

interface TokenEndpoint extends Rejectable {
  readonly client_id: SecretRef
  readonly token_url: string
  /** How the client says who it is: RFC 6749 §2.3.1. */
  readonly client_auth: 'post' | 'basic'
  readonly scope: string | null
  /** Where the older Outpost kept the token. Here a part of the credential's identity. */
  readonly redis_key: string | null
  readonly header: string
  readonly prefix: string
  /** Seconds, for an answer without `expires_in`. */
  readonly ttl_fallback: number
}

/** RFC 6749 §4.4. */
export interface ClientCredentialsAuth extends TokenEndpoint {
  readonly type: 'oauth2_client_credentials'
  readonly client_secret: SecretRef
  readonly audience: string | null
}

/** RFC 6749 §6. */
export interface RefreshTokenAuth extends TokenEndpoint {
  readonly type: 'oauth2_refresh_token'
  /** null: a public client. */
  readonly client_secret: SecretRef | null
  /** The first one, which an operator got. */
  readonly refresh_token: SecretRef
}

/** Delegates to a class of `src/plugins/`; see `plugin.ts`. */
export interface PluginAuth extends Rejectable {
  readonly type: 'plugin'
  /** `plugins/file.ts:Class`. */
  readonly module: string
  readonly config: PluginConfig
}

/**
 * A plugin's own settings. By convention a key that ends in `_env` names a Worker secret, and a map
 * says where a secret is kept: `key_env: NAME` is short for `key: { env: NAME }`.
 */
export type PluginConfig = Readonly<
  Record<string, string | number | boolean | readonly string[] | SecretRef>
>

/** How an upstream wants its credential: `auth:` in the YAML with its defaults filled in. */
export type Auth =
  | NoneAuth
  | BearerStaticAuth
  | ApiKeyHeaderAuth
  | ApiKeyQueryAuth
  | ApiKeyPathAuth
  | BasicAuth
  | MtlsAuth
  | HmacSignedAuth
  | CustomHeadersAuth
  | BearerRedisAuth
  | ClientCredentialsAuth
  | RefreshTokenAuth
  | PluginAuth
