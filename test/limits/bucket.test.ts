import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { book, full, giveBack, levels, unused, worst } from '../../src/limits/bucket.ts'
import type { Buckets, Window } from '../../src/limits/bucket.ts'

const START = 1_800_000_000_000

/** Sends one call at each moment; what is admitted is said as its turn, what is not as null. */
function run(
  windows: readonly Window[],
  arrivals: readonly number[],
  patience = 0,
): (number | null)[] {
  let buckets = full(windows, START)
  return arrivals.map((at) => {
    const booking = book(buckets, windows, { now: START + at, patience })
    if (!booking.admitted) return null
    buckets = booking.buckets
    return booking.turn - START
  })
}

const repeat = (times: number, at: number) => Array.from({ length: times }, () => at)

describe('one window', () => {
  const three: Window[] = [{ capacity: 3, window_ms: 3000 }]

  it.each([
    ['starts full', [0, 0, 0, 0], 0, [0, 0, 0, null]],
    ['refills evenly', [0, 0, 0, 999, 1000, 1001], 0, [0, 0, 0, null, 1000, null]],
    [
      'never holds more than its capacity',
      [0, 10_000, 10_000, 10_000, 10_000],
      0,
      [0, 10_000, 10_000, 10_000, null],
    ],
    ['lets wait, in order', [0, 0, 0, 0, 0], 2000, [0, 0, 0, 1000, 2000]],
    [
      'refuses who would wait too long, and charges nothing',
      [0, 0, 0, 0, 0, 1000],
      1000,
      [0, 0, 0, 1000, null, 2000],
    ],
  ])('%s', (_title, arrivals, patience, turns) => {
    expect(run(three, arrivals, patience)).toEqual(turns)
  })

  it('refills nothing when the clock goes back', () => {
    expect(run(three, [5000, 0, 0, 0], 5000)).toEqual([5000, 5000, 5000, null])
  })
})

describe('several windows', () => {
  it('admit what all admit', () => {
    const windows = [
      { capacity: 2, window_ms: 100 },
      { capacity: 3, window_ms: 60_000 },
    ]
    expect(run(windows, [0, 0, 0, 50, 100, 100])).toEqual([0, 0, null, 50, null, null])
  })

  it('charge nothing where one refuses', () => {
    const windows = [
      { capacity: 100, window_ms: 1000 },
      { capacity: 1, window_ms: 1000 },
    ]
    let buckets = full(windows, START)
    const first = book(buckets, windows, { now: START, patience: 0 })
    if (first.admitted) buckets = first.buckets
    for (let more = 0; more < 50; more++) {
      expect(book(buckets, windows, { now: START, patience: 0 }).admitted).toBe(false)
    }
    expect(levels(buckets, windows, START).map(({ remaining }) => remaining)).toEqual([99, 0])
  })

  it('say how long to wait', () => {
    const windows = [{ capacity: 1, window_ms: 250 }]
    const { buckets } = book(full(windows, START), windows, { now: START, patience: 0 }) as {
      buckets: Buckets
    }
    expect(book(buckets, windows, { now: START + 100, patience: 0 })).toEqual({
      admitted: false,
      turn: START + 250,
    })
  })

  it('none at all admit everything', () => {
    expect(run([], repeat(1000, 0))).toEqual(repeat(1000, 0))
  })
})

describe('a turn given back', () => {
  const windows = [{ capacity: 1, window_ms: 1000 }]
  const queue = (count: number) => {
    let buckets = full(windows, START)
    for (let each = 0; each < count; each++) {
      const booking = book(buckets, windows, { now: START, patience: 60_000 })
      if (booking.admitted) buckets = booking.buckets
    }
    return buckets
  }

  it('goes to whoever asks next', () => {
    const buckets = giveBack(queue(4), START + 2000, START + 10)
    const next = book(buckets, windows, { now: START + 20, patience: 60_000 })
    expect(next).toMatchObject({ admitted: true, turn: START + 2000 })
    const after = book((next as { buckets: Buckets }).buckets, windows, {
      now: START + 20,
      patience: 60_000,
    })
    expect(after).toMatchObject({ admitted: true, turn: START + 4000 })
  })

  it('twice at one moment is two turns', () => {
    const burst = [{ capacity: 2, window_ms: 1000 }]
    let buckets: Buckets = { ...full(burst, START), booked: [4 * 1000] }
    buckets = giveBack(giveBack(buckets, START + 1000, START), START + 1000, START)
    for (const expected of [1000, 1000, 1500]) {
      const booking = book(buckets, burst, { now: START, patience: 60_000 })
      expect(booking.turn - START).toBe(expected)
      if (booking.admitted) buckets = booking.buckets
    }
  })

  it('is lost once its moment has passed', () => {
    const buckets = giveBack(queue(2), START + 1000, START)
    const next = book(buckets, windows, { now: START + 1500, patience: 60_000 })
    expect(next).toMatchObject({ admitted: true, turn: START + 2000 })
  })
})

