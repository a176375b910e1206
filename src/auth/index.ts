import { apiKeyHeader } from './api_key_header.ts'
import { apiKeyQuery } from './api_key_query.ts'
import { basicAuth } from './basic_auth.ts'
import { bearerStatic } from './bearer_static.ts'
import { customHeaders } from './custom_headers.ts'
import { hmacSigned } from './hmac_signed.ts'
import { none } from './none.ts'
import { pluginSecrets } from './plugin.ts'
import type { Plugin } from './plugin.ts'
import type { Auth, Credentials, Draft, Scheme, SecretRef, Slots } from './scheme.ts'

type BuiltIn = Exclude<Auth, { type: 'plugin' }>

const SCHEMES: { readonly [T in BuiltIn['type']]: Scheme<Extract<BuiltIn, { type: T }>> } = {
  none,
  bearer_static: bearerStatic,
  api_key_header: apiKeyHeader,
  api_key_query: apiKeyQuery,
  basic_auth: basicAuth,
  hmac_signed: hmacSigned,
  custom_headers: customHeaders,
}

/** The scheme of one provider, bound to its configuration. */
export interface Signer {
  readonly secrets: readonly SecretRef[]
  readonly slots: Slots
  readonly readsBody: boolean
  readonly sign: (draft: Draft, credentials: Credentials, now: number) => void | Promise<void>
}

/** The only way into this folder. `plugin` is the instance that `auth.module` names, if it names one. */
export function signerOf(auth: Auth, plugin: Plugin | null): Signer {
  if (auth.type !== 'plugin') return builtIn(auth, SCHEMES[auth.type])
  if (!plugin) throw new Error(`no plugin ${auth.module} in this build`)
  return {
    secrets: pluginSecrets(auth),
    slots: plugin.slots,
    readsBody: plugin.readsBody ?? false,
    sign: (draft, credentials, now) => plugin.sign(draft, credentials, now),
  }
}

function builtIn(auth: BuiltIn, table: Scheme<never>): Signer {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- SCHEMES ties each type to its scheme
  const scheme = table as unknown as Scheme<BuiltIn>
  return {
    secrets: scheme.secrets(auth),
    slots: scheme.slots(auth),
    readsBody: scheme.readsBody?.(auth) ?? false,
    sign: (draft, credentials, now) => scheme.sign(draft, auth, credentials, now),
  }
}
