import { describe, expect, it } from 'vitest'

import { book, full, levels, unused } from '../../src/limits/bucket.ts'
import { empty, leave, refund, take } from '../../src/limits/ledger.ts'

const NOW = 1_800_000_000_000
const WINDOWS = [
  { capacity: 2, window_ms: 1000 },
  { capacity: 10, window_ms: 60_000 },
]

/** Buckets after so many calls, each at once. */
function after(calls: number) {
  let buckets = full(WINDOWS, NOW)
  for (let call = 0; call < calls; call += 1) {
    const booking = book(buckets, WINDOWS, { now: NOW, patience: 0 })
    if (booking.admitted) buckets = booking.buckets
  }
  return buckets
}

describe('a turn that was not used', () => {
  it.each<[string, number, number[]]>([
    ['at once is whole again', 0, [0, 0]],
    ['half way has half come back by itself', 250, [0, 0]],
    ['when it has flowed back in one window is of the others', 500, [0, 0]],
    ['when it has flowed back in all is nothing', 6000, [0, 0]],
  ])('%s', (_title, later, booked) => {
    const back = unused(after(1), WINDOWS, { turn: NOW, now: NOW + later })
    expect(back.booked).toEqual(booked)
  })

  it.each([
    [0, 1, 9],
    [250, 1, 9],
    [500, 1, 9],
    [1000, 2, 9],
    [6000, 2, 9],
  ])(
    'of two, after %i ms, leaves %i and %i: what may be the other one’s is not given',
    (later, one, other) => {
      const now = NOW + later
      const back = unused(after(2), WINDOWS, { turn: NOW, now })
      expect(levels(back, WINDOWS, now).map(({ remaining }) => remaining)).toEqual([one, other])
    },
  )

  it('is not given back twice over: never more than full', () => {
    let buckets = after(1)
    for (let times = 0; times < 3; times += 1) {
      buckets = unused(buckets, WINDOWS, { turn: NOW, now: NOW })
    }
    expect(buckets.booked).toEqual([0, 0])
  })

  it('that is still to come is given back whole', () => {
    const buckets = after(2)
    const booking = book(buckets, WINDOWS, { now: NOW, patience: 1000 })
    if (!booking.admitted) throw new Error('not admitted')
    expect(booking.turn).toBe(NOW + 500)
    const back = unused(booking.buckets, WINDOWS, { turn: booking.turn, now: NOW })
    expect(back.booked[1]).toBe(buckets.booked[1])
  })
})

describe('a refund', () => {
  const ask = { windows: WINDOWS, patience: 0, quota: 5 }

  it('gives back the call and its turn', () => {
    const { ledger, verdict } = take(empty(WINDOWS, NOW), ask, NOW)
    if (!verdict.admitted) throw new Error(verdict.because)
    const back = refund(ledger, verdict.turn, NOW)
    expect(back).toMatchObject({ used: 0, buckets: { booked: [0, 0] } })
  })

  it('of a call that left before its turn gives back the call: the turn was given back by leaving', () => {
    let { ledger } = take(empty(WINDOWS, NOW), ask, NOW)
    for (let calls = 0; calls < 2; calls += 1) {
      ledger = take(ledger, { ...ask, patience: 5000 }, NOW).ledger
    }
    const left = leave(ledger, NOW + 500, NOW)
    expect(refund(left, null, NOW)).toEqual({ ...left, used: 2 })
  })

  it('is never less than nothing', () => {
    expect(refund({ ...empty([], NOW), used: 0 }, null, NOW).used).toBe(0)
    expect(refund(empty([], NOW), NOW, NOW)).not.toHaveProperty('used')
  })
})
