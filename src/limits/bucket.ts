/** One limit: at most `capacity` calls at once, refilled evenly over `window_ms`. */
export interface Window {
  readonly capacity: number
  readonly window_ms: number
}

/**
 * Token buckets of one category, one per window, as what is booked ahead of the clock: 0 is a full
 * bucket, `capacity` tokens an empty one, more than that is a queue. A token is counted as
 * `window_ms` units, of which `capacity` flow back each millisecond: whole numbers throughout.
 */
export interface Buckets {
  /** Unix ms up to which refilling has been reckoned. */
  readonly at: number
  readonly booked: readonly number[]
  /** Turns that were given back and are still to come, Unix ms, ascending. */
  readonly returned: readonly number[]
}

export type Booking =
  | { readonly admitted: true; readonly turn: number; readonly buckets: Buckets }
  /** `turn` is the moment at which it would have been admitted. Nothing was consumed. */
  | { readonly admitted: false; readonly turn: number }

/** One call that wants a turn. */
export interface Ask {
  readonly now: number
  /** ms. */
  readonly patience: number
  /** Unix ms. */
  readonly earliest?: number
}

/** More than this is no jitter. */
const CLOCK_CORRECTION_MS = 10_000

/** Buckets start full. */
export function full(windows: readonly Window[], now: number): Buckets {
  return { at: now, booked: windows.map(() => 0), returned: [] }
}

/**
 * Books the next turn in every window at once, or in none: first come, first served. The turn is a
 * whole millisecond, not before `earliest` and at most `patience` ms away, else nothing changes.
 * A turn that somebody gave back is taken first.
 */
export function book(buckets: Buckets, windows: readonly Window[], ask: Ask): Booking {
  const current = refilled(buckets, windows, ask.now)
  const from = Math.max(current.at, ask.earliest ?? 0)
  const wait = Math.max(
    from - current.at,
    ...windows.map((window, index) => waitIn(window, current.booked[index] ?? 0)),
  )
  const turn = current.at + wait

  const spare = current.returned.findIndex((moment) => moment >= from && moment < turn)
  if (spare >= 0) return takeReturned(current, spare, ask)
  if (turn - ask.now > ask.patience) return { admitted: false, turn }
  return { admitted: true, turn, buckets: { ...current, booked: bookedAt(current, windows, turn) } }
}

function takeReturned(
  buckets: Buckets,
  index: number,
  { now, patience }: { readonly now: number; readonly patience: number },
): Booking {
  const turn = buckets.returned[index] ?? now
  if (turn - now > patience) return { admitted: false, turn }
  return {
    admitted: true,
    turn,
    buckets: { ...buckets, returned: buckets.returned.toSpliced(index, 1) },
  }
}

/** Gives back a turn that is still to come, for whoever asks next. */
export function giveBack(buckets: Buckets, turn: number, now: number): Buckets {
  if (turn <= now) return buckets
  return { ...buckets, returned: [...buckets.returned, turn].toSorted((a, b) => a - b) }
}

/**
 * Gives back a turn that has come and was not used: one token in every window, never more than full.
 * What was sent is then as if the call had never asked.
 */
export function unused(buckets: Buckets, windows: readonly Window[], now: number): Buckets {
  const current = refilled(buckets, windows, now)
  const booked = windows.map(({ window_ms }, index) =>
    Math.max(0, (current.booked[index] ?? 0) - window_ms),
  )
  return { ...current, booked }
}

/** What is left in each window and how long until it is full again. */
export function levels(buckets: Buckets, windows: readonly Window[], now: number): Level[] {
  const { booked } = refilled(buckets, windows, now)
  return windows.map((window, index) => ({
    ...window,
    remaining: Math.max(0, Math.floor(window.capacity - (booked[index] ?? 0) / window.window_ms)),
    reset_ms: resetIn(window, booked[index] ?? 0),
  }))
}

export interface Level extends Window {
  /** Whole calls that would be admitted at once. */
  readonly remaining: number
  /** Until it is full again; where nothing remains, until there is one more. */
  readonly reset_ms: number
}

/**
 * The worst that the buckets can be `now`, when all that is known is an earlier state, and that at
 * most `calls` were admitted since. The later a call comes, the fuller it leaves the buckets: so all
 * of them are booked now, however long they would have had to wait.
 */
export function worst(
  buckets: Buckets,
  windows: readonly Window[],
  since: { readonly now: number; readonly calls: number; readonly earliest?: number },
): Buckets {
  let state: Buckets = refilled({ ...buckets, returned: [] }, windows, since.now)
  for (let call = 0; call < since.calls; call += 1) {
    const booking = book(state, windows, { ...since, patience: Infinity })
    if (booking.admitted) state = booking.buckets
  }
  return state
}

function refilled(buckets: Buckets, windows: readonly Window[], now: number): Buckets {
  const elapsed = now - buckets.at
  // A clock that goes back refills nothing; after a correction it is believed.
  if (elapsed < -CLOCK_CORRECTION_MS) return { ...buckets, at: now, returned: [] }
  if (elapsed <= 0) return buckets
  return {
    at: now,
    booked: windows.map(({ capacity }, index) =>
      Math.max(0, (buckets.booked[index] ?? 0) - elapsed * capacity),
    ),
    returned: buckets.returned.filter((moment) => moment > now),
  }
}

/** A window that is idle until the turn has refilled by then, but never beyond full. */
function bookedAt({ at, booked }: Buckets, windows: readonly Window[], turn: number): number[] {
  return windows.map(
    ({ capacity, window_ms }, index) =>
      Math.max(booked[index] ?? 0, (turn - at) * capacity) + window_ms,
  )
}

function resetIn(window: Window, booked: number): number {
  const next = waitIn(window, booked)
  return next > 0 ? next : Math.ceil(booked / window.capacity)
}

/** Milliseconds until there is room for one more; negative while there is. */
function waitIn({ capacity, window_ms }: Window, booked: number): number {
  return Math.ceil((booked + window_ms) / capacity) - window_ms
}
