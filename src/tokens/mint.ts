import type { Ask, Mint, MintRecipe } from '../auth/scheme.ts'
import { Refusal } from '../refusal.ts'
import { Secret, UnfitSecret } from '../secret.ts'
import { asking, EndpointError } from './endpoint.ts'
import type { News } from './news.ts'
import type { Purpose, Seals } from './seal.ts'
import type { Acquired, Delivery } from './vault.ts'

/** One `TokenVault`, wherever in the world it lives. */
export interface VaultStub {
  readonly acquire: () => Promise<Acquired>
  readonly deliver: (delivery: Delivery) => Promise<void>
  readonly fail: (mint: number, reason: string) => Promise<void>
  readonly pause: (mint: number, reason: string) => Promise<void>
  readonly reject: (mint: number) => Promise<boolean>
  readonly tell: (news: News) => Promise<void>
  readonly told: () => Promise<News | null>
}

export interface Minting {
  readonly now: () => number
  readonly send: (request: Request, signal: AbortSignal) => Promise<Response>
  /** A mint goes on when the agent has gone: a refresh token may depend on it. */
  readonly waitUntil: (work: Promise<unknown>) => void
  readonly vaultOf: (name: string) => VaultStub
  /** null: there is no usable master key, and nothing is minted. */
  readonly seals: () => Promise<Seals> | null
}

/** An open token, and where it came from. */
export interface Token {
  readonly secret: Secret
  readonly until: number
  readonly vault: string
  readonly mint: number
}

/** The name of the object that has a provider's news. */
export function newsName(provider: string): string {
  return `news ${provider}`
}

/**
 * The token of a provider's credential: the one that its vault holds, or a new one.
 * @throws Refusal 502 with the reason for the operator.
 */
export async function obtain(provider: string, recipe: MintRecipe, deps: Minting): Promise<Token> {
  const seals = deps.seals()
  if (!seals) throw unauthenticated('OUTPOST_MASTER_KEY is not set, or shorter than 32 characters')
  const vault = await nameOf(provider, recipe.identity())
  const work = new Work({ provider, vault, recipe, deps, seals: await seals }).token()
  deps.waitUntil(work.catch(() => {}))
  return work
}

/** The refusal of a call for which there is no token. */
export function unauthenticated(reason: string, cause?: unknown): Refusal {
  return new Refusal('PROXY_AUTH_ERROR', 'the provider cannot be authenticated', { reason, cause })
}

/** One vault for each provider and credential, called by a digest. */
async function nameOf(provider: string, identity: readonly string[]): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify([provider, ...identity]))
  return `token ${provider} ${new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)).toHex()}`
}

interface Job {
  readonly provider: string
  readonly vault: string
  readonly recipe: MintRecipe
  readonly deps: Minting
  readonly seals: Seals
}

/** One caller's way to a token. */
class Work {
  readonly #job: Job
  readonly #stub: VaultStub

  constructor(job: Job) {
    this.#job = job
    this.#stub = job.deps.vaultOf(job.vault)
  }

  async token(): Promise<Token> {
    const answer = await this.#acquired()
    if (answer.is !== 'held') return this.#minted(answer)
    const open = await this.#open(answer.token.sealed, 'access')
    if (open !== null) return this.#token(open, answer.token)
    // Sealed with a master key that is gone. There is a new one to be had.
    await this.#stub.reject(answer.token.mint)
    const second = await this.#acquired()
    if (second.is !== 'held') return this.#minted(second)
    const opened = await this.#open(second.token.sealed, 'access')
    if (opened === null) throw unauthenticated('the held token cannot be opened')
    return this.#token(opened, second.token)
  }

  async #minted(answer: Exclude<Acquired, { is: 'held' }>): Promise<Token> {
    if (answer.is !== 'yours') throw unauthenticated(answer.reason)
    const { mint, refresh } = answer
    const result = await this.#mint(refresh)
    if ('failed' in result) {
      const reason = `token endpoint: ${result.failed}`
      await (result.final ? this.#stub.pause(mint, reason) : this.#stub.fail(mint, reason))
      this.#tell({ is: result.final ? 'paused' : 'failing', at: this.#job.deps.now(), reason })
      throw unauthenticated(reason)
    }
    const { token, until, refresh: next } = result
    // The new refresh token is on disk before the access token is used.
    await this.#deliver({
      mint,
      sealed: await this.#job.seals.seal(token, this.#purpose('access')),
      until,
      refresh: next === null ? null : await this.#job.seals.seal(next, this.#purpose('refresh')),
    })
    this.#tell({ is: 'minted', at: this.#job.deps.now(), until })
    return this.#token(token, { mint, until })
  }

  /** Twice, if need be: what is not delivered is lost. Doing it again changes nothing. */
  #deliver(delivery: Delivery): Promise<void> {
    const { deps, vault } = this.#job
    return this.#stub
      .deliver(delivery)
      .catch(() => deps.vaultOf(vault).deliver(delivery))
      .catch((cause: unknown) => {
        throw unauthenticated('the minted token could not be kept', cause)
      })
  }

  /** Whatever goes wrong is an outcome: somebody waits for it. */
  async #mint(sealed: string | null): Promise<Mint> {
    const { recipe, deps } = this.#job
    try {
      const newest = sealed === null ? null : await this.#open(sealed, 'refresh')
      if (sealed !== null && newest === null) return UNREADABLE
      const ask: Ask = asking(deps)
      return await recipe.mint(ask, deps.now(), newest === null ? null : new Secret(newest))
    } catch (error) {
      if (error instanceof EndpointError) return { failed: error.message, final: false }
      if (error instanceof Refusal) {
        return { failed: error.details.reason ?? error.message, final: false }
      }
      const why = error instanceof UnfitSecret ? error.message : 'the scheme failed'
      return { failed: `not asked, ${why}`, final: false }
    }
  }

  #acquired(): Promise<Acquired> {
    return this.#stub.acquire().catch((cause: unknown) => {
      throw unauthenticated('the token vault cannot be asked', cause)
    })
  }

  #open(sealed: string, kind: Purpose['kind']): Promise<string | null> {
    return this.#job.seals.open(sealed, this.#purpose(kind))
  }

  #purpose(kind: Purpose['kind']): Purpose {
    return { provider: this.#job.provider, vault: this.#job.vault, kind }
  }

  #token(text: string, { mint, until }: { mint: number; until: number }): Token {
    return { secret: new Secret(text), until, vault: this.#job.vault, mint }
  }

  #tell(news: News): void {
    const { deps, provider } = this.#job
    deps.waitUntil(
      deps
        .vaultOf(newsName(provider))
        .tell(news)
        .catch(() => {}),
    )
  }
}

const UNREADABLE: Mint = {
  failed: 'not asked, the refresh token was sealed with a master key that is gone',
  final: false,
}
