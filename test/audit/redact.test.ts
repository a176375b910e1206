import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { redact, TOKEN_SHAPES } from '../../src/audit/redact.ts'

const KEY = 'sentinel/agent+key='

describe('a key that a call showed', () => {
  it.each([
    ['plain', KEY],
    ['percent-encoded', encodeURIComponent(KEY)],
    ['percent-encoded in lower case', encodeURIComponent(KEY).toLowerCase()],
  ])('is not recorded of a path: %s', (_title, spelt) => {
    const path = redact(`/a/${spelt}/b`, [KEY])
    expect(path).toBe('/a/[redacted]/b')
    expect(decodeURIComponent(path)).not.toContain(KEY)
  })
})

it('keys that are longer than any text take no time', () => {
  const keys = Array.from({ length: 64 }, (_, n) => `${n}${', '.repeat(100_000)}`)
  const start = performance.now()
  expect(redact('/a/12345678', [...keys, '12345678'])).toBe('/a/[redacted]')
  expect(performance.now() - start).toBeLessThan(1000)
})

describe('what looks like a token', () => {
  it.each([
    ['a JWS', 'eyJhbGciOiJ.eyJzdWIiOiI.c2ln', '[redacted]'],
    ['a grant token with an escape in its mark', `%6fp_${'a'.repeat(43)}`, '[redacted]'],
    ['one with escapes behind it', `o%70%5F${'%41b'.repeat(21)}c`, '[redacted]'],
    ['a JWS without a signature', 'eyJhbGciOiJ.eyJzdWIiOiI.', '[redacted]'],
    ['a JWS of two parts', 'eyJhbGciOiJ.eyJzdWIiOiI', '[redacted]'],
    ['a JWS behind a word', 'token-eyJhbGciOiJ.eyJzdWIiOiI.c2ln', 'token-[redacted]'],
    [
      'two in a row',
      'eyJhbGciOiJ.eyJzdWIiOiI.c.eyJhbGciOiJ.eyJzdWIiOiI.c',
      '[redacted].[redacted]',
    ],
    ['a header that is too short', 'eyJhbGciOi.eyJzdWIi.c2ln', 'eyJhbGciOi.eyJzdWIi.c2ln'],
    ['a word', 'eyJhbGciOiJ/eyJzdWIiOiI', 'eyJhbGciOiJ/eyJzdWIiOiI'],
  ])('%s', (_title, text, expected) => {
    expect(redact(`/${text}/x`, [])).toBe(`/${expected}/x`)
  })

  it('is found as the one expression finds it that says what a token is', () => {
    const parts = fc.constantFrom('eyJ', 'hbGciOiJ', '.', '..', 'a', '-_', '/', '%2F', 'zzzzzzzz')
    const text = fc.array(parts, { maxLength: 14 }).map((all) => `/${all.join('')}`)
    fc.assert(
      fc.property(text, (path) => {
        expect(redact(path, [])).toBe(path.replaceAll(TOKEN_SHAPES, '[redacted]'))
      }),
      { numRuns: 5000 },
    )
  })

  /** With an expression that begins anew at each of them: half a minute for the first. */
  it.each(['eyJ', 'eyJhbGciOiJ.', 'sk-', 'bot123456', 'ghp_', 'op_a', 'op_%41', '%6Fp_a'])(
    'takes no time to be looked for among many %s',
    (beginning) => {
      const text = beginning.repeat(Math.ceil((64 * 1024) / beginning.length))
      const start = performance.now()
      redact(text, [])
      expect(performance.now() - start).toBeLessThan(2000)
    },
  )
})
