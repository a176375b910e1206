import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { Unreadable } from '../../src/content/content.ts'
import { Numeral, readJson } from '../../src/content/json.ts'
import type { Json } from '../../src/content/json.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const read = (text: string) => plain(readJson(bytes(text)))

/** As `JSON.parse` has it. */
function plain(value: Json): unknown {
  if (value instanceof Numeral) return Number(value.text)
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([name, each]: [string, Json]) => [name, plain(each)]))
  }
  return Array.isArray(value) ? value.map(plain) : value
}

describe('what is read', () => {
  it.each([
    'null',
    ' \t\r\n true \n',
    'false',
    '0',
    '-0.5e+2',
    '123456789012345678',
    '""',
    '"a\\u00e9\\n\\"\\\\\\/"',
    '"\\ud83d\\ude00"',
    '"\\u0000"',
    '"\u2028\u007f"',
    '[]',
    '[ ]',
    '[1, [2, []], {}]',
    '{ }',
    '{"a": {"a": [{"a": 1}]}, "": 0, "A": 2}',
    `${'['.repeat(64)}${']'.repeat(64)}`,
  ])('%s', (text) => {
    expect(read(text)).toEqual(JSON.parse(text))
  })

  it('has no member that was not sent, and every one that was', () => {
    const value = readJson(bytes('{"__proto__": {"x": 1}, "toString": 2}'))
    expect(value).toEqual(
      new Map<string, unknown>([
        ['__proto__', new Map([['x', 1]])],
        ['toString', 2],
      ]),
    )
    expect(value instanceof Map && value.has('constructor')).toBe(false)
  })
})

