import { RUN, gramsOf } from './grams.ts'
import type { Places } from './grams.ts'
import { bytesOf, hex, spellingsOf } from './spellings.ts'
import type { Bytes } from './spellings.ts'

/** Shorter secrets are words, and found everywhere: to replace them garbles an answer and hides nothing. */
export const SHORTEST = 8

/** One way to write a secret, and what a search has to know of it. */
export interface Pattern {
  /** For each of its characters, what may stand there. */
  readonly places: Places
  /** It is UTF-16, and so is what takes its place. */
  readonly wide: boolean
  /** Bytes of its shortest and of its longest text. */
  readonly least: number
  readonly most: number
  /** What its first bytes may be: see `gramsOf`. */
  readonly grams: ReadonlySet<number>
  /** Every byte that is in it. */
  readonly bytes: ReadonlySet<number>
}

/** What is searched for on behalf of one secret. */
export interface Forms {
  readonly patterns: readonly Pattern[]
  /** Of which `RUN` consecutive bytes are searched for; null where only the whole is. */
  readonly plain: Bytes | null
}

/** Its domain is in every answer, and nobody's secret. */
const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/

const NOTHING: Forms = { patterns: [], plain: null }

/**
 * Every form of a secret: each character in any of its spellings, hex, base64 in its three
 * alignments, UTF-16. One shorter than `SHORTEST` has none.
 */
export function formsOf(text: string): Forms {
  if (text.length < SHORTEST) return NOTHING
  const bytes = bytesOf(text)
  const patterns = [
    pattern(Array.from(text.toWellFormed(), remembered(spellingsOf))),
    pattern(Array.from(bytes, (byte) => hex(byte.charCodeAt(0), 2)).flatMap(digitsOf)),
    ...[0, 1, 2].map((shift) => pattern(base64(bytes, shift))),
    ...wide(text),
  ]
  return { patterns, plain: bytes.length < RUN || EMAIL.test(text) ? null : bytes }
}

/**
 * The forms of what was made of a secret and sent, such as the pair of `Basic` or a signature: as it
 * is, with its punctuation in any spelling.
 */
export function sentFormsOf(text: string): Forms {
  if (text.length < SHORTEST) return NOTHING
  const places = Array.from(text, (char) => (/^\w$/.test(char) ? [char] : spellingsOf(char)))
  return { patterns: [pattern(places)], plain: null }
}

function pattern(places: Places, isWide = false): Pattern {
  const lengths = places.map((spellings) => spellings.map(({ length }) => length))
  const all = new Set(places.flat())
  return {
    places,
    wide: isWide,
    least: lengths.reduce((sum, each) => sum + Math.min(...each), 0),
    most: lengths.reduce((sum, each) => sum + Math.max(...each), 0),
    grams: gramsOf(places),
    bytes: new Set(Array.from([...all].join(''), (byte) => byte.charCodeAt(0))),
  }
}

/** Both cases of each hexadecimal digit. */
function digitsOf(pair: string): Places {
  return Array.from(pair, (digit) => (digit < 'a' ? [digit] : [digit, digit.toUpperCase()]))
}

/**
 * The characters of base64 that depend on the secret alone when `shift` bytes stand before it: what
 * is around it changes the ones at the edges, and padding says nothing.
 */
function base64(bytes: Bytes, shift: number): Places {
  const whole = btoa('\0'.repeat(shift) + bytes)
  const end = Math.floor(((shift + bytes.length) * 8) / 6)
  return Array.from(whole.slice(Math.ceil((shift * 8) / 6), end), (char) => {
    if (char === '+') return [...spellingsOf(char), '-']
    return char === '/' ? [...spellingsOf(char), '_'] : [char]
  })
}

/**
 * UTF-16 of either byte order, without the byte at the edge: what is left of ASCII is the same in
 * both, and stands at the same place of a character.
 */
function wide(text: string): readonly Pattern[] {
  const units = Array.from({ length: text.length }, (_, at) => text.charCodeAt(at))
  const big = units.map((unit) => String.fromCharCode(unit >> 8, unit & 255)).join('')
  const little = units.map((unit) => String.fromCharCode(unit & 255, unit >> 8)).join('')
  const distinct = new Set([big.slice(1), little.slice(0, -1)])
  return [...distinct].map((each) =>
    pattern(
      Array.from(each, (byte) => [byte]),
      true,
    ),
  )
}

function remembered<T>(make: (char: string) => T): (char: string) => T {
  const made = new Map<string, T>()
  return (char) => {
    const known = made.get(char) ?? make(char)
    made.set(char, known)
    return known
  }
}
