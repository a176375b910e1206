import type { MintRecipe } from '../auth/scheme.ts'
import type { Provider } from '../catalog.ts'
import { Secret } from '../secret.ts'
import { newsName, obtain, unauthenticated } from './mint.ts'
import type { Minting, Token } from './mint.ts'

export interface TokenDeps extends Minting {
  /** Open tokens of this isolate by provider: a call with a warm one makes no hop. */
  readonly warm: Map<string, Token>
  /** Stored tokens of this isolate that were reported as suspect, by the beginning of their digest. */
  readonly reported: Set<string>
  /** What is at a key of the namespace `TOKENS`. null: there is no such namespace. */
  readonly read: ((key: string) => Promise<string | null>) | null
}

/** The tokens that one call opens, and what becomes of them when the upstream rejects them. */
export interface Tokens {
  readonly minted: (recipe: MintRecipe) => Promise<Secret>
  readonly stored: (key: string) => Promise<Secret | null>
  /**
   * The upstream rejected the credential, for a reason such as `401`. True when signing again gives
   * another token: a minted one is dropped. A stored one is reported, and stays.
   */
  readonly reject: (reason: string) => Promise<boolean>
}

export function tokensFor({ name }: Provider, deps: TokenDeps): Tokens {
  let token: Token | null = null
  let stored: string | null = null
  return {
    minted: async (recipe) => {
      const known = deps.warm.get(name)
      token = known && known.until > deps.now() ? known : await obtain(name, recipe, deps)
      deps.warm.set(name, token)
      return token.secret
    },
    stored: async (key) => {
      const text = await read(key, deps)
      if (text !== null) stored = await fingerprint(text)
      return text === null ? null : secretOf(name, text, deps)
    },
    reject: async (reason) => {
      if (stored !== null) report(name, { token: stored, reason }, deps)
      return token ? dropped(name, token, deps) : false
    },
  }
}

/** The same object as for the call before, as long as the token is the same: work was done with it. */
function secretOf(provider: string, text: string, deps: TokenDeps): Secret {
  const known = storedBy.get(deps)?.get(provider)
  if (known?.is(text)) return known
  const secret = new Secret(text)
  storedBy.set(deps, (storedBy.get(deps) ?? new Map<string, Secret>()).set(provider, secret))
  return secret
}

const storedBy = new WeakMap<TokenDeps, Map<string, Secret>>()

async function dropped(provider: string, token: Token, deps: TokenDeps): Promise<boolean> {
  const another = await deps
    .vaultOf(token.vault)
    .reject(token.mint)
    .catch(() => false)
  if (another && deps.warm.get(provider)?.mint === token.mint) deps.warm.delete(provider)
  return another
}

/** An empty value is none: that is how a token is taken out by hand. */
async function read(key: string, deps: TokenDeps): Promise<string | null> {
  try {
    const text = deps.read ? await deps.read(key) : null
    return text === null || text.trim() === '' ? null : text.trim()
  } catch (cause) {
    throw unauthenticated('the namespace TOKENS cannot be read', cause)
  }
}

/** Once in an isolate for each token: a broken one is rejected with every call. */
function report(
  provider: string,
  { token, reason }: { readonly token: string; readonly reason: string },
  deps: TokenDeps,
): void {
  if (deps.reported.has(token)) return
  deps.reported.add(token)
  const told = deps
    .vaultOf(newsName(provider))
    .tell({ is: 'suspect', at: deps.now(), reason, token })
  deps.waitUntil(told.catch(() => deps.reported.delete(token)))
}

/** Tells one stored token from the next. Sixteen hex digits of its SHA-256. */
export async function fingerprint(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return new Uint8Array(digest).toHex().slice(0, 16)
}