describe('what is refused', () => {
  it.each([
    ['nothing', ''],
    ['only blanks', '  '],
    ['something behind it', '{} {}'],
    ['something behind it', '1 2'],
    ['something behind it', 'nullx'],
    ['a NUL behind it', '{}\0'],
    ['a byte order mark', '\uFEFF{}'],
    ['another blank', '\u00a0{}'],
    ['a form feed', '\f{}'],
    ['a name twice', '{"a": 1, "a": 1}'],
    ['a name twice, escaped', '{"amount": 1, "am\\u006funt": 2}'],
    ['a name twice, deep', '[{"a": {"b": 1, "b": 2}}]'],
    ['a name twice that is a prototype', '{"__proto__": 1, "__proto__": 2}'],
    ['a NUL in a name', '{"amount\\u0000x": 1}'],
    ['a name without quotes', '{a: 1}'],
    ['single quotes', "{'a': 1}"],
    ['a final comma', '{"a": 1,}'],
    ['a final comma', '[1,]'],
    ['a hole', '[1,,2]'],
    ['a missing colon', '{"a" 1}'],
    ['a missing end', '{"a": 1'],
    ['a missing end', '[1'],
    ['a missing end', '"a'],
    ['a missing end', '"a\\'],
    ['the wrong end', '[1}'],
    ['a comment', '{} // x'],
    ['a comment', '/* x */ {}'],
    ['a control character', '"a\nb"'],
    ['a control character', '"\u0000"'],
    ['an unknown escape', '"\\x41"'],
    ['half a pair', '"\\ud83d"'],
    ['half a pair', '"\\ude00\\ud83d"'],
    ['half a pair, in a name', '{"\\ud800": 1}'],
    ['a leading zero', '01'],
    ['a plus', '+1'],
    ['no digit', '-'],
    ['no digit behind the point', '1.'],
    ['no digit before the point', '.5'],
    ['hexadecimal', '0x10'],
    ['beyond a double', '1e400'],
    ['NaN', 'NaN'],
    ['Infinity', '-Infinity'],
    ['other digits', '١'],
    ['65 levels', `${'['.repeat(65)}${']'.repeat(65)}`],
    ['many levels', '['.repeat(100_000)],
    ['a word in capitals', 'TRUE'],
  ])('%s', (_, text) => {
    expect(() => read(text)).toThrow(Unreadable)
  })

  it.each([
    ['an overlong slash', [0x22, 0xc0, 0xaf, 0x22]],
    ['half a character', [0x22, 0xe2, 0x82, 0x22]],
    ['a surrogate in UTF-8', [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ['Latin-1', [0x22, 0xe9, 0x22]],
    ['UTF-16, big end first', [0xfe, 0xff, 0, 0x7b, 0, 0x7d]],
    ['UTF-16, small end first', [0xff, 0xfe, 0x7b, 0, 0x7d, 0]],
    ['UTF-16 without a mark', [0, 0x7b, 0, 0x7d]],
    ['UTF-32', [0, 0, 0, 0x7b, 0, 0, 0, 0x7d]],
  ])('%s', (_, sent) => {
    expect(() => readJson(Uint8Array.from(sent))).toThrow(Unreadable)
  })
})

describe('numbers', () => {
  it.each([
    ['5000', 5000],
    ['-0', -0],
    ['0.1', 0.1],
    ['1.10', 1.1],
    ['5e3', 5000],
    ['5000.000000000000000000000', 5000],
    ['0.0000000000000000000000e-99999999999', 0],
    ['9007199254740992', 9007199254740992],
    ['0.30000000000000004', 0.30000000000000004],
    ['1.7976931348623157e308', Number.MAX_VALUE],
    ['123456789012345680000', 123456789012345680000],
  ])('%s is exact', (text, value) => {
    expect(readJson(bytes(text))).toBe(value)
  })

  it.each([
    '9007199254740993',
    '5000.0000000000000001',
    '0.10000000000000000555',
    '1e-400',
    '-12345678901234567890',
    '1.7976931348623158e308',
  ])('%s is not', (text) => {
    expect(readJson(bytes(text))).toEqual(new Numeral(text))
  })
})

describe('against the reader of the runtime', () => {
  it('reads what it writes', () => {
    fc.assert(
      fc.property(fc.json({ noUnicodeString: false }), fc.nat(8), (text, indent) => {
        const value: unknown = JSON.parse(text)
        fc.pre(!/\\u0000|\\ud[89a-f]/i.test(text))
        expect(read(text)).toEqual(value)
        expect(read(JSON.stringify(value, null, indent))).toEqual(value)
      }),
    )
  })

  it('takes nothing that it refuses, and reads alike what both take', () => {
    const marks = '{ } [ ] , : "a" "b" "\\u0061" 1 - 0.5 e3 true null " \\'.split(' ')
    const token = fc.constantFrom(...marks, ' ', '\0', '\n')
    fc.assert(
      fc.property(fc.array(token, { maxLength: 9 }), (tokens) => {
        const text = tokens.join('')
        let value: unknown
        try {
          value = read(text)
        } catch (error) {
          expect(error).toBeInstanceOf(Unreadable)
          return
        }
        expect(value).toEqual(JSON.parse(text))
      }),
      { numRuns: 5000 },
    )
  })

  it('never takes a name twice', () => {
    const name = fc.string({ minLength: 1, maxLength: 3 })
    const escaped = (text: string) =>
      text.replaceAll(/[^]/g, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`)
    fc.assert(
      fc.property(
        fc.uniqueArray(name, { minLength: 1 }),
        fc.nat(),
        fc.boolean(),
        (names, at, so) => {
          const again = names[at % names.length] ?? ''
          const members = [
            ...names.map((each) => JSON.stringify(each)),
            so ? `"${escaped(again)}"` : JSON.stringify(again),
          ]
          const text = `{${members.map((each) => `${each}: 1`).join(', ')}}`
          expect(() => read(text)).toThrow(Unreadable)
        },
      ),
    )
  })

  it('takes time linear in the text', () => {
    const long = 400_000
    const texts = [
      `"${'\\\\'.repeat(long)}`,
      '0'.repeat(long),
      `1${'0'.repeat(long)}1`,
      `0.${'0'.repeat(long)}1${'0'.repeat(long)}`,
      `[${'{},'.repeat(long)}{}]`,
      ' '.repeat(long),
    ]
    const from = performance.now()
    for (const text of texts) {
      try {
        read(text)
      } catch (error) {
        expect(error).toBeInstanceOf(Unreadable)
      }
    }
    expect(performance.now() - from).toBeLessThan(5000)
  })
})
