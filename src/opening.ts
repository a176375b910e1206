import type { Credentials, SecretRef } from './auth/scheme.ts'
import { Refusal } from './refusal.ts'
import { Secret } from './secret.ts'
import type { CallSources } from './sources/call_sources.ts'
import type { Tokens } from './tokens/tokens.ts'

/** The credentials of one call, and what was read of them. */
export interface Opening extends Credentials {
  /** Every secret that was opened, in order: what must not come back, and what the record counts. */
  readonly opened: readonly Secret[]
  /** They, and what was made of them to be sent: what is taken out of the answer. */
  readonly known: readonly Secret[]
  /** Notes what stands on the request in a place of the credential's. */
  readonly sent: (text: string) => void
  /** Why the upstream rejected them, for the record; null as long as it did not. */
  readonly rejected: string | null
  /**
   * Before each signing: reads what is kept outside of the Worker. null, or not there: everything
   * is at hand, and there is nothing to wait for. Never rejects: what cannot be read, `open` says.
   */
  readonly ready?: () => Promise<void> | null
  /**
   * The upstream rejected them. True when signing again gives another credential. `repeatable`, the
   * default: the call can be sent again.
   */
  readonly reject: (reason: string, repeatable?: boolean) => Promise<boolean>
  /** It accepted them. Not there: nobody wants to know. */
  readonly accepted?: () => void
}

/** Reads through `find`, which says null for a secret that is not set, and keeps what was read. */
export function opening(
  find: (ref: SecretRef) => Secret | null,
  tokens: Tokens = NO_TOKENS,
  sources: CallSources | null = null,
): Opening {
  const opened: Secret[] = []
  const made: Secret[] = []
  let rejected: string | null = null
  let mints = false
  const kept = <T extends Secret | null>(secret: T): T => {
    if (secret && !opened.includes(secret)) opened.push(secret)
    return secret
  }
  return {
    opened,
    get known() {
      return [...opened, ...made]
    },
    sent: (text) => {
      if ([...opened, ...made].some((secret) => secret.is(text))) return
      const secret = opened[0] && lastMade.get(opened[0])
      made.push(secret?.is(text) ? secret : new Secret(text, true))
      if (opened[0] && made[0]) lastMade.set(opened[0], made[0])
    },
    get rejected() {
      return rejected
    },
    ...(sources && { ready: () => sources.ready(), accepted: () => sources.accepted() }),
    reject: async (reason, repeatable = true) => {
      rejected = reason
      if (await tokens.reject(reason)) return true
      return mints || !sources ? false : anotherOf(sources, repeatable)
    },
    minted: async (recipe) => {
      mints = true
      return kept(await withAnother(() => tokens.minted(recipe), sources))
    },
    made: kept,
    stored: async (key) => kept((await tokens.stored(key)) ?? (await noneStored(sources))),
    open(ref) {
      const secret = sources ? sources.open(ref) : find(ref)
      if (secret === null || typeof secret === 'string') throw unopened(secret)
      kept(secret)
      // An upstream that lists its keys shows both.
      kept(sources?.beside(ref) ?? null)
      return secret
    },
  }
}

/** What stands in for a stored token is wanted only now. */
async function noneStored(sources: CallSources | null): Promise<null> {
  await sources?.ready(true)
  return null
}

async function anotherOf(sources: CallSources, repeatable: boolean): Promise<boolean> {
  if (repeatable) return sources.another()
  await sources.doubted()
  return false
}

/** A token endpoint that has nothing for these secrets may have it for the others. */
async function withAnother<T>(mint: () => Promise<T>, sources: CallSources | null): Promise<T> {
  if (!sources) return mint()
  const token = await mint().catch(async (error: unknown) => {
    if (await sources.another()) return mint()
    throw error
  })
  sources.accepted()
  return token
}

/** Names of variables and URIs are for the status: a record may be read by more people. */
function unopened(failure: string | null): Refusal {
  const isUnset = failure === null || failure === 'missing'
  return new Refusal('PROXY_AUTH_ERROR', 'the provider has no credential', {
    reason: isUnset
      ? 'a secret of the provider is not set'
      : `a secret of the provider cannot be read: ${failure}`,
  })
}

/** By the secret that it was made of: the pair of `Basic` is the same with every call. */
const lastMade = new WeakMap<Secret, Secret>()

/** Where nothing is minted or stored. */
const NO_TOKENS: Tokens = {
  minted: () => Promise.reject(new Error('nothing is minted here')),
  stored: () => Promise.resolve(null),
  reject: () => Promise.resolve(false),
}
