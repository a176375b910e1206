import type { Window } from '../../src/limits/bucket.ts'

/** When a call was sent and when it was forwarded, Unix ms of one clock. It was admitted between. */
export interface Passed {
  readonly sent: number
  readonly arrived: number
}

/** An interval, what was seen in it and what its window allows. */
export interface Interval {
  readonly from: number
  readonly to: number
  readonly calls: number
  readonly allowed: number
}

/**
 * The interval in which most calls have been admitted, over what its window allows. A call counts
 * where it was both sent and forwarded within the interval, so no tolerance is needed: more
 * `calls` than `allowed` is a fault.
 */
export function worstInterval(passed: readonly Passed[], window: Window): Interval | null {
  const byArrival = passed.toSorted((a, b) => a.arrived - b.arrived)
  let worst: Interval | null = null
  for (const { sent: from } of passed) {
    let calls = 0
    for (const { sent, arrived: to } of byArrival) {
      if (sent < from) continue
      calls += 1
      worst = worse(worst, { from, to, calls, allowed: allowedIn(window, to - from) })
    }
  }
  return worst
}

/** How far around a call others say how late calls were, ms. */
const AROUND_MS = 500

/** For the limiter's hop and the timer of a call that queued, which the others have not, ms. */
const TIMER_MS = 15

/**
 * Calls that may have queued were sent long before their turn. They are taken to have arrived at
 * most so much later than their turn as any of `others`, which never queue, took at about that time
 * from their client to the upstream, and a little more for the timer.
 */
export function withoutQueue(queued: readonly Passed[], others: readonly Passed[]): Passed[] {
  return queued.map(({ sent, arrived }) => {
    const around = others.filter((other) => Math.abs(other.arrived - arrived) <= AROUND_MS)
    if (around.length === 0) return { sent, arrived }
    const late = Math.max(...around.map((other) => other.arrived - other.sent)) + TIMER_MS
    return { sent: Math.max(sent, arrived - late), arrived }
  })
}

/** Contract §8: a full bucket, and what flows back evenly. */
export function allowedIn({ capacity, window_ms }: Window, ms: number): number {
  return capacity + (ms * capacity) / window_ms
}

export function isOver({ calls, allowed }: Interval): boolean {
  return calls > allowed
}

function worse(one: Interval | null, other: Interval): Interval {
  return one && one.calls - one.allowed >= other.calls - other.allowed ? one : other
}
