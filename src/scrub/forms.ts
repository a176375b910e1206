import { RUN, gramsOf } from './grams.ts'
import type { Places } from './grams.ts'
import { unknownPart } from './known.ts'
import { privateParts } from './private_key.ts'
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
  /** Of these, `RUN` consecutive bytes are searched for too. */
  readonly plains: readonly Bytes[]
}

/** Characters of which the spellings are kept. */
const MOST_KEPT = 256

const NOTHING: Forms = { patterns: [], plains: [] }

/**
 * Every form of a secret: each character in any of its spellings, hex, base64 in its three
 * alignments, UTF-16; of a private key its lines too, and no runs. One shorter than `SHORTEST` has
 * none.
 */
export function formsOf(text: string): Forms {
  if (text.length < SHORTEST) return NOTHING
  const key = privateParts(text)
  if (key) {
    const lines = key.lines.flatMap((line) => sentFormsOf(line).patterns)
    return { patterns: [...key.wholes.flatMap(patternsOf), ...lines], plains: [] }
  }
  const own = bytesOf(unknownPart(text))
  return { patterns: patternsOf(text), plains: own.length < RUN ? [] : [own] }
}

function patternsOf(text: string): readonly Pattern[] {
  const bytes = bytesOf(text)
  return [
    pattern(Array.from(text.toWellFormed(), spelt)),
    pattern(Array.from(bytes, (byte) => hex(byte.charCodeAt(0), 2)).flatMap(digitsOf)),
    ...[0, 1, 2].map((shift) => pattern(base64(bytes, shift))),
    ...wide(text),
  ]
}

/**
 * The forms of what was made of a secret and sent, such as the pair of `Basic` or a signature: as it
 * is, with its punctuation in any spelling.
 */
export function sentFormsOf(text: string): Forms {
  if (text.length < SHORTEST) return NOTHING
  const places = Array.from(text, (char) => (/^\w$/.test(char) ? alone(char) : spelt(char)))
  return { patterns: [pattern(places)], plains: [] }
}

function pattern(places: Places, isWide = false): Pattern {
  const bytes = new Set<number>()
  const seen = new Set<readonly Bytes[]>()
  let [least, most] = [0, 0]
  for (const spellings of places) {
    let [shortest, longest] = [Infinity, 0]
    for (const { length } of spellings) {
      if (length < shortest) shortest = length
      if (length > longest) longest = length
    }
    least += shortest
    most += longest
    if (seen.has(spellings)) continue
    seen.add(spellings)
    for (const byte of spellings.join('')) bytes.add(byte.charCodeAt(0))
  }
  return { places, wide: isWide, least, most, grams: gramsOf(places), bytes }
}

/** Both cases of each hexadecimal digit. */
function digitsOf(pair: string): Places {
  return Array.from(pair, bothCases)
}

const bothCases = remembered((digit: string) => [...new Set([digit, digit.toUpperCase()])])

/**
 * The characters of base64 that depend on the secret alone when `shift` bytes stand before it: what
 * is around it changes the ones at the edges, and padding says nothing.
 */
function base64(bytes: Bytes, shift: number): Places {
  const whole = btoa('\0'.repeat(shift) + bytes)
  const end = Math.floor(((shift + bytes.length) * 8) / 6)
  return Array.from(whole.slice(Math.ceil((shift * 8) / 6), end), base64Spellings)
}

const base64Spellings = remembered((char: string) => {
  if (char === '+') return [...spellingsOf(char), '-']
  return char === '/' ? [...spellingsOf(char), '_'] : [char]
})

/**
 * UTF-16 of either byte order, without the byte at the edge: what is left of ASCII is the same in
 * both, and stands at the same place of a character.
 */
function wide(text: string): readonly Pattern[] {
  const units = Array.from({ length: text.length }, (_, at) => text.charCodeAt(at))
  const big = units.map((unit) => String.fromCharCode(unit >> 8, unit & 255)).join('')
  const little = units.map((unit) => String.fromCharCode(unit & 255, unit >> 8)).join('')
  const distinct = new Set([big.slice(1), little.slice(0, -1)])
  return [...distinct].map((each) => pattern(Array.from(each, alone), true))
}

const alone = remembered((byte: string) => [byte])

const spelt = remembered(spellingsOf)

/** Of single characters, of which secrets have few. */
function remembered(make: (char: string) => readonly Bytes[]): (char: string) => readonly Bytes[] {
  const made = new Map<string, readonly Bytes[]>()
  return (char) => {
    let known = made.get(char)
    if (!known) {
      if (made.size >= MOST_KEPT) made.clear()
      made.set(char, (known = make(char)))
    }
    return known
  }
}
