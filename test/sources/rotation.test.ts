import { describe, expect, it } from 'vitest'

import { accepted, begin, doubt, FROM_THE_BEGINNING } from '../../src/sources/rotation.ts'
import type { Beginning, Live } from '../../src/sources/rotation.ts'

const NOW = Date.UTC(2026, 10, 25)
const MINUTE = 60_000
const start = FROM_THE_BEGINNING

const began = (over: Partial<Beginning> = {}): Beginning => ({
  side: 'current',
  trial: false,
  repeatable: true,
  ...over,
})
const upload = (over: Partial<Beginning> = {}) => began({ repeatable: false, ...over })

/** Proved by a call that began with the other one. */
const previous = (ago: number): Live =>
  accepted(start, 'previous', { began: began(), now: NOW - ago })
const doubted = (live: Live, of: Beginning = upload({ side: live.side })): Live =>
  doubt(live, of.side, { began: of, now: NOW })
const acceptedUpload = (ago: number): Live =>
  accepted(start, 'current', { began: upload(), now: NOW - ago })

describe('which value a call begins with', () => {
  it.each<[string, Live, boolean, string]>([
    ['in the beginning', start, true, 'current'],
    ['the previous one was proved right', previous(0), true, 'previous'],
    ['and a while later', previous(15 * MINUTE - 1), true, 'previous'],
    ['and a quarter of an hour later', previous(15 * MINUTE), true, 'current'],
    ['but not with a call that cannot be repeated', previous(15 * MINUTE), false, 'previous'],
    ['an upload, the current one is in doubt', doubted(start), false, 'previous'],
    ['another call, the current one is in doubt for an upload', doubted(start), true, 'current'],
    [
      'another call, it is in doubt for what a body says',
      doubted(start, began()),
      true,
      'previous',
    ],
    ['an upload, then', doubted(start, began()), false, 'previous'],
    ['the previous one is in doubt', doubted(previous(MINUTE)), false, 'current'],
    ['a doubt about the other one', doubted(start, upload({ side: 'previous' })), false, 'current'],
    [
      'a doubt that an upload dispelled',
      accepted(doubted(start), 'current', { began: upload(), now: NOW }),
      false,
      'current',
    ],
    [
      'a doubt that a call that can be repeated says nothing of',
      accepted(doubted(start), 'current', { began: began(), now: NOW }),
      false,
      'previous',
    ],
    ['one rejection among uploads that go well', doubted(acceptedUpload(9999)), false, 'current'],
    ['a rejection a while after one', doubted(acceptedUpload(10_000)), false, 'previous'],
    [
      'a rejection soon after a call that can be repeated went well',
      doubted(accepted(start, 'current', { began: began(), now: NOW })),
      false,
      'previous',
    ],
    ['a rejection soon after a proof', doubted(previous(9999)), false, 'previous'],
    [
      'a rejection soon after a trial went well',
      doubted(
        accepted(start, 'previous', { began: upload({ side: 'previous', trial: true }), now: NOW }),
      ),
      false,
      'current',
    ],
  ])('%s', (_title, live, repeatable, side) => {
    expect(begin(live, NOW, repeatable).beginning.side).toBe(side)
  })

  it('tries the current one with one call, not with all of them', () => {
    const first = begin(previous(15 * MINUTE), NOW, true)
    expect(first.beginning).toEqual({ side: 'current', trial: true, repeatable: true })
    expect(begin(first.live, NOW + 1, true).beginning.side).toBe('previous')
    expect(begin(first.live, NOW + 15 * MINUTE, true).beginning.side).toBe('current')
  })

  it('follows a doubt with one call, and what that says', () => {
    const { beginning, live } = begin(doubted(start), NOW, false)
    expect(beginning).toEqual({ side: 'previous', trial: true, repeatable: false })
    expect(begin(live, NOW, false).beginning.side).toBe('current')
    const after = accepted(live, 'previous', { began: beginning, now: NOW })
    expect(begin(after, NOW, false).beginning.side).toBe('previous')
  })

  it('is not changed by an answer that was under way while it changed', () => {
    const late = accepted(previous(MINUTE), 'current', { began: began(), now: NOW })
    expect(late).toEqual(previous(MINUTE))
  })
})

describe('since when', () => {
  it('is when the other one was first accepted', () => {
    const again = began({ side: 'current', trial: true })
    const then = accepted(previous(MINUTE), 'previous', { began: again, now: NOW })
    expect(then).toMatchObject({ side: 'previous', since: NOW - MINUTE, accepted: NOW })
    expect(accepted(then, 'current', { began: again, now: NOW + 1 })).toMatchObject({
      side: 'current',
      since: NOW + 1,
    })
    expect(accepted(start, 'current', { began: upload(), now: NOW })).toMatchObject({
      side: 'current',
      since: null,
    })
  })
})
