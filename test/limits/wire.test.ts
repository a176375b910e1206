import fc from 'fast-check'
import { expect, it } from 'vitest'

import type { Level } from '../../src/limits/bucket.ts'
import type { Verdict } from '../../src/limits/ledger.ts'
import { flat, verdictOf, WindowsReader, windowsText } from '../../src/limits/wire.ts'

const level: fc.Arbitrary<Level> = fc.record({
  capacity: fc.integer({ min: 1, max: 1_000_000 }),
  window_ms: fc.integer({ min: 1, max: 31 * 24 * 3_600_000 }),
  remaining: fc.nat(),
  reset_ms: fc.nat(),
})
const levels = fc.array(level, { maxLength: 4 })
const moment = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })

const verdict: fc.Arbitrary<Verdict> = fc.oneof(
  fc.record({ admitted: fc.constant(true as const), turn: moment, wait_ms: fc.nat(), levels }),
  fc.record({
    admitted: fc.constant(false as const),
    because: fc.constantFrom('limit', 'cooldown', 'quota'),
    retry_ms: moment,
    levels,
  }),
)

const windowsOf = (those: readonly Level[]) =>
  those.map(({ capacity, window_ms }) => ({ capacity, window_ms }))

it('a verdict comes through as it was', () => {
  fc.assert(
    fc.property(verdict, (said) => {
      expect(verdictOf(structuredClone(flat(said)), windowsOf(said.levels))).toEqual(said)
    }),
  )
})

it('windows come through as they were, whatever was asked before', () => {
  fc.assert(
    fc.property(fc.array(levels, { maxLength: 5 }), (asked) => {
      const reader = new WindowsReader()
      for (const those of asked.map(windowsOf)) {
        const read = reader.read(windowsText(those))
        expect(read).toEqual(those)
        expect(reader.read(windowsText(those))).toBe(read)
      }
    }),
  )
})
