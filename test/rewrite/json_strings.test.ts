import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { joined } from '../../src/bounded.ts'
import { JsonStrings } from '../../src/rewrite/json_strings.ts'
import { stepsIn } from '../../src/rewrite/steps.ts'
import type { Steps } from '../../src/rewrite/steps.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true })

const waysOf = (...fields: readonly string[]): readonly Steps[] =>
  fields.flatMap((field) => {
    const steps = stepsIn(field)
    return steps ? [steps] : []
  })

function rewritten(json: string, fields: readonly string[], size = Infinity, change = marked) {
  const strings = new JsonStrings(waysOf(...fields), change)
  const bytes = encoder.encode(json)
  const parts: Uint8Array[] = []
  const step = Math.min(size, Math.max(bytes.length, 1))
  for (let at = 0; at < bytes.length; at += step) {
    // A copy, since a chunk is only lent.
    const chunk = bytes.slice(at, at + step)
    parts.push(...strings.push(chunk).map((part) => part.slice()))
    chunk.fill(0)
  }
  parts.push(...strings.end())
  return decoder.decode(
    joined(
      parts,
      parts.reduce((sum, { length }) => sum + length, 0),
    ),
  )
}

const marked = (text: string): string => `<${text}>`

describe('fields', () => {
  it.each<[string, string, string]>([
    ['next', '{"next":"a"}', '{"next":"<a>"}'],
    ['next', ' {\n "next" : "a" , "b":"next" } ', ' {\n "next" : "<a>" , "b":"next" } '],
    ['next', '{"next":null,"next":"a"}', '{"next":null,"next":"<a>"}'],
    ['next', '{"next":{"next":"a"}}', '{"next":{"next":"a"}}'],
    ['next', '[{"next":"a"}]', '[{"next":"a"}]'],
    ['next', '{"n\\u0065xt":"a"}', '{"n\\u0065xt":"<a>"}'],
    ['next', '{"next":"a\\/\\"\\u00e9"}', '{"next":"<a/\\"é>"}'],
    ['next', '{"x":[{"y":"}"},"\\\\"],"next":"a"}', '{"x":[{"y":"}"},"\\\\"],"next":"<a>"}'],
    [
      'next',
      '{"a":-1.5e+7,"b":true,"c":[],"next":"a"}',
      '{"a":-1.5e+7,"b":true,"c":[],"next":"<a>"}',
    ],
    [
      'items[].url',
      '{"items":[{"url":"a"},{"url":"b"}]}',
      '{"items":[{"url":"<a>"},{"url":"<b>"}]}',
    ],
    ['items[].url', '{"items":{"url":"a"}}', '{"items":{"url":"a"}}'],
    ['items[].url', '{"items":[[{"url":"a"}]]}', '{"items":[[{"url":"a"}]]}'],
    ['items[]', '{"items":["a",1,["b"],"c"]}', '{"items":["<a>",1,["b"],"<c>"]}'],
    ['[].url', '[{"url":"a"},7,{"b":1}]', '[{"url":"<a>"},7,{"b":1}]'],
    ['[][]', '[["a"],"b"]', '[["<a>"],"b"]'],
    ['*.url', '{"x":{"url":"a"},"y":{"url":"b"}}', '{"x":{"url":"<a>"},"y":{"url":"<b>"}}'],
    [
      'versions.*.dist.tarball',
      '{"versions":{"1.0.0":{"dist":{"tarball":"a"}}}}',
      '{"versions":{"1.0.0":{"dist":{"tarball":"<a>"}}}}',
    ],
    [String.raw`@odata\.nextLink`, '{"@odata.nextLink":"a"}', '{"@odata.nextLink":"<a>"}'],
    ['next', '{"next":"a"}\n{"next":"b"}\n', '{"next":"<a>"}\n{"next":"<b>"}\n'],
    [
      'next',
      '\u001e{"next":"a"}\n\u001e{"next":"b"}',
      '\u001e{"next":"<a>"}\n\u001e{"next":"<b>"}',
    ],
    ['next', '\ufeff{"next":"a"}', '\ufeff{"next":"<a>"}'],
    ['next', '', ''],
  ])('%s in %s', (field, json, expected) => {
    for (const size of [Infinity, 1, 2, 3, 7]) {
      expect(rewritten(json, [field], size)).toBe(expected)
    }
  })

  it('several at once, the same for one and for each other', () => {
    const fields = ['a', 'a.b', '*.c', 'a.c', 'd[]']
    const json = '{"a":{"b":"1","c":"2"},"x":{"c":"3","b":"4"},"d":["5"]}'
    const expected = '{"a":{"b":"<1>","c":"<2>"},"x":{"c":"<3>","b":"4"},"d":["<5>"]}'
    expect(rewritten(json, fields)).toBe(expected)
  })
})

