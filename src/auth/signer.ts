import type { Auth, BodyCodes } from './config.ts'
import { pluginSecrets } from './plugin.ts'
import type { Plugin } from './plugin.ts'
import type { Credentials, Draft, Scheme, SecretRef, SigningCall, Slots } from './scheme.ts'

export type BuiltIn = Exclude<Auth, { type: 'plugin' }>

/** Every scheme by the type that names it. */
export type Schemes = { readonly [T in BuiltIn['type']]: Scheme<Extract<BuiltIn, { type: T }>> }

/** The scheme of one provider, bound to its configuration. */
export interface Signer {
  readonly secrets: readonly SecretRef[]
  readonly slots: Slots
  /** `some`: it depends on the call, and `readsBodyOf` says of which. */
  readonly readsBody: boolean | 'some'
  readonly readsBodyOf: (call: SigningCall) => boolean
  /** Why this call cannot be signed, for the agent; null when it can. */
  readonly problem?: (call: SigningCall, now: number) => string | null
  /** What of a signed draft must not come back; not there: every word in the slots. */
  readonly secretWords?: (draft: Draft) => readonly string[]
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

/**
 * The signer of a credential, by the schemes that were compiled in. `plugin` is the instance that
 * `auth.module` names, if it names one.
 */
export function signerIn(schemes: Partial<Schemes>, auth: Auth, plugin: Plugin | null): Signer {
  if (auth.type !== 'plugin') return builtIn(auth, schemes[auth.type])
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

function builtIn(auth: BuiltIn, found: Scheme<never> | undefined): Signer {
  if (!found) throw new Error(`no scheme ${auth.type} in this build`)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the table ties each type to its scheme
  const scheme = found as unknown as Scheme<BuiltIn>
  const { readsBodyOf } = scheme
  const readsBody = scheme.readsBody?.(auth) ?? false
  return {
    secrets: scheme.secrets(auth),
    slots: scheme.slots(auth),
    readsBody: readsBodyOf ? 'some' : readsBody,
    readsBodyOf: (call) => readsBodyOf?.(auth, call) ?? readsBody,
    problem: (call, now) => scheme.problem?.(auth, call, now) ?? null,
    ...(scheme.secretWords && { secretWords: scheme.secretWords }),
    mints: typeof scheme.mints === 'function' ? scheme.mints(auth) : (scheme.mints ?? false),
    rejection: {
      statuses: auth.invalidate_on,
      body: auth.type === 'bearer_redis' ? auth.body_codes : null,
    },
    sign: (draft, credentials, now) => scheme.sign(draft, auth, credentials, now),
  }
}
