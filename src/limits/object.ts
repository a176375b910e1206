import { DurableObject } from 'cloudflare:workers'

import {
  cool,
  empty,
  leaseOf,
  leave,
  recovered,
  refund,
  standing,
  take,
  underWindows,
} from './ledger.ts'
import type { Ask, Ledger, Standing, Stored, Verdict } from './ledger.ts'
import { flat, WindowsReader } from './wire.ts'

const KEY = 'ledger'

/** So long after a lease of a quota what is left of it is given up: idle objects are put away. */
const SETTLE_MS = 2000

/**
 * The limits and the cooldown of one provider and category, for all callers of the world, or the
 * limits and the quota of one grant. One hop decides every window and the quota. A write covers a
 * tenth of the smallest window and a hundredth of the quota, and is on disk before the call that
 * needs it is answered: a restart can only give less than they allow.
 */
export class Limiter extends DurableObject {
  #ledger: Ledger | undefined
  #calls = 0
  #settling = false
  readonly #reader = new WindowsReader()

  /** `take`, as calls ask it: see wire.ts. */
  ask(windows: string, patience: number, quota: number | null): readonly number[] {
    return flat(this.take({ windows: this.#reader.read(windows), patience, quota }))
  }

  take(ask: Ask): Verdict {
    const now = Date.now()
    const before = this.#load(ask.windows, now)
    if (before !== this.#ledger) this.#calls = 0 // leased under other windows
    const { verdict, ledger } = take(before, ask, now)
    if (verdict.admitted) {
      this.#cover(before, ask)
      this.#ledger = ledger
    }
    return verdict
  }

  /** A caller that went away before its turn, a Unix ms that `take` promised. */
  leave(turn: number): void {
    if (this.#ledger) this.#ledger = leave(this.#ledger, turn, Date.now())
  }

  /** One admitted call was refused elsewhere: it counts no longer. See `refund` of ledger.ts. */
  refund(turn: number | null): void {
    const now = Date.now()
    const ledger = this.#load(undefined, now)
    this.#ledger = refund(ledger, turn, now)
    if (ledger.used !== undefined) this.#settleSoon()
  }

  /** So many calls were ever admitted and not refunded; after a crash rather more than less. */
  used(): number {
    return this.#load(undefined, Date.now()).used ?? 0
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
  #cover(before: Ledger, ask: Ask): void {
    const lease = leaseOf(ask)
    if (lease === 0) return
    if (this.#calls === 0) {
      this.#calls = lease
      this.#store({ ...before, calls: lease })
    }
    this.#calls -= 1
    if ((ask.quota ?? null) !== null && this.#calls > 0) this.#settleSoon()
  }

  /** Stores how things are, soon: who is put away with a lease of a quota has lost it for good. */
  #settleSoon(): void {
    if (this.#settling) return
    this.#settling = true
    setTimeout(() => {
      this.#settling = false
      this.#calls = 0
      if (this.#ledger) this.#store({ ...this.#ledger, calls: 0 })
    }, SETTLE_MS)
  }

  #store(stored: Stored): void {
    this.ctx.storage.kv.put(KEY, stored)
  }
}
