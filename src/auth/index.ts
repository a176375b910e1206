import { apiKeyHeader } from './api_key_header.ts'
import { apiKeyPath } from './api_key_path.ts'
import { apiKeyQuery } from './api_key_query.ts'
import { basicAuth } from './basic_auth.ts'
import { bearerRedis } from './bearer_redis.ts'
import { bearerStatic } from './bearer_static.ts'
import type { Auth, BodyCodes } from './config.ts'
import { customHeaders } from './custom_headers.ts'
import { hmacSigned } from './hmac_signed.ts'
import { mtls } from './mtls.ts'
import { none } from './none.ts'
import { clientCredentials } from './oauth2_client_credentials.ts'
import { refreshToken } from './oauth2_refresh_token.ts'
import { pluginSecrets } from './plugin.ts'
import type { Plugin } from './plugin.ts'
import type { Credentials, Draft, Scheme, SecretRef, SigningCall, Slots } from './scheme.ts'

type BuiltIn = Exclude<Auth, { type: 'plugin' }>

const SCHEMES: { readonly [T in BuiltIn['type']]: Scheme<Extract<BuiltIn, { type: T }>> } = {
  none,
  bearer_static: bearerStatic,
  api_key_header: apiKeyHeader,
  api_key_query: apiKeyQuery,
  api_key_path: apiKeyPath,
  basic_auth: basicAuth,
  mtls,
  hmac_signed: hmacSigned,
  custom_headers: customHeaders,
  bearer_redis: bearerRedis,
  oauth2_client_credentials: clientCredentials,
  oauth2_refresh_token: refreshToken,
}

/** The scheme of one provider, bound to its configuration. */
export interface Signer {
  readonly secrets: readonly SecretRef[]
  readonly slots: Slots
  /** `some`: it depends on the call, and `readsBodyOf` says of which. */
  readonly readsBody: boolean | 'some'
  readonly readsBodyOf: (call: SigningCall) => boolean
  /** It opens minted credentials. */
  readonly mints: boolean
  /** What upstreams say when they reject the credential: statuses, and codes in the body. */
  readonly rejection: Rejection
  readonly sign: (draft: Draft, credentials: Credentials, now: number) => void | Promise<void>
}

export interface Rejection {
  readonly statuses: readonly number[]
  readonly body: BodyCodes | null
}

/** The only way into this folder. `plugin` is the instance that `auth.module` names, if it names one. */
export function signerOf(auth: Auth, plugin: Plugin | null): Signer {
  if (auth.type !== 'plugin') return builtIn(auth, SCHEMES[auth.type])
  if (!plugin) throw new Error(`no plugin ${auth.module} in this build`)
  return {
    secrets: plugin.secrets ?? pluginSecrets(auth),
    slots: plugin.slots,
    readsBody: plugin.readsBody ?? false,
    readsBodyOf: () => plugin.readsBody ?? false,
    mints: plugin.mints ?? false,
    rejection: {
      statuses: auth.invalidate_on.length > 0 ? auth.invalidate_on : (plugin.invalidateOn ?? []),
      body: null,
    },
    sign: (draft, credentials, now) => plugin.sign(draft, credentials, now),
  }
}

function builtIn(auth: BuiltIn, table: Scheme<never>): Signer {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- SCHEMES ties each type to its scheme
  const scheme = table as unknown as Scheme<BuiltIn>
  const { readsBodyOf } = scheme
  const readsBody = scheme.readsBody?.(auth) ?? false
  return {
    secrets: scheme.secrets(auth),
    slots: scheme.slots(auth),
    readsBody: readsBodyOf ? 'some' : readsBody,
    readsBodyOf: (call) => readsBodyOf?.(auth, call) ?? readsBody,
    mints: scheme.mints ?? false,
    rejection: {
      statuses: auth.invalidate_on,
      body: auth.type === 'bearer_redis' ? auth.body_codes : null,
    },
    sign: (draft, credentials, now) => scheme.sign(draft, auth, credentials, now),
  }
}
