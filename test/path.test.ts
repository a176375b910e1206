import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { checkPath, readingsOf } from '../src/policy/path.ts'

describe('paths that can be read in one way', () => {
  it.each([
    '/',
    '/a',
    '/a/b.c/',
    '//a',
    '/a;v=1/b',
    '/a%20b',
    '/%E2%82%AC',
    '/@x:y/(z)',
    '/a...b/...',
    '/.well-known/x',
    '/a/..b',
    '/%61',
    '/%2561',
    '/a%3Fb%23c',
    `/${'a'.repeat(8191)}`,
  ])('%s', (path) => {
    expect(checkPath(path)).toEqual({ ok: true, encodedSlash: false })
  })

  it.each(['/a%2Fb', '/a%2fb', '/%2F'])('%s has an encoded slash', (path) => {
    expect(checkPath(path)).toEqual({ ok: true, encodedSlash: true })
  })
})

describe('paths that are refused', () => {
  it.each([
    ['a dot segment', '/a/../b'],
    ['a dot segment', '/a/..'],
    ['a dot segment', '/./a'],
    ['a dot segment', '/a/%2e%2e/b'],
    ['a dot segment', '/a/.%2E/b'],
    ['a dot segment', '/a/%2e'],
    ['a dot segment', '/a/..;/b'],
    ['a dot segment', '/a/..;x=1/b'],
    ['a dot segment', '/a%2f..%2fb'],
    ['a dot segment', '/a/..%20/b'],
    ['a dot segment', '/a/%EF%BC%8E%EF%BC%8E/b'],
    ['a dot segment', '/a/%E2%80%A5/b'],
    ['a dot segment', '/a%EF%BC%8F..%EF%BC%8Fb'],
    ['encoded twice', '/a/%252e%252e/b'],
    ['encoded twice', '/a%252fb'],
    ['encoded twice', '/a%255cb'],
    ['encoded twice', '/a%2500'],
    ['encoded twice', '/a%25252fb'],
    ['a backslash', '/a%5cb'],
    ['a backslash', '/a%5Cb'],
    ['a backslash', String.raw`/a\b`],
    ['encoded twice', '/a/%EF%BC%852e%EF%BC%852e/b'],
    ['encoded twice', '/a%EF%BC%852fb'],
    ['a control character', '/a%00'],
    ['a control character', '/a%0d%0ab'],
    ['a control character', '/a%7f'],
    ['a control character', '/a%C2%85'],
    ['UTF-8', '/%ff'],
    ['UTF-8', '/%c0%ae%c0%ae/x'],
    ['UTF-8', '/%ed%a0%80'],
    ['UTF-8', '/%'],
    ['UTF-8', '/%zz'],
    ['UTF-8', '/%u0061'],
    ['longer', `/${'a'.repeat(8192)}`],
  ])('%s: %s', (why, path) => {
    expect(checkPath(path)).toMatchObject({ ok: false, why: expect.stringContaining(why) })
  })
})

describe('readings', () => {
  it('of a plain path are one', () => {
    expect(readingsOf('/Repos/a.b/c')).toEqual(['/repos/a.b/c'])
  })

  it.each([
    ['/admin.%20/x', '/admin/x'],
    ['/admin%20..%20', '/admin'],
    ['/a%20b.c%20d./e', '/a b.c d/e'],
    ['/.%20./admin', '//admin'],
  ])('of %s are also %s, without the tails of segments', (path, reading) => {
    expect(readingsOf(path)).toContain(reading)
  })

  /** With an expression that looks for what ends a segment: half a minute. */
  it.each([
    ['dots', `/a%20${'.'.repeat(65_536)}x`],
    ['blanks', `/a${'%20'.repeat(65_536)}x`],
    ['slashes', `/a%20${'/'.repeat(65_536)}x`],
    ['parameters', `/a%20${';'.repeat(65_536)}x`],
    ['segments', `/a%20${'/.;'.repeat(20_000)}x`],
    ['encoded signs', `/a${'%3F%23'.repeat(10_000)}x`],
    ['escapes of escapes', `/a${'%2541'.repeat(10_000)}x`],
    ['compatibility characters', `/a${'%EF%B7%BA'.repeat(7000)}x`],
  ])('of a path of many %s take no time', (_title, path) => {
    const start = performance.now()
    readingsOf(path)
    expect(performance.now() - start).toBeLessThan(2000)
  })

  /** Ways to write the same path that a server might undo. */
  const spelling = fc.constantFrom(
    (char: string) => char,
    (char: string) => `%${char.charCodeAt(0).toString(16)}`,
    (char: string) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
    (char: string) => `%25${char.charCodeAt(0).toString(16)}`,
    (char: string) => char.toUpperCase(),
    (char: string) => encodeURIComponent(String.fromCodePoint(char.charCodeAt(0) + 0xfee0)),
  )
  const letter = fc.tuple(fc.constantFrom(...'secret'), spelling)
  const between = fc.constantFrom('/', '//', '/;x/', ';y=1/', '%2F', '%2f', '///')
  const end = fc.constantFrom('', '/', '//', ';z', '%2F')

  it('find the plain path behind every spelling of it that is not refused', () => {
    fc.assert(
      fc.property(
        fc.array(letter, { minLength: 1, maxLength: 6 }),
        between,
        fc.array(letter, { minLength: 1, maxLength: 6 }),
        end,
        (first, slash, second, final) => {
          const spell = (letters: typeof first) => letters.map(([char, as]) => as(char)).join('')
          const path = `/${spell(first)}${slash}${spell(second)}${final}`
          if (!checkPath(path).ok) return
          const plain = (letters: typeof first) => letters.map(([char]) => char).join('')
          expect(readingsOf(path)).toContain(`/${plain(first)}/${plain(second)}`)
        },
      ),
      { numRuns: 2000 },
    )
  })
})
