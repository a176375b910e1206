/** How long to wait before the next try: 1 s, 2 s, 4 s … 30 s, each with up to a quarter more. */
export interface Backoff {
  /** ms, longer each time. */
  readonly next: () => number
  /** It works again; `ms`: the server names how long to wait first. */
  readonly reset: (ms?: number) => void
}

const LONGEST_MS = 30_000

/** `random` gives numbers from 0 to 1: many clients must not come back at the same moment. */
export function backoff(random: () => number = Math.random): Backoff {
  let first = 1000
  let tries = 0
  return {
    next: () => Math.min(LONGEST_MS, first * 2 ** tries++) * (1 + random() / 4),
    reset: (ms) => {
      first = Math.min(LONGEST_MS, Math.max(100, ms ?? first))
      tries = 0
    },
  }
}
