import fc from 'fast-check'
import { expect, it } from 'vitest'

import { check, failureIn, verdictOf } from '../../src/content/conditions.ts'
import type { Condition } from '../../src/content/conditions.ts'
import { Unreadable } from '../../src/content/content.ts'
import { bodyOf, field, fieldsOf, FORM, MULTIPART, multipartOf, programOf } from './of.ts'

/**
 * What conditions mean, without a reader: of values that are there in the one spelling, and of a type
 * that every server takes alike.
 */
const TESTS: readonly (readonly [Condition, (value: string | number | boolean) => boolean])[] = [
  [{ lte: 5 }, (value) => typeof value === 'number' && value <= 5],
  [{ gte: 0.5, lte: 5 }, (value) => typeof value === 'number' && value >= 0.5 && value <= 5],
  [{ in: ['a', 'b'] }, (value) => value === 'a' || value === 'b'],
  [{ in: [1, 2.5] }, (value) => value === 1 || value === 2.5],
  [{ in: [true] }, (value) => value === true],
  [{ matches: programOf('[ab]+') }, (value) => typeof value === 'string' && /^[ab]+$/.test(value)],
  [{ required: true }, () => true],
]

const condition = fc.constantFrom(...TESTS)
const value = fc.oneof(
  fc.constantFrom(0, 0.5, 1, 2.5, 5, 5.5, 1e21, -1, -0),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom('a', 'b', 'ab', 'c', 'A', ' a', '', '5'),
  fc.string({ maxLength: 4 }),
  fc.boolean(),
)

it('lets nothing through that the model does not, of JSON', () => {
  fc.assert(
    fc.property(condition, fc.option(value, { nil: undefined }), ([what, model], found) => {
      const body = JSON.stringify({ f: found, g: 1 })
      const failure = failureIn(bodyOf({ f: what }), fieldsOf('application/json', body))
      expect(failure === null).toBe(found !== undefined && model(found) && !isNul(what, found))
      const optional = bodyOf({ f: { ...what, required: false } })
      if (found === undefined) {
        expect(failureIn(optional, fieldsOf('application/json', body))).toBeNull()
      }
    }),
    { numRuns: 2000 },
  )
})

/** A text with a NUL matches nothing. */
function isNul(what: Condition, found: unknown): boolean {
  return what.matches !== undefined && String(found).includes('\0')
}

it('lets through of a list what it lets through of each item', () => {
  fc.assert(
    fc.property(condition, fc.array(value, { maxLength: 4 }), ([what, model], items) => {
      const body = JSON.stringify({ f: items.map((g) => ({ g })) })
      const failure = failureIn(bodyOf({ 'f[].g': what }), fieldsOf('application/json', body))
      const all = items.length > 0 && items.every((each) => model(each) && !isNul(what, each))
      expect(failure === null).toBe(all)
    }),
  )
})

it('is of the same mind about a form, about multipart/form-data, and about JSON with the same text', () => {
  const text = fc.oneof(
    fc.constantFrom('a', 'b', 'c', '5', '05', '5e0', '+5', 'true', ''),
    fc.string({ maxLength: 4 }),
  )
  fc.assert(
    fc.property(condition, text, ([what], found) => {
      const conditions = bodyOf({ f: what })
      const sent = found.toWellFormed()
      const form = verdictOf(
        conditions,
        fieldsOf(FORM, new URLSearchParams({ f: sent }).toString()),
      )
      fc.pre(!sent.includes('--x'))
      expect(verdictOf(conditions, fieldsOf(MULTIPART, multipartOf(field('f', sent))))).toBe(form)
      const json = verdictOf(conditions, fieldsOf('application/json', JSON.stringify({ f: sent })))
      if (what.lte === undefined && what.in?.some((each) => typeof each !== 'string') !== true) {
        expect(json).toBe(form)
      }
    }),
    { numRuns: 1000 },
  )
})

it('never holds for a body with any other spelling of the field beside it', () => {
  const other = fc.constantFrom(
    'Amount',
    'AMOUNT',
    'amount ',
    'a_mount',
    'amount.x',
    'ａmount',
    'amount\0',
  )
  fc.assert(
    fc.property(other, fc.nat(9), fc.boolean(), (name, amount, first) => {
      const pairs = [['amount', amount] as const, [name, 9_000_000] as const]
      const ordered = first ? pairs : pairs.toReversed()
      const json = `{${ordered.map(([key, each]) => `${JSON.stringify(key)}:${each}`).join(',')}}`
      const form = ordered.map(([key, each]) => `${encodeURIComponent(key)}=${each}`).join('&')
      const conditions = bodyOf({ amount: { lte: 10 } })
      const refused = [['application/json', json] as const, [FORM, form] as const]
      for (const [type, body] of refused) {
        expect(() => failureIn(conditions, fieldsOf(type, body))).toThrow(Unreadable)
      }
    }),
  )
})

it('takes a time that does not grow with the square of what is sent', () => {
  const conditions = bodyOf(
    Object.fromEntries(
      Array.from({ length: 20 }, (_, index) => [`field_${index}`, { absent: true } as const]),
    ),
  )
  const keys = Array.from({ length: 20_000 }, (_, index) => `X_${index}`)
  const json = JSON.stringify(Object.fromEntries(keys.map((key) => [key, 1])))
  const list = JSON.stringify({ a: keys.map((key) => ({ [key]: 1, b: 1 })) })
  const from = Date.now()
  expect(failureIn(conditions, fieldsOf('application/json', json))).toBeNull()
  expect(failureIn(conditions, fieldsOf('application/json', list))).toBeNull()
  expect(failureIn(bodyOf({ 'a[].b': { in: [1] } }), fieldsOf('application/json', list))).toBeNull()
  expect(failureIn(conditions, fieldsOf(FORM, keys.slice(0, 1000).join('=1&')))).toBeNull()
  expect(() => failureIn(conditions, fieldsOf(FORM, 'a&'.repeat(130_000)))).toThrow(Unreadable)
  expect(failureIn(conditions, fieldsOf(FORM, `a=${';'.repeat(260_000)}`))).toBeNull()
  expect(
    failureIn(
      conditions,
      fieldsOf(MULTIPART, multipartOf(...keys.slice(0, 1000).map((key) => field(key, '')))),
    ),
  ).toBeNull()
  expect(Date.now() - from).toBeLessThan(15_000)
})

it('reads arguments of a tool as it reads a body', () => {
  const conditions = bodyOf({ path: { matches: programOf('/tmp/[a-z]+') } })
  expect(check(conditions, new Map([['path', '/tmp/a']]))).toBeNull()
  expect(check(conditions, new Map([['path', '/tmp/../etc']]))).toMatchObject({
    field: 'path',
    why: 'other',
  })
  expect(check(conditions, null)).toMatchObject({ why: 'unclear' })
})
