import type { Credentials, SecretRef } from './auth/scheme.ts'
import { Refusal } from './refusal.ts'
import { Secret } from './secret.ts'
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
  /** The upstream rejected them. True when signing again gives another credential. */
  readonly reject: (reason: string) => Promise<boolean>
}

/** Reads through `find`, which says null for a secret that is not set, and keeps what was read. */
export function opening(
  find: (ref: SecretRef) => Secret | null,
  tokens: Tokens = NO_TOKENS,
): Opening {
  const opened: Secret[] = []
  const made: Secret[] = []
  let rejected: string | null = null
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
    reject: (reason) => {
      rejected = reason
      return tokens.reject(reason)
    },
    minted: async (recipe) => kept(await tokens.minted(recipe)),
    stored: async (key) => kept(await tokens.stored(key)),
    open(ref) {
      const secret = find(ref)
      if (!secret) {
        throw new Refusal('PROXY_AUTH_ERROR', 'the provider has no credential', {
          reason: 'a secret of the provider is not set',
        })
      }
      return kept(secret)
    },
  }
}

/** By the secret that it was made of: the pair of `Basic` is the same with every call. */
const lastMade = new WeakMap<Secret, Secret>()

/** Where nothing is minted or stored. */
const NO_TOKENS: Tokens = {
  minted: () => Promise.reject(new Error('nothing is minted here')),
  stored: () => Promise.resolve(null),
  reject: () => Promise.resolve(false),
}
