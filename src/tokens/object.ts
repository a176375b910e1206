import { DurableObject } from 'cloudflare:workers'

import type { News } from './news.ts'
import { acquire, deliver, EMPTY, fail, keptUntil, pause, reject } from './vault.ts'
import type { Acquired, Delivery, Vault } from './vault.ts'

const KEY = 'vault'
const NEWS = 'news'

/** How long a caller waits for somebody else's mint. */
const PATIENCE_MS = 20_000

/**
 * The token of one credential, sealed, and the right to mint the next one. There is one such object
 * in the world for each, so no two callers mint at once. It never sees a secret or an open token.
 * Whatever it answered is on disk: a lease, so that nobody mints beside one who holds it when the
 * object has moved; a delivery, so that no refresh token is lost.
 */
export class TokenVault extends DurableObject {
  #vault: Vault | undefined
  readonly #waiting = new Set<() => void>()

  /** The token, or the right to mint it. Waits up to 20 s while somebody else mints. */
  async acquire(): Promise<Acquired> {
    const deadline = Date.now() + PATIENCE_MS
    for (;;) {
      const now = Date.now()
      const { answer, vault } = acquire(this.#load(), now)
      if (answer) {
        if (vault !== this.#vault) this.#keep(vault)
        return answer
      }
      if (now >= deadline) return { is: 'failed', reason: 'another mint takes too long' }
      await this.#change(Math.min(vault.lease?.until ?? now, deadline) - now)
    }
  }

  /** Ends a mint well. On disk when this returns. */
  async deliver(delivery: Delivery): Promise<void> {
    const vault = deliver(this.#load(), delivery)
    this.#keep(vault)
    this.#wake()
    await this.ctx.storage.setAlarm(keptUntil(vault, Date.now()))
  }

  /** Ends a mint without a token; whoever waits is told the reason. */
  fail(mint: number, reason: string): void {
    this.#keep(fail(this.#load(), mint, reason, Date.now()))
    this.#wake()
  }

  /** Ends a mint without a token, and all mints of this credential. */
  async pause(mint: number, reason: string): Promise<void> {
    const vault = pause(this.#load(), mint, reason)
    this.#keep(vault)
    this.#wake()
    await this.ctx.storage.setAlarm(keptUntil(vault, Date.now()))
  }

  /** The upstream rejected the token of that mint. True when another one can be asked for. */
  reject(mint: number): boolean {
    const { another, vault } = reject(this.#load(), mint, Date.now())
    if (vault !== this.#vault) this.#keep(vault)
    return another
  }

  /** For the object that collects what is new of one provider: see news.ts. */
  tell(news: News): void {
    this.ctx.storage.kv.put(NEWS, news)
  }

  /** The last that was told. */
  told(): News | null {
    return this.ctx.storage.kv.get<News>(NEWS) ?? null
  }

  override async alarm(): Promise<void> {
    this.#vault = EMPTY
    await this.ctx.storage.deleteAll()
  }

  #load(): Vault {
    this.#vault ??= this.ctx.storage.kv.get<Vault>(KEY) ?? EMPTY
    return this.#vault
  }

  #keep(vault: Vault): void {
    this.#vault = vault
    this.ctx.storage.kv.put(KEY, vault)
  }

  /** Settles with the next change, or after so many ms. */
  #change(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        this.#waiting.delete(done)
        resolve()
      }
      const timer = setTimeout(done, ms)
      this.#waiting.add(done)
    })
  }

  #wake(): void {
    for (const done of this.#waiting) done()
  }
}
