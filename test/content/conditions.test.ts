import { describe, expect, it } from 'vitest'

import { check, failureIn, verdictOf } from '../../src/content/conditions.ts'
import type { Condition } from '../../src/content/conditions.ts'
import { Unreadable } from '../../src/content/content.ts'
import { readJson } from '../../src/content/json.ts'
import { bodyOf, field, fieldsOf, FORM, MULTIPART, multipartOf, programOf } from './of.ts'

const CONDITIONS = {
  most: { lte: 5000 },
  range: { gte: 1, lte: 5000 },
  part: { gte: 0.5 },
  word: { in: ['eur', 'usd'] },
  number: { in: [5000] },
  yes: { in: [true] },
  text: { in: ['5000'] },
  note: { matches: programOf('^[a-z ]{1,40}$') },
  any: { matches: programOf('.*') },
  there: { required: true },
  absent: { absent: true },
  optional: { lte: 5000, required: false },
} satisfies Record<string, Condition>
type Named = keyof typeof CONDITIONS

/** The condition, the value as JSON (null: the field is not there), and what is said of it. */
const JSON_VALUES: readonly (readonly [Named, string | null, 'holds' | 'fails' | 'unclear'])[] = [
  ['most', '5000', 'holds'],
  ['most', '5000.0', 'holds'],
  ['most', '5e3', 'holds'],
  ['most', '-1', 'holds'],
  ['most', '5000.01', 'fails'],
  ['most', '5001', 'fails'],
  ['most', '1e300', 'fails'],
  ['most', '5000.0000000000000001', 'unclear'],
  ['most', '4999.99999999999999999', 'unclear'],
  ['most', '9007199254740993', 'unclear'],
  ['most', '"5000"', 'unclear'],
  ['most', '"1"', 'unclear'],
  ['most', 'true', 'unclear'],
  ['most', '[1]', 'unclear'],
  ['most', '{"value": 1}', 'unclear'],
  ['most', 'null', 'unclear'],
  ['most', null, 'fails'],
  ['range', '1', 'holds'],
  ['range', '0', 'fails'],
  ['range', '-0', 'fails'],
  ['range', '5001', 'fails'],
  ['part', '0.5', 'holds'],
  ['part', '0.49999999999999994', 'fails'],
  ['word', '"eur"', 'holds'],
  ['word', '"gbp"', 'fails'],
  ['word', '"EUR"', 'unclear'],
  ['word', '" eur"', 'unclear'],
  ['word', '"eur\\u0000x"', 'unclear'],
  ['word', '"ｅｕｒ"', 'unclear'],
  ['word', '5', 'unclear'],
  ['word', '["eur"]', 'unclear'],
  ['number', '5000', 'holds'],
  ['number', '5001', 'fails'],
  ['number', '"5000"', 'unclear'],
  ['yes', 'true', 'holds'],
  ['yes', 'false', 'fails'],
  ['yes', '"true"', 'unclear'],
  ['yes', '1', 'unclear'],
  ['text', '"5000"', 'holds'],
  ['text', '5000', 'unclear'],
  ['note', '"ab c"', 'holds'],
  ['note', '""', 'fails'],
  ['note', '"a\\n"', 'fails'],
  ['note', '"A"', 'fails'],
  ['note', '5', 'unclear'],
  ['any', '"a\\u0000"', 'unclear'],
  ['there', '0', 'holds'],
  ['there', '""', 'holds'],
  ['there', '[]', 'holds'],
  ['there', 'null', 'unclear'],
  ['there', null, 'fails'],
  ['absent', null, 'holds'],
  ['absent', '""', 'fails'],
  ['absent', 'false', 'fails'],
  ['absent', 'null', 'unclear'],
  ['optional', null, 'holds'],
  ['optional', '1', 'holds'],
  ['optional', '5001', 'fails'],
  ['optional', 'null', 'unclear'],
]

describe('a value of JSON', () => {
  it.each(JSON_VALUES)('%s: %s %s', (name, value, verdict) => {
    const body = value === null ? '{}' : `{"f": ${value}}`
    const conditions = bodyOf({ f: CONDITIONS[name] })
    expect(verdictOf(conditions, fieldsOf('application/json', body))).toBe(verdict)
    const failure = check(conditions, readJson(new TextEncoder().encode(body)))
    expect(failure === null).toBe(verdict === 'holds')
  })
})

