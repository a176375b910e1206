import { DurableObject } from 'cloudflare:workers'

import { cool, empty, leaseOf, leave, recovered, standing, take, underWindows } from './ledger.ts'
import type { Ask, Ledger, Standing, Stored, Verdict } from './ledger.ts'

const KEY = 'ledger'

/**
 * The limits and the cooldown of one provider and category, for all callers of the world. One hop
 * decides every window. A write covers a tenth of the smallest window, and is on disk before the
 * call that needs it is answered: a restart can only give less than the windows allow.
 */
export class Limiter extends DurableObject {
  #ledger: Ledger | undefined
  #calls = 0

  take(ask: Ask): Verdict {
    const now = Date.now()
    const before = this.#load(ask.windows, now)
    if (before !== this.#ledger) this.#calls = 0 // leased under other windows
    const { verdict, ledger } = take(before, ask, now)
    if (verdict.admitted) {
      this.#cover(before)
      this.#ledger = ledger
    }
    return verdict
  }

  /** A caller that went away before its turn, a Unix ms that `take` promised. */
  leave(turn: number): void {
    if (this.#ledger) this.#ledger = leave(this.#ledger, turn, Date.now())
  }

  /** The upstream said 429. Returns the moment until which nobody goes, Unix ms. */
  cool(wait_ms: number): number {
    const now = Date.now()
    const ledger = cool(this.#load(undefined, now), wait_ms, now)
    this.#ledger = ledger
    this.#store({ ...ledger, calls: this.#calls })
    return ledger.cooldown_until
  }

  /** Unix ms; in the past when there is no cooldown. */
  cooldownUntil(): number {
    return this.#load(undefined, Date.now()).cooldown_until
  }

  /** How it stands under these windows. Takes nothing and writes nothing. */
  standing(windows: Ask['windows']): Standing {
    const now = Date.now()
    return standing(this.#load(windows, now), now)
  }

  #load(windows: Ask['windows'] | undefined, now: number): Ledger {
    if (!this.#ledger) {
      const stored = this.ctx.storage.kv.get<Stored>(KEY)
      this.#ledger = stored ? recovered(stored, now) : empty(windows ?? [], now)
    }
    return windows ? underWindows(this.#ledger, windows) : this.#ledger
  }

  /** Makes sure that what is stored covers one more call. */
  #cover(before: Ledger): void {
    if (before.windows.length === 0) return
    if (this.#calls === 0) {
      this.#calls = leaseOf(before.windows)
      this.#store({ ...before, calls: this.#calls })
    }
    this.#calls -= 1
  }

  #store(stored: Stored): void {
    this.ctx.storage.kv.put(KEY, stored)
  }
}
