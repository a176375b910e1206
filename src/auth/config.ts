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

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html */
export interface AwsSigV4Auth extends Rejectable {
  readonly type: 'aws_sigv4'
  readonly access_key_id: SecretRef
  readonly secret_access_key: SecretRef
  /** Of temporary credentials. */
  readonly session_token: SecretRef | null
  /** null: what the client's own signature says. */
  readonly region: string | null
  readonly service: string | null
}

/** A text of the file, which is no secret, or where a secret is kept. */
export type Setting = string | SecretRef

/** JSON with places in it where secrets go: `from` is such a place, `of` an object. */
export type Template =
  | string
  | number
  | boolean
  | null
  | readonly Template[]
  | { readonly from: SecretRef }
  | { readonly of: Readonly<Record<string, Template>> }

/** How a JWT is signed: RFC 7518 §3.1, RFC 8037 §3.1. */
export type JwtAlg =
  | `${'HS' | 'RS' | 'PS'}${'256' | '384' | '512'}`
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'EdDSA'

/** RFC 7523 with the key file of a Google service account. */
export interface GcpServiceAccountAuth extends Rejectable {
  readonly type: 'gcp_service_account'
  /** The JSON file, whole. */
  readonly key: SecretRef
  readonly token_url: string
  readonly scopes: readonly string[]
  /** The user on whose behalf, where the domain delegates to the service account. */
  readonly subject: string | null
  /** When set, nothing is exchanged: a JWT for this audience is the token. */
  readonly audience: string | null
  /** The e-mail address of the service account that is impersonated. */
  readonly impersonate: string | null
  /** Where `impersonate` asks: the IAM Service Account Credentials API. */
  readonly iam_url: string
  readonly header: string
  readonly prefix: string
  /** Seconds, for an answer without `expires_in`. */
  readonly ttl_fallback: number
}

/** An installation token of a GitHub App. */
export interface GithubAppAuth extends Rejectable {
  readonly type: 'github_app'
  /** The app's client id, or its app id. */
  readonly issuer: Setting
  readonly private_key: SecretRef
  readonly installation_id: Setting
  readonly api_url: string
  /** Names without their owner. With neither of the two: all that the installation has. */
  readonly repositories: readonly string[]
  readonly repository_ids: readonly number[]
  /** null: all that the installation has. */
  readonly permissions: Readonly<Record<string, GithubLevel>> | null
  /** `basic`: as the password of `x-access-token`, as git wants it. */
  readonly as: 'bearer' | 'basic'
  readonly header: string
  readonly prefix: string
}

export type GithubLevel = 'read' | 'write' | 'admin'

/** A JWT that is signed here and is itself the credential. */
export interface JwtBearerAuth extends Rejectable {
  readonly type: 'jwt_bearer'
  /** PEM or JWK; for HS256 and its like the secret itself. */
  readonly key: SecretRef
  readonly alg: JwtAlg
  readonly kid: Setting | null
  readonly typ: string | null
  readonly claims: Readonly<Record<string, Template>>
  /** Seconds from `iat`, or from now without one, to `exp`. */
  readonly lifetime: number
  /** Seconds from now, mostly 0 or less. null: no such claim. */
  readonly iat: number | null
  readonly nbf: number | null
  /** A random `jti`. */
  readonly jti: boolean
  readonly header: string
  readonly prefix: string
}

/** One request that logs in, and what came back used for the calls. */
export interface ExchangeAuth extends Rejectable {
  readonly type: 'exchange'
  readonly url: string
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly headers: readonly NamedSetting[]
  readonly body: { readonly json: Template } | { readonly form: readonly NamedSetting[] } | null
  /** Dotted keys, to the token in the JSON answer. */
  readonly token: string
  /** Dotted keys, to the seconds that it lasts. */
  readonly expires_in: string | null
  /** Dotted keys, to when it ends: RFC 3339, or Unix seconds or milliseconds. */
  readonly expires_at: string | null
  /** Seconds, for an answer that does not say. */
  readonly ttl_fallback: number
  readonly header: string
  readonly prefix: string
}

export interface QueryParamsAuth extends Rejectable {
  readonly type: 'query_params'
  readonly params: readonly NamedSetting[]
}

export interface NamedSetting {
  readonly name: string
  readonly value: Setting
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
  | AwsSigV4Auth
  | GcpServiceAccountAuth
  | GithubAppAuth
  | JwtBearerAuth
  | ExchangeAuth
  | QueryParamsAuth
  | PluginAuth