const TEXTS: readonly (readonly [Named, string, 'holds' | 'fails' | 'unclear'])[] = [
  ['most', '5000', 'holds'],
  ['most', '0', 'holds'],
  ['most', '-0', 'holds'],
  ['most', '4999.99', 'holds'],
  ['most', '5000.0', 'holds'],
  ['most', '5001', 'fails'],
  ['most', '100000000000000000000', 'fails'],
  ['most', '5e3', 'unclear'],
  ['most', '1e1', 'unclear'],
  ['most', '0x10', 'unclear'],
  ['most', '05', 'unclear'],
  ['most', '00', 'unclear'],
  ['most', '+5', 'unclear'],
  ['most', ' 5', 'unclear'],
  ['most', '5 ', 'unclear'],
  ['most', '5\n', 'unclear'],
  ['most', '5.', 'unclear'],
  ['most', '.5', 'unclear'],
  ['most', '1,000', 'unclear'],
  ['most', '1_000', 'unclear'],
  ['most', '٥', 'unclear'],
  ['most', '', 'unclear'],
  ['most', 'NaN', 'unclear'],
  ['most', '-Infinity', 'unclear'],
  ['most', '5000\0', 'unclear'],
  ['most', '5000.00000000000000001', 'unclear'],
  ['most', '9007199254740993', 'unclear'],
  ['word', 'eur', 'holds'],
  ['word', 'gbp', 'fails'],
  ['word', 'Eur', 'unclear'],
  ['word', 'eur ', 'unclear'],
  ['number', '5000', 'holds'],
  ['number', '5000.00', 'holds'],
  ['number', '5001', 'fails'],
  ['number', 'five', 'unclear'],
  ['yes', 'true', 'holds'],
  ['yes', 'false', 'fails'],
  ['yes', '1', 'unclear'],
  ['yes', 'on', 'unclear'],
  ['yes', 'TRUE', 'unclear'],
  ['text', '5000', 'holds'],
  ['note', 'ab c', 'holds'],
  ['note', 'a\r\nb', 'fails'],
  ['there', '', 'holds'],
  ['absent', '', 'fails'],
]

describe('a value of a form', () => {
  it.each(TEXTS)('%s: %j %s', (name, text, verdict) => {
    const conditions = bodyOf({ f: CONDITIONS[name] })
    const form = fieldsOf(FORM, `f=${encodeURIComponent(text)}`)
    expect(verdictOf(conditions, form)).toBe(verdict)
    expect(failureIn(conditions, form) === null).toBe(verdict === 'holds')
    expect(verdictOf(conditions, fieldsOf(MULTIPART, multipartOf(field('f', text))))).toBe(verdict)
  })

  it.each([
    ['there', 'holds'],
    ['absent', 'fails'],
    ['most', 'unclear'],
    ['any', 'unclear'],
  ] as const)('of a file, %s %s', (name, verdict) => {
    const part = 'Content-Disposition: form-data; name="f"; filename="a.txt"\r\n\r\n1'
    const fields = fieldsOf(MULTIPART, multipartOf(part))
    expect(verdictOf(bodyOf({ f: CONDITIONS[name] }), fields)).toBe(verdict)
  })
})

