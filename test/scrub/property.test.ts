import fc from 'fast-check'
import { expect, it } from 'vitest'

import { formsOf } from '../../src/scrub/forms.ts'
import { Scrubber } from '../../src/scrub/scrubber.ts'
import { Search } from '../../src/scrub/search.ts'
import { ENCODERS, latin, raw } from './encoders.ts'

/** Few letters, so that texts resemble secrets; and no bracket, which would make a secret of `[redacted]`. */
const LETTER = fc.constantFrom(...'aab0157nu-_+/=.%&"<\\é', ' ', '\n')
const SECRET = fc
  .array(LETTER, { minLength: 8, maxLength: 40 })
  .map((letters) => letters.join(''))
  .filter((text) => text.trim() === text && new Set(text).size > 3)

const encoders = Object.entries(ENCODERS)
const RUNS = { numRuns: 500 }

function scrub(search: Search, chunks: readonly string[], json: boolean) {
  const scrubber = new Scrubber(search, json)
  const parts = [...chunks.flatMap((chunk) => scrubber.push(raw(chunk))), ...scrubber.end()]
  return { text: parts.map(latin).join(''), count: scrubber.count }
}

function chunked(text: string, sizes: readonly number[]): string[] {
  const chunks: string[] = []
  for (let at = 0, n = 0; at < text.length; n += 1) {
    const size = sizes[n % sizes.length] ?? 1
    chunks.push(text.slice(at, at + size))
    at += size
  }
  return chunks
}

const SIZES = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 8 })

/** Noise, forms of secrets and parts of them, one after another. */
const texts = (secrets: readonly string[]) =>
  fc
    .array(
      fc.oneof(
        fc
          .array(LETTER, { maxLength: 30 })
          .map((letters) => latin(new TextEncoder().encode(letters.join('')))),
        fc
          .tuple(fc.constantFrom(...secrets), fc.constantFrom(...encoders))
          .map(([secret, [, encode]]) => encode(secret)),
        fc
          .tuple(fc.constantFrom(...secrets), fc.nat(20), fc.nat(40))
          .map(([secret, from, size]) =>
            latin(new TextEncoder().encode(secret).slice(from, from + size)),
          ),
      ),
      { maxLength: 6 },
    )
    .map((parts) => parts.join(''))

const CASE = fc
  .array(SECRET, { minLength: 1, maxLength: 3 })
  .chain((secrets) => fc.tuple(fc.constant(secrets), texts(secrets), SIZES, fc.boolean()))

it('the chunks make no difference', () => {
  fc.assert(
    fc.property(CASE, ([secrets, text, sizes, json]) => {
      const search = new Search(secrets.map(formsOf))
      expect(scrub(search, chunked(text, sizes), json)).toEqual(scrub(search, [text], json))
    }),
    RUNS,
  )
})

it('nor does room before them', () => {
  fc.assert(
    fc.property(CASE, fc.integer({ min: 1, max: 200 }), ([secrets, text, sizes, json], room) => {
      const search = new Search(secrets.map(formsOf))
      const scrubber = new Scrubber(search, json)
      // As a body is read: always into the same memory.
      const memory = new Uint8Array(room + 30)
      let out = ''
      for (const chunk of chunked(text, sizes)) {
        memory.set(raw(chunk), room)
        const parts = scrubber.push(memory.subarray(room, room + chunk.length), room)
        out += parts.map(latin).join('')
      }
      out += scrubber.end().map(latin).join('')
      expect({ text: out, count: scrubber.count }).toEqual(scrub(search, [text], json))
    }),
    RUNS,
  )
})

it('no form of a secret comes out', () => {
  fc.assert(
    fc.property(CASE, ([secrets, text, sizes]) => {
      const out = scrub(new Search(secrets.map(formsOf)), chunked(text, sizes), false).text
      for (const secret of secrets) {
        const left = encoders.filter(([, encode]) => out.includes(encode(secret)))
        expect(left.map(([name]) => name)).toEqual([])
      }
    }),
    RUNS,
  )
})

it('no twelve bytes of a secret come out, but for the backslashes of an escape', () => {
  fc.assert(
    fc.property(CASE, ([secrets, text, sizes]) => {
      const out = scrub(new Search(secrets.map(formsOf)), chunked(text, sizes), false).text
      for (const secret of secrets) {
        const plain = latin(new TextEncoder().encode(secret))
        // The ends of a run stay where they are half of something.
        if (/\\|[^ -~]/.test(plain)) continue
        for (let at = 0; at + 12 <= plain.length; at += 1) {
          const run = plain.slice(at, at + 12)
          // Blanks at the beginning of a run are not counted: docs/scrubbing.md.
          if (run.trimStart() === run) expect(out).not.toContain(run)
        }
      }
    }),
    RUNS,
  )
})

it('JSON stays JSON, and what is not secret stays as it was', () => {
  const digits = fc.stringMatching(/^[1-9][0-9]{7,19}$/)
  const any = fc.oneof(SECRET, digits)
  const value = (secrets: readonly string[]) => {
    const leaf = fc.oneof(
      fc.constantFrom(...secrets),
      fc.constantFrom(...secrets).map((secret) => (/^\d+$/.test(secret) ? Number(secret) : secret)),
      fc
        .tuple(fc.array(LETTER, { maxLength: 9 }), fc.constantFrom(...secrets))
        .map(([noise, secret]) => noise.join('') + secret),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
    )
    return fc.array(fc.dictionary(fc.constantFrom('a', 'b', ...secrets), leaf), { maxLength: 4 })
  }
  fc.assert(
    fc.property(
      fc
        .array(any, { minLength: 1, maxLength: 2 })
        .chain((secrets) =>
          fc.tuple(fc.constant(secrets), value(secrets), SIZES, fc.constantFrom(undefined, 1)),
        ),
      ([secrets, json, sizes, indent]) => {
        const text = latin(new TextEncoder().encode(JSON.stringify(json, null, indent)))
        const { text: out, count } = scrub(
          new Search(secrets.map(formsOf)),
          chunked(text, sizes),
          true,
        )
        const decoded = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(raw(out))
        expect(() => JSON.parse(decoded)).not.toThrow()
        if (count === 0) expect(out).toBe(text)
      },
    ),
    RUNS,
  )
})
