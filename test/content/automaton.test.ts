import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { patternProgram } from '../../scripts/catalog/pattern-program.ts'
import { Wrong } from '../../scripts/catalog/problem.ts'
import { LONGEST_TEXT, matchesWhole } from '../../src/content/automaton.ts'
import { programOf } from './of.ts'

const TEXTS = [
  '',
  'a',
  'b',
  'aa',
  'ab',
  'aab',
  'abab',
  'A',
  '0',
  '9',
  '_',
  '-',
  ' ',
  '\n',
  '\r',
  '\t',
  '\u2028',
  '\u00a0',
  '\ufeff',
  'é',
  'İ',
  '😀',
  'a😀',
  '😀b',
  'a\n',
  'caféteria',
  'x'.repeat(41),
  'eur',
  'EUR',
  'a-b',
  'a.b',
  '2026-11-26',
  'user@example.com',
  '\0',
  'a\0',
]

describe('a pattern is a whole text', () => {
  it.each([
    'a',
    '^a$',
    '^a',
    '',
    '^$',
    'a*',
    'a+b?',
    '(?:ab)+',
    '(ab){2}',
    'a{0}',
    'a{0,2}b{1,}',
    'a|b|',
    '(?:a|ab)(?:b|)',
    '(a*)*b',
    '(?:a?){3}a{3}',
    '.',
    '.*',
    '[^]',
    '[]',
    '[ab]',
    '[^ab]',
    '[a-z0-9_-]{1,40}',
    '[^\\d\\s]+',
    '\\d+',
    '\\D',
    '\\w+',
    '\\W',
    '\\s',
    '\\S+',
    '[\\w.+-]+@[\\w-]+\\.com',
    '\\d{4}-\\d{2}-\\d{2}',
    '\\u{1f600}',
    '\\ud83d\\ude00b',
    'a.',
    '(?<name>a)b',
    'a*?b',
    '\\x61\\t?',
    '\\0',
    'caf\u00e9\\p{L}*'.replace('\\p{L}', '[a-z]'),
  ])('%s', (source) => {
    const program = programOf(source)
    const model = new RegExp(`^(?:${source})$`, 'u')
    const both = TEXTS.map((text) => [text, matchesWhole(program, text)])
    expect(both).toEqual(TEXTS.map((text) => [text, model.test(text)]))
  })
})

it.each([
  [
    '(?=a)b',
    '"^" at the beginning and "$" at the end are the only assertions that are supported, at character 1 of "(?=a)b"',
  ],
  [
    'a(?!b)',
    '"^" at the beginning and "$" at the end are the only assertions that are supported, at character 2 of "a(?!b)"',
  ],
  [
    'a\\b',
    '"^" at the beginning and "$" at the end are the only assertions that are supported, at character 2 of "a\\\\b"',
  ],
  [
    'a^',
    '"^" at the beginning and "$" at the end are the only assertions that are supported, at character 2 of "a^"',
  ],
  [
    '(^a)',
    '"^" at the beginning and "$" at the end are the only assertions that are supported, at character 2 of "(^a)"',
  ],
  ['(a)\\1', 'back references are not supported, at character 4 of "(a)\\\\1"'],
  ['\\p{L}', 'properties of Unicode are not supported, at character 1 of "\\\\p{L}"'],
  ['(?i:a)', 'modifiers are not supported, at character 1 of "(?i:a)"'],
  ['a{1001}', 'a pattern of more than 1000 steps, at character 1 of "a{1001}"'],
  ['(a{40}){40}', 'a pattern of more than 1000 steps, at character 1 of "(a{40}){40}"'],
  ['(a', 'not a regular expression: unterminated group, at character 3 of "(a"'],
  ['*', 'not a regular expression: nothing to repeat, at character 2 of "*"'],
  [
    'a{2,1}',
    'not a regular expression: numbers out of order in {} quantifier, at character 7 of "a{2,1}"',
  ],
])('%s is not taken', (source, message) => {
  expect(patternProgram(source)).toEqual(new Wrong(message))
})

it('matches no text that is longer than a text may be', () => {
  const program = programOf('a*')
  expect(matchesWhole(program, 'a'.repeat(LONGEST_TEXT))).toBe(true)
  expect(matchesWhole(program, 'a'.repeat(LONGEST_TEXT + 1))).toBe(false)
})

it('agrees with RegExp', () => {
  const atom = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\w', '\\S', '😀')
  const { source } = fc.letrec<{ source: string }>((tie) => ({
    source: fc.oneof(
      { maxDepth: 4 },
      atom,
      fc.tuple(tie('source'), tie('source')).map(([a, b]) => a + b),
      fc.tuple(tie('source'), tie('source')).map(([a, b]) => `(?:${a}|${b})`),
      fc
        .tuple(tie('source'), fc.constantFrom('*', '+', '?', '{2}', '{0,2}', '{1,}', '*?'))
        .map(([a, times]) => `(${a})${times}`),
    ),
  }))
  const text = fc.array(fc.constantFrom('a', 'b', '\n', '😀', '-'), { maxLength: 8 })
  fc.assert(
    fc.property(source, fc.array(text, { minLength: 1, maxLength: 5 }), (each, texts) => {
      const program = patternProgram(each)
      fc.pre(!(program instanceof Wrong))
      const model = new RegExp(`^(?:${each})$`, 'u')
      for (const characters of texts) {
        const joined = characters.join('')
        expect([joined, matchesWhole(program, joined)]).toEqual([joined, model.test(joined)])
      }
    }),
    { numRuns: 1000 },
  )
})

/** What a backtracking engine needs more than a lifetime for. */
it.each(['(a+)+b', '(a|a)*b', '(a*)*b', '(?:a?){200}a{200}b', '([ab]|[bc]|.)*x'])(
  'takes linear time for %s',
  (source) => {
    const program = programOf(source)
    const from = Date.now()
    expect(matchesWhole(program, 'a'.repeat(LONGEST_TEXT))).toBe(false)
    expect(Date.now() - from).toBeLessThan(10_000)
  },
)