describe('what is no JSON', () => {
  it.each([
    '{"next":"a',
    '{"next":"a\\',
    '{"next":"\\x"}',
    '{"next":"a\nb"}',
    '{"next" "a","next":"b"}',
    '{next:"a"}',
    "{'next':'a'}",
    '{"x":1]"next":"a"}',
    '{"x":1 "next":"a"}',
    '{,"next":"a"}',
    '<html>{"next":"a"}',
    '{"x":@,"next":"a"}',
    '}',
    ']"a"',
    '\u0000{"next":"a"}',
  ])('goes on as it is: %j', (text) => {
    for (const size of [Infinity, 1, 4]) expect(rewritten(text, ['next'], size)).toBe(text)
  })

  it('bytes that are no UTF-8 are those that came', () => {
    const bytes = Uint8Array.from([...encoder.encode('{"next":"'), 0xff, ...encoder.encode('"}')])
    const strings = new JsonStrings(waysOf('next'), marked)
    const parts = [...strings.push(bytes), ...strings.end()]
    expect(joined(parts, bytes.length)).toEqual(bytes)
  })

  it('is not gone into, however deep', () => {
    const deep = `{"x":${'['.repeat(200_000)}`
    const strings = new JsonStrings(waysOf('next'), marked)
    expect(strings.push(encoder.encode(deep)).map(({ length }) => length)).toEqual([deep.length])
  })
})

it.each([16 * 1024 - 2, 16 * 1024 - 1, 100_000])(
  'a text of %i characters is held up to a limit',
  (length) => {
    const json = `{"next":"${'a'.repeat(length)}","b":1}`
    const expected = length > 16 * 1024 - 2 ? json : json.replace('"a', '"<a').replace('a"', 'a>"')
    for (const size of [Infinity, 1000]) expect(rewritten(json, ['next'], size)).toBe(expected)
  },
)

it('what is before a text that is held goes on at once', () => {
  const strings = new JsonStrings(waysOf('next'), marked)
  const said = strings.push(encoder.encode('{"a":1,"next":"htt'))
  expect(said.map((part) => decoder.decode(part)).join('')).toBe('{"a":1,"next":')
})

/** The same by parsing the whole. */
function reference(value: unknown, ways: readonly Steps[]): unknown {
  if (typeof value === 'string') return ways.some((way) => way.length === 0) ? marked(value) : value
  if (Array.isArray(value)) {
    const inside = ways.flatMap(([step, ...rest]) => (step === 'item' ? [rest] : []))
    return value.map((each) => reference(each, inside))
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => {
      const inside = ways.flatMap(([step, ...rest]) =>
        step === 'any' || (typeof step === 'object' && step.key === key) ? [rest] : [],
      )
      return [key, reference(each, inside)]
    }),
  )
}

const key = fc.constantFrom('a', 'b', 'next', 'é"\\')
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom<unknown>(
      '',
      'x',
      'https://a.test/é"\\\n',
      'a'.repeat(40),
      0,
      -1.5e-7,
      true,
      null,
    ),
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(key, tie('tree'), { maxKeys: 4 }),
  ),
}))
const field = fc
  .array(fc.constantFrom('.a', '.b', '.next', '.*', '[]'), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join('').replace(/^\./, ''))

it('does what parsing the whole would do, however it is cut', () => {
  fc.assert(
    fc.property(
      tree,
      fc.array(field, { maxLength: 3 }),
      fc.integer({ min: 1, max: 9 }),
      fc.constantFrom(undefined, 1, '\t'),
      (value, fields, size, space) => {
        const json = JSON.stringify(value, null, space)
        expect(rewritten(json, fields, size, (text) => text)).toBe(json)
        expect(JSON.parse(rewritten(json, fields, size))).toEqual(
          reference(value, waysOf(...fields)),
        )
      },
    ),
    { numRuns: 1500 },
  )
})

it('loses and adds no byte of anything', () => {
  const piece = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ':',
    ',',
    '"',
    '\\',
    'a',
    '"a"',
    '"next":',
    '1',
    ' ',
    'é',
  )
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 40 }),
      fc.integer({ min: 1, max: 5 }),
      (pieces, size) => {
        const text = pieces.join('')
        expect(rewritten(text, ['next', 'a[]', '*.a'], size, (said) => said)).toBe(text)
      },
    ),
    { numRuns: 3000 },
  )
})

describe('a field is written', () => {
  it.each<[string, Steps | null]>([
    ['next', [{ key: 'next' }]],
    ['a.b', [{ key: 'a' }, { key: 'b' }]],
    ['a[].b[][]', [{ key: 'a' }, 'item', { key: 'b' }, 'item', 'item']],
    ['[]', ['item']],
    ['[].a', ['item', { key: 'a' }]],
    ['*', ['any']],
    ['a.*[].b', [{ key: 'a' }, 'any', 'item', { key: 'b' }]],
    [String.raw`@odata\.nextLink`, [{ key: '@odata.nextLink' }]],
    [String.raw`a\[\]\*\\`, [{ key: String.raw`a[]*\ `.trim() }]],
    ['$ref', [{ key: '$ref' }]],
    ['a b', [{ key: 'a b' }]],
    ['', null],
    ['.', null],
    ['.a', null],
    ['a.', null],
    ['a..b', null],
    ['a[', null],
    ['a[0]', null],
    ['a[]b', null],
    ['a*', null],
    ['**', null],
    ['a\\b', null],
    ['a\n', null],
  ])('%s', (text, steps) => {
    expect(stepsIn(text)).toEqual(steps)
  })
})
