import type { Level, Window } from './bucket.ts'
import type { Ask, Verdict } from './ledger.ts'

/**
 * What goes between a call and its limiter: one text and numbers. Every object on the way costs as
 * much as several numbers, and a limiter is asked once for each call.
 */

/** `50/1000 500/60000`: capacity and milliseconds of each window. */
export function windowsText(windows: readonly Window[]): string {
  let text = texts.get(windows)
  if (text === undefined) {
    text = windows.map(({ capacity, window_ms }) => `${capacity}/${window_ms}`).join(' ')
    texts.set(windows, text)
  }
  return text
}

const texts = new WeakMap<readonly Window[], string>()

/** The reverse of `windowsText`; the same windows for the same text as before. */
export class WindowsReader {
  #text = ''
  #windows: readonly Window[] = []

  read(text: string): readonly Window[] {
    if (text === this.#text) return this.#windows
    this.#text = text
    this.#windows = (text === '' ? [] : text.split(' ')).map((each) => {
      const [capacity, window_ms] = each.split('/').map(Number)
      return { capacity: capacity ?? 0, window_ms: window_ms ?? 0 }
    })
    return this.#windows
  }
}

const REASONS = ['limit', 'cooldown', 'quota'] as const
const ADMITTED = -1

/** `[-1, turn, wait_ms]` or `[reason, retry_ms, 0]`, and two numbers for each window. */
export function flat(verdict: Verdict): readonly number[] {
  const numbers = verdict.admitted
    ? [ADMITTED, verdict.turn, verdict.wait_ms]
    : [REASONS.indexOf(verdict.because), verdict.retry_ms, 0]
  for (const { remaining, reset_ms } of verdict.levels) numbers.push(remaining, reset_ms)
  return numbers
}

/** The reverse of `flat`, for the windows that were asked about. */
export function verdictOf(numbers: readonly number[], windows: Ask['windows']): Verdict {
  const [what = 0, moment = 0, wait_ms = 0] = numbers
  const levels = windows.map((window, index): Level => ({
    ...window,
    remaining: numbers[3 + 2 * index] ?? 0,
    reset_ms: numbers[4 + 2 * index] ?? 0,
  }))
  if (what === ADMITTED) return { admitted: true, turn: moment, wait_ms, levels }
  return { admitted: false, because: REASONS[what] ?? 'limit', retry_ms: moment, levels }
}