describe('where a field is', () => {
  const verdict = (name: string, body: string) =>
    verdictOf(bodyOf({ [name]: { lte: 10 } }), fieldsOf('application/json', body))

  it.each([
    ['a.b', '{"a": {"b": 1}}', 'holds'],
    ['a.b', '{"a": {}}', 'fails'],
    ['a.b', '{}', 'fails'],
    ['a.b', '{"a": null}', 'unclear'],
    ['a.b', '{"a": "x"}', 'unclear'],
    ['a.b', '{"a": [{"b": 1}]}', 'unclear'],
    ['a.b', '[{"a": {"b": 1}}]', 'unclear'],
    ['a.b', '"text"', 'unclear'],
    ['a\\.b', '{"a.b": 1}', 'holds'],
    ['a[].b', '{"a": [{"b": 1}, {"b": 10}]}', 'holds'],
    ['a[].b', '{"a": [{"b": 1}, {"b": 11}]}', 'unclear'],
    ['a[].b', '{"a": [{"b": 11}, {"b": 12}]}', 'fails'],
    ['a[].b', '{"a": [{"b": 1}, {}]}', 'unclear'],
    ['a[].b', '{"a": [{"b": 1}, 5]}', 'unclear'],
    ['a[].b', '{"a": []}', 'fails'],
    ['a[].b', '{"a": {"b": 1}}', 'unclear'],
    ['a[].b', '{"a": {"0": {"b": 1}}}', 'unclear'],
    ['a[]', '{"a": [1, 2]}', 'holds'],
    ['a[]', '{"a": 1}', 'unclear'],
    ['a[][]', '{"a": [[1], [2, 3]]}', 'holds'],
    ['a[].b[].c', '{"a": [{"b": [{"c": 1}]}, {"b": [{"c": 2}]}]}', 'holds'],
    ['[].a', '[{"a": 1}]', 'holds'],
    ['[].a', '{"a": 1}', 'unclear'],
    ['__proto__', '{"__proto__": 1}', 'holds'],
    ['constructor', '{}', 'fails'],
    ['__proto__.x', '{}', 'fails'],
    ['length', '[1]', 'unclear'],
  ])('%s of %s %s', (name, body, expected) => {
    expect(verdict(name, body)).toBe(expected)
  })

  it.each([
    ['amount', '{"Amount": 1}'],
    ['amount', '{"amount": 1, "AMOUNT": 2}'],
    ['amount', '{"amount": 1, "am\\u006funT": 2}'],
    ['amount', '{"amount": 1, "amount ": 2}'],
    ['amount', '{"amount": 1, "ａｍｏｕｎｔ": 2}'],
    ['task', '{"task": 1, "tas\u212a": 2}'],
    ['page_size', '{"pageSize": 1}'],
    ['pageSize', '{"page_size": 1, "pageSize": 1}'],
    ['customer.id', '{"customer.id": 1}'],
    ['customer.id', '{"customer": {"id": 1}, "customer.id": 2}'],
    ['customer.id', '{"customer": {"id": 1, "ID": 2}}'],
    ['customer.id', '{"customer": {"id": 1}, "Customer": {}}'],
    ['amount', '{"amount[value]": 1}'],
    ['items[].price', '{"items": [{"price": 1}, {"Price": 1}]}'],
  ])('%s of %s cannot be told', (name, body) => {
    expect(() => verdict(name, body)).toThrow(Unreadable)
  })

  it.each([
    ['amount', '{"amount": 1, "amounts": 2, "amount_captured": 3, "am": 4, "": 5, "_": 6}'],
    ['customer.id', '{"customer": {"id": 1, "idx": 2, "name": 3}, "custom": 1, "customerid": 4}'],
  ])('%s of %s is not what only begins so', (name, body) => {
    expect(verdict(name, body)).toBe('holds')
  })
})

describe('several conditions', () => {
  const both = bodyOf({ a: { lte: 10 }, b: { in: ['x'] } })
  it.each([
    ['{"a": 1, "b": "x"}', 'holds', null],
    [
      '{"a": 11, "b": "x"}',
      'fails',
      { field: 'a', expected: 'has to be at most 10', why: 'other' },
    ],
    [
      '{"a": "1", "b": "y"}',
      'fails',
      { field: 'a', expected: 'has to be at most 10', why: 'unclear' },
    ],
    [
      '{"a": "1", "b": "x"}',
      'unclear',
      { field: 'a', expected: 'has to be at most 10', why: 'unclear' },
    ],
    ['{"a": 1}', 'fails', { field: 'b', expected: 'has to be "x"', why: 'missing' }],
  ])('%s %s', (body, verdict, failure) => {
    const fields = fieldsOf('application/json', body)
    expect(verdictOf(both, fields)).toBe(verdict)
    expect(failureIn(both, fields)).toEqual(failure)
  })

  it.each([
    [{ gte: 1, lte: 5000 }, 'has to be at most 5000 and at least 1'],
    [{ in: ['eur', 5, true] }, 'has to be "eur" or 5 or true'],
    [{ matches: programOf('a+') }, 'has to be a text that matches a+'],
    [{ required: true }, 'must be there'],
    [{ absent: true } as const, 'must not be there'],
    [{ lte: 1, required: false }, 'has to be at most 1, if it is there'],
  ])('%j says: it %s', (condition, expected) => {
    const body = 'absent' in condition ? '{"f": 5}' : '{"f": [null]}'
    const written = 'required' in condition && condition.required ? '{}' : body
    expect(
      failureIn(bodyOf({ f: condition }), fieldsOf('application/json', written)),
    ).toMatchObject({ expected })
  })
})
