import { book, full, giveBack, levels, unused, worst } from './bucket.ts'
import type { Buckets, Level, Window } from './bucket.ts'

/** What a call asks of the limiter of its provider and category. */
export interface Ask {
  readonly windows: readonly Window[]
  /** How long it would wait for its turn, ms. */
  readonly patience: number
  /** Calls in all, for good; null, or nothing: as many as the windows let through. */
  readonly quota?: number | null
}

/** What the caller of the limiter is told. A refused call has consumed nothing. */
export type Verdict =
  | {
      readonly admitted: true
      /** Unix ms of the limiter's clock: what to give back. */
      readonly turn: number
      readonly wait_ms: number
      readonly levels: readonly Level[]
    }
  | {
      readonly admitted: false
      readonly because: 'limit' | 'cooldown' | 'quota'
      /** 0 for a quota: to wait is of no use. */
      readonly retry_ms: number
      readonly levels: readonly Level[]
    }

/** All that the limiter of one category knows. */
export interface Ledger {
  readonly windows: readonly Window[]
  readonly buckets: Buckets
  /** Unix ms; 0 when the upstream never said 429. */
  readonly cooldown_until: number
  /** Calls that were ever admitted and not refunded, where anything counts them. Not there: none. */
  readonly used?: number
}

/**
 * What is on disk: a state of the past, and how far the present may have moved on from it. Writing
 * that before it happens, not after, is what makes a crash harmless and most calls free of writes.
 */
export interface Stored extends Ledger {
  /** So many calls may have been admitted since. */
  readonly calls: number
}

const LONGEST_COOLDOWN_MS = 600_000
const SHORTEST_COOLDOWN_MS = 100

/** A tenth of the smallest window: what a restart may cost at most. */
const LEASED_SHARE = 10

/** What is lost of a quota does not flow back, so a restart may cost a hundredth of it. */
const LEASED_SHARE_OF_QUOTA = 100

export function empty(windows: readonly Window[], now: number): Ledger {
  return { windows, buckets: full(windows, now), cooldown_until: 0 }
}

/** The worst that can have become of what was stored. */
export function recovered(stored: Stored, now: number): Ledger {
  const { windows, buckets, cooldown_until, calls, used = 0 } = stored
  const since = { now, calls, earliest: cooldown_until }
  return { windows, buckets: worst(buckets, windows, since), cooldown_until, used: used + calls }
}

/** How many calls one write covers; 0 where nothing counts them. */
export function leaseOf({ windows, quota = null }: Pick<Ask, 'windows' | 'quota'>): number {
  const shares = windows.map(({ capacity }) => capacity / LEASED_SHARE)
  if (quota !== null) shares.push(quota / LEASED_SHARE_OF_QUOTA)
  return shares.length === 0 ? 0 : Math.max(1, Math.floor(Math.min(...shares)))
}

/**
 * The same ledger under other windows, after a deployment that changed them: a window that is still
 * there keeps what is booked, a new one begins with the most that any old one has booked, in time.
 */
export function underWindows(ledger: Ledger, windows: readonly Window[]): Ledger {
  if (same(ledger.windows, windows)) return ledger
  const { buckets } = ledger
  const longest = Math.max(
    0,
    ...ledger.windows.map(({ capacity }, index) => (buckets.booked[index] ?? 0) / capacity),
  )
  const booked = windows.map(({ capacity, window_ms }) => {
    const index = ledger.windows.findIndex((old) => old.window_ms === window_ms)
    const old = ledger.windows[index]
    if (old) return Math.ceil(((buckets.booked[index] ?? 0) / old.capacity) * capacity)
    return Math.ceil(longest) * capacity
  })
  return { ...ledger, windows, buckets: { ...buckets, booked } }
}

/** Decides one call. */
export function take(ledger: Ledger, ask: Ask, now: number): { verdict: Verdict; ledger: Ledger } {
  const { windows, cooldown_until, used = 0 } = ledger
  if (used >= (ask.quota ?? Infinity)) {
    const left = levels(ledger.buckets, windows, now)
    return { verdict: { admitted: false, because: 'quota', retry_ms: 0, levels: left }, ledger }
  }
  const booking = book(ledger.buckets, windows, {
    now,
    patience: ask.patience,
    earliest: cooldown_until,
  })
  const wait = Math.max(0, booking.turn - now)
  if (!booking.admitted) {
    const because = booking.turn <= cooldown_until ? 'cooldown' : 'limit'
    const left = levels(ledger.buckets, windows, now)
    return { verdict: { admitted: false, because, retry_ms: wait, levels: left }, ledger }
  }
  return {
    verdict: {
      admitted: true,
      turn: booking.turn,
      wait_ms: wait,
      levels: levels(booking.buckets, windows, now),
    },
    ledger: { ...ledger, buckets: booking.buckets, used: leaseOf(ask) > 0 ? used + 1 : used },
  }
}

/** How things are, for who only looks. */
export function standing({ cooldown_until, buckets, windows }: Ledger, now: number): Standing {
  return { cooldown_until, levels: levels(buckets, windows, now) }
}

export interface Standing {
  /** Unix ms; in the past when there is no cooldown. */
  readonly cooldown_until: number
  readonly levels: readonly Level[]
}

/**
 * Gives back one admitted call, because somebody else refused it: of the quota, and of the windows the
 * turn that it had, Unix ms. null: its turn was still to come, and `leave` has it.
 */
export function refund(ledger: Ledger, turn: number | null, now: number): Ledger {
  const { buckets, windows } = ledger
  return {
    ...ledger,
    ...(ledger.used !== undefined && { used: Math.max(0, ledger.used - 1) }),
    ...(turn !== null && { buckets: unused(buckets, windows, { turn, now }) }),
  }
}

/** Takes back a call that went away before its turn. */
export function leave(ledger: Ledger, turn: number, now: number): Ledger {
  return { ...ledger, buckets: giveBack(ledger.buckets, turn, now) }
}

/** The upstream said 429: nobody goes for so long. Never shortened. */
export function cool(ledger: Ledger, wait_ms: number, now: number): Ledger {
  return { ...ledger, cooldown_until: Math.max(ledger.cooldown_until, now + cooldownOf(wait_ms)) }
}

/** What an upstream's wish comes to: at least 0.1 s and at most 600 s. */
export function cooldownOf(wait_ms: number): number {
  return Math.min(LONGEST_COOLDOWN_MS, Math.max(SHORTEST_COOLDOWN_MS, wait_ms))
}

function same(one: readonly Window[], other: readonly Window[]): boolean {
  if (one === other) return true
  return (
    one.length === other.length &&
    one.every(
      ({ capacity, window_ms }, index) =>
        capacity === other[index]?.capacity && window_ms === other[index].window_ms,
    )
  )
}
