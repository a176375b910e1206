import type { Window } from '../../src/limits/bucket.ts'
import { allowedIn, isOver, worstInterval } from '../crash/intervals.ts'
import type { Interval, Passed } from '../crash/intervals.ts'

/** Calls that are looked at together, all intervals between them; the next ones begin in the middle. */
const TOGETHER = 600

/**
 * The worst interval of each window. All intervals of up to three hundred calls are looked at, and
 * the whole time.
 */
export function worstOf(passed: readonly Passed[], window: Window): Interval | null {
  const sorted = passed.toSorted((a, b) => a.sent - b.sent)
  const found: Interval[] = []
  for (let at = 0; at < sorted.length; at += TOGETHER / 2) {
    const worst = worstInterval(sorted.slice(at, at + TOGETHER), window)
    if (worst) found.push(worst)
  }
  const [first] = sorted
  if (first) {
    const to = sorted.reduce((latest, { arrived }) => Math.max(latest, arrived), 0)
    const allowed = allowedIn(window, to - first.sent)
    found.push({ from: first.sent, to, calls: sorted.length, allowed })
  }
  return found.toSorted((a, b) => b.calls - b.allowed - (a.calls - a.allowed))[0] ?? null
}

/** In words, for each window that let through more than it allows. */
export function overLimits(passed: readonly Passed[], windows: readonly Window[]): string[] {
  return windows.flatMap((window) => {
    const worst = worstOf(passed, window)
    if (!worst || !isOver(worst)) return []
    const { calls, from, to, allowed } = worst
    const name = `${window.capacity}/${window.window_ms / 1000}s`
    return [`limited ${name}: ${calls} calls within ${to - from} ms, allowed ${allowed.toFixed(1)}`]
  })
}