/** The brute-force model: no interval of any window holds more than its capacity and its refill. */
function overPermitted(windows: readonly Window[], turns: readonly number[]): string | null {
  const sorted = turns.toSorted((one, other) => one - other)
  for (const { capacity, window_ms } of windows) {
    for (const [start, from] of sorted.entries()) {
      for (let end = start; end < sorted.length; end++) {
        const length = (sorted[end] ?? 0) - from
        const allowed = capacity + (length * capacity) / window_ms
        if (end - start + 1 > Math.floor(allowed + 1e-9)) {
          return `${end - start + 1} in ${length} ms, ${allowed} allowed`
        }
      }
    }
  }
  return null
}

const window = fc.record({
  capacity: fc.integer({ min: 1, max: 12 }),
  window_ms: fc.integer({ min: 1, max: 5000 }),
})
const someWindows = fc.array(window, { minLength: 1, maxLength: 3 })
const gaps = fc.array(
  fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 4000 })),
  { minLength: 1, maxLength: 60 },
)
const momentsOf = (all: readonly number[]) => {
  let at = 0
  return all.map((gap) => (at += gap))
}

describe('for any schedule of arrivals', () => {
  it('no interval of any window admits more than capacity plus refill', () => {
    fc.assert(
      fc.property(
        someWindows,
        gaps,
        fc.integer({ min: 0, max: 3000 }),
        (windows, all, patience) => {
          const turns = run(windows, momentsOf(all), patience).filter((turn) => turn !== null)
          expect(overPermitted(windows, turns)).toBeNull()
        },
      ),
      { numRuns: 1500 },
    )
  })

  it('the order of service is the order of arrival, and nobody waits beyond patience', () => {
    fc.assert(
      fc.property(
        someWindows,
        gaps,
        fc.integer({ min: 0, max: 3000 }),
        (windows, all, patience) => {
          const arrivals = momentsOf(all)
          const turns = run(windows, arrivals, patience)
          const served = turns.filter((turn) => turn !== null)
          expect(served).toEqual(served.toSorted((one, other) => one - other))
          for (const [index, turn] of turns.entries()) {
            if (turn !== null) expect(turn - (arrivals[index] ?? 0)).toBeLessThanOrEqual(patience)
          }
        },
      ),
    )
  })

  it('who is refused would have been over the limit', () => {
    fc.assert(
      fc.property(someWindows, gaps, (windows, all) => {
        const arrivals = momentsOf(all)
        const turns = run(windows, arrivals)
        for (const [index, turn] of turns.entries()) {
          if (turn !== null) continue
          const before = turns.slice(0, index).filter((each) => each !== null)
          expect(overPermitted(windows, [...before, arrivals[index] ?? 0])).not.toBeNull()
        }
      }),
    )
  })

  it('turns that are given back unused, sooner or later, never over-permit those that are used', () => {
    const fates = fc.array(fc.constantFrom('used', 'given back', 'given back later'), {
      minLength: 1,
    })
    fc.assert(
      fc.property(someWindows, gaps, fates, (windows, all, fate) => {
        let buckets = full(windows, START)
        let later = 0
        const turns: number[] = []
        for (const [index, at] of momentsOf(all).entries()) {
          const now = START + at
          for (; later > 0 && index % 3 === 0; later -= 1) buckets = unused(buckets, windows, now)
          const booking = book(buckets, windows, { now, patience: 0 })
          if (!booking.admitted) continue
          buckets = booking.buckets
          const what = fate[index % fate.length]
          if (what === 'used') turns.push(booking.turn - START)
          else if (what === 'given back') buckets = unused(buckets, windows, now)
          else later += 1
        }
        expect(overPermitted(windows, turns)).toBeNull()
      }),
      { numRuns: 1500 },
    )
  })

  it('a restart that remembers only the worst never over-permits', () => {
    fc.assert(
      fc.property(
        someWindows,
        gaps,
        fc.integer({ min: 0, max: 2000 }),
        fc.integer({ min: 1, max: 5 }),
        (windows, all, patience, lease) => {
          let buckets = full(windows, START)
          let stored = buckets
          let left = 0
          const turns: number[] = []
          for (const [index, at] of momentsOf(all).entries()) {
            const now = START + at
            if (index % 7 === 6) {
              buckets = worst(stored, windows, { now, calls: lease })
              left = 0
            }
            if (left === 0) {
              stored = buckets
              left = lease
            }
            const booking = book(buckets, windows, { now, patience })
            if (!booking.admitted) continue
            buckets = booking.buckets
            left -= 1
            turns.push(booking.turn - START)
          }
          expect(overPermitted(windows, turns)).toBeNull()
        },
      ),
      { numRuns: 1000 },
    )
  })
})
