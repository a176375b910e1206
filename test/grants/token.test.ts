import fc from 'fast-check'
import { expect, it } from 'vitest'

import { newId, newToken, tagIn, tagOf, tokenHash } from '../../src/grants/token.ts'

/** Gives these bytes, and after them the same ones again. */
function bytes(...all: readonly number[]) {
  let next = 0
  return (count: number) => Uint8Array.from({ length: count }, () => all[next++ % all.length] ?? 0)
}

it('a token is op_ and 43 digits of 62', () => {
  const token = newToken((count) => crypto.getRandomValues(new Uint8Array(count)))
  expect(token).toMatch(/^op_[0-9A-Za-z]{43}$/)
})

it('no digit is likelier than another: each comes from four bytes, and the last eight from none', () => {
  const digits = Array.from({ length: 256 }, (_, byte) =>
    // 248 and more are thrown away, and the zeros after them are taken.
    newToken(bytes(byte, ...Array.from({ length: 60 }, () => 0))).charAt(3),
  )
  const counts = Map.groupBy(digits.slice(0, 248), (digit) => digit)
  expect(counts.size).toBe(62)
  expect(new Set([...counts.values()].map(({ length }) => length))).toEqual(new Set([4]))
  expect(new Set(digits.slice(248))).toEqual(new Set(['0']))
})

it('asks for more bytes until there are enough', () => {
  expect(newToken(bytes(255, 255, 255, 61))).toBe(`op_${'z'.repeat(43)}`)
})

it('the hash is that of the whole text', async () => {
  // printf %s op_ | sha256sum
  const expected = 'c8022dbb9148e8a78b2b12b36bcc946752a6037bbce0719b5fe04ac15d9693cb'
  expect(await tokenHash('op_')).toBe(expected)
})

it('an id carries the tag of its tenant', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.constantFrom('gr', 'ap'), (tenant, prefix) => {
      const id = newId(prefix, tenant, (count) => crypto.getRandomValues(new Uint8Array(count)))
      expect(id).toMatch(new RegExp(`^${prefix}_[0-9A-Za-z]{26}$`))
      expect(tagIn(id)).toBe(tagOf(tenant))
    }),
  )
})

it('a tag stays the same for good: ids are found by it', () => {
  expect(['default', 'acme', 'globex'].map(tagOf)).toEqual(['9Wb6dF', 'AvU8Jd', 'rTdu9A'])
})

it.each(['', 'gr_', `gr_${'a'.repeat(25)}`, `gr_${'a'.repeat(27)}`, `xx_${'a'.repeat(26)}`, 'GR_'])(
  'no id of ours: %s',
  (id) => {
    expect(tagIn(id)).toBeNull()
  },
)
