import { describe, expect, it } from 'vitest'

import { accepted, begin, doubt, FROM_THE_BEGINNING } from '../../src/sources/rotation.ts'
import type { Live } from '../../src/sources/rotation.ts'

const NOW = Date.UTC(2026, 10, 25)
const MINUTE = 60_000
const start = FROM_THE_BEGINNING
const previous = (ago: number): Live => accepted(start, 'previous', NOW - ago)

describe('which value a call begins with', () => {
  it.each<[string, Live, boolean, string]>([
    ['in the beginning', start, true, 'current'],
    ['the previous one was accepted', previous(0), true, 'previous'],
    ['and a while later', previous(15 * MINUTE - 1), true, 'previous'],
    ['and a quarter of an hour later', previous(15 * MINUTE), true, 'current'],
    ['but not with a call that cannot be repeated', previous(15 * MINUTE), false, 'previous'],
    ['the current one is in doubt', doubt(start, 'current', NOW), false, 'previous'],
    ['the previous one is in doubt', doubt(previous(MINUTE), 'previous', NOW), false, 'current'],
    ['a doubt about the other one', doubt(start, 'previous', NOW), true, 'current'],
    [
      'a doubt that was dispelled',
      accepted(doubt(start, 'current', NOW), 'current', NOW),
      true,
      'current',
    ],
    [
      'one rejection among calls that go well',
      doubt(accepted(start, 'current', NOW - 9999), 'current', NOW),
      true,
      'current',
    ],
    [
      'a rejection a while after one that went well',
      doubt(accepted(start, 'current', NOW - 10_000), 'current', NOW),
      true,
      'previous',
    ],
  ])('%s', (_title, live, repeatable, side) => {
    expect(begin(live, NOW, repeatable).side).toBe(side)
  })

  it('tries the current one with one call, not with all of them', () => {
    const first = begin(previous(15 * MINUTE), NOW, true)
    expect(first.side).toBe('current')
    expect(begin(first.live, NOW + 1, true).side).toBe('previous')
    expect(begin(first.live, NOW + 15 * MINUTE, true).side).toBe('current')
  })

  it('follows a doubt with one call, and what that says', () => {
    const first = begin(doubt(start, 'current', NOW), NOW, false)
    expect(first.side).toBe('previous')
    expect(begin(first.live, NOW, false).side).toBe('current')
    expect(begin(accepted(first.live, 'previous', NOW), NOW, false).side).toBe('previous')
  })
})

describe('since when', () => {
  it('is when the other one was first accepted', () => {
    const then = accepted(previous(MINUTE), 'previous', NOW)
    expect(then).toMatchObject({ side: 'previous', since: NOW - MINUTE, accepted: NOW })
    expect(accepted(then, 'current', NOW + 1)).toMatchObject({ side: 'current', since: NOW + 1 })
    expect(accepted(start, 'current', NOW)).toMatchObject({ side: 'current', since: null })
  })
})
