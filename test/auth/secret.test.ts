import { describe, expect, it } from 'vitest'

import { isInName, reveal, Secret } from '../../src/secret.ts'

const SENTINEL = 'sentinel-3f9c'

describe('a secret does not show itself', () => {
  const secret = new Secret(SENTINEL)
  const boxed = { secret, list: [secret] }

  const shown: [string, () => unknown][] = [
    ['String()', () => String(secret)],
    // oxlint-disable-next-line typescript/restrict-template-expressions -- it is what is tested
    ['a template literal', () => `${secret}`],
    ['concatenation', () => ['', secret].join('')],
    ['JSON', () => JSON.stringify(boxed)],
    ['JSON of an error that carries it', () => JSON.stringify(new Error('no', { cause: secret }))],
    // oxlint-disable-next-line typescript/restrict-template-expressions -- it is what is tested
    ['an error message', () => new Error(`no ${secret}`).message],
    ['a URL', () => new URLSearchParams({ q: String(secret) }).toString()],
    ['keys', () => JSON.stringify(Reflect.ownKeys(secret))],
    ['entries', () => JSON.stringify(Object.entries(secret))],
    ['a spread copy', () => JSON.stringify(Object.assign({}, secret))],
    ['a structured clone', () => JSON.stringify(structuredClone(Object.assign({}, secret)))],
    ['the printer of the test runner', () => printed(boxed)],
    ['its own source', () => JSON.stringify(Object.getOwnPropertyDescriptors(Secret.prototype))],
  ]

  it.each(shown)('%s', (_what, show) => {
    secret.equals(SENTINEL)
    expect(show()).not.toContain(SENTINEL)
    expect(show()).not.toContain('3f9c')
  })

  it.each([
    ['String()', String(secret), '[secret]'],
    ['JSON', JSON.stringify(boxed), '{"secret":"[secret]","list":["[secret]"]}'],
  ])('%s says what it is', (_what, text, expected) => {
    expect(text).toBe(expected)
  })

  it('opens to its exact text', () => {
    expect(reveal(secret)).toBe(SENTINEL)
  })
})

/** What an assertion that fails writes about a value: a deep inspection, as consoles do it. */
function printed(value: unknown): string {
  try {
    expect(value).toBe('another')
  } catch (error) {
    const { message, actual } = error as { message: string; actual: unknown }
    return `${message} ${String(actual)}`
  }
  return SENTINEL
}

describe('equals', () => {
  const long = 'x'.repeat(1022)

  it.each([
    ['the same', 'abc', 'abc', true],
    ['another', 'abc', 'abd', false],
    ['other case', 'abc', 'ABC', false],
    ['a prefix', 'abc', 'ab', false],
    ['longer', 'abc', 'abcd', false],
    ['longer by a NUL, which is what pads', 'abc', 'abc\0', false],
    ['nothing', 'abc', '', false],
    ['an empty secret equals nothing', '', '', false],
    ['and nothing equals it', '', 'abc', false],
    ['multi-byte', 'пароль🔑', 'пароль🔑', true],
    ['multi-byte, composed otherwise', 'é', 'e\u0301', false],
    ['one byte against two', 'é', '\u00c3\u00a9', false],
    ['1022 bytes', long, long, true],
    ['1022 bytes, the last differs', long, `${long.slice(1)}y`, false],
    ['1023 bytes equal nothing', `${long}x`, `${long}x`, false],
    ['1023 bytes, presented for 1022', long, `${long}x`, false],
    ['1022 bytes, presented for 1023', `${long}x`, long, false],
    ['511 characters of two bytes', 'é'.repeat(511), 'é'.repeat(511), true],
    ['512 characters of two bytes', 'é'.repeat(512), 'é'.repeat(512), false],
    ['a last character cut by the limit', `${long.slice(1)}é`, `${long.slice(1)}é`, false],
    ['257 bytes against 1 of the same low byte', `a${'\0'.repeat(256)}`, 'a', false],
  ])('%s', (_what, mine, theirs, expected) => {
    const secret = new Secret(mine)
    expect(secret.equals(theirs)).toBe(expected)
    expect(secret.equals(theirs)).toBe(expected)
  })
})

describe('redact', () => {
  it.each([
    ['every occurrence', 'k1', 'a k1 b k1', 'a [redacted] b [redacted]'],
    ['nothing else', 'k1', 'a K1', 'a K1'],
    ['an empty secret is nowhere', '', 'abc', 'abc'],
    ['no pattern', '$&.*', 'a $&.* b', 'a [redacted] b'],
  ])('%s', (_what, secret, text, expected) => {
    expect(new Secret(secret).redact(text)).toBe(expected)
  })
})

it('does not count line breaks at its end: `wrangler secret put < file` keeps the one that editors add', () => {
  expect(new Secret('key\r\n\n').equals('key')).toBe(true)
  expect(new Secret('key\r\n').equals('key\r\n')).toBe(false)
  expect(reveal(new Secret('a\nb\n'))).toBe('a\nb')
})

const PEM = `-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0${'sentinel'.repeat(5)}A\n-----END PRIVATE KEY-----`

/** The runtime shows names in small letters, and sends them as they came. */
describe('the name of a header', () => {
  it.each<[string, string, boolean]>([
    ['x-sent-ab12cd34ef56', 'Ab12Cd34Ef56', true],
    ['x-d34ef56gh78ij-y', 'Ab12Cd34Ef56Gh78Ij90', true],
    ['x-%61b12cd34', 'Ab12Cd34', true],
    ['x-416231326364333465663536', 'Ab12cd34ef56', true],
    ['x-ab12cd34ef5', 'Ab12Cd34Ef56', false],
    ['x-other', 'Ab12Cd34Ef56', false],
    ['x-pin-4', 'Pin-4', true],
    // The beginning of every RSA key: who knows it could try the next character.
    ['x-miievqibadanbgkqhkig9w0', PEM, false],
  ])('%s and %s: %j', (name, secret, expected) => {
    expect(isInName(name, [new Secret('another-one'), new Secret(secret)])).toBe(expected)
  })
})
