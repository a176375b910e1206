import { text } from '../settings.ts'
import type { Variables } from '../settings.ts'
import type { VaultStub } from './mint.ts'
import { sealsOf, SHORTEST_KEY } from './seal.ts'
import type { Seals } from './seal.ts'

/** KV answers a key from its own cache for so long: the least that it accepts, in seconds. */
const CACHE_TTL_S = 30

/** The vaults in the object namespace `TOKEN_VAULT`. */
export function namespaceOf(env: Variables): (name: string) => VaultStub {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- wrangler.toml binds it
  const vaults = env['TOKEN_VAULT'] as { getByName: (name: string) => VaultStub }
  return (name) => vaults.getByName(name)
}

/** The reader of the KV namespace `TOKENS`; null when none is bound. */
export function storeIn(env: Variables): ((key: string) => Promise<string | null>) | null {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- wrangler.toml binds it
  const tokens = env['TOKENS'] as KVNamespace | undefined
  return tokens ? (key) => tokens.get(key, { cacheTtl: CACHE_TTL_S }) : null
}

/** Derives the keys when they are first needed. null: there is no usable master key. */
export function sealsIn(env: Variables): () => Promise<Seals> | null {
  const master = text(env, 'OUTPOST_MASTER_KEY')
  const previous = text(env, 'OUTPOST_MASTER_KEY_PREVIOUS')
  let known: Seals | null = null
  return () => {
    if (master.length < SHORTEST_KEY) return null
    if (known) return Promise.resolve(known)
    const made = sealsOf(master, previous.length < SHORTEST_KEY ? null : previous)
    return made.then((seals) => (known = seals))
  }
}
