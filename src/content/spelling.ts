import { decoded } from '../query.ts'

/** Nobody decodes a name this often. */
const MAX_DECODINGS = 8

/** A name that has one reading only, which is one word: itself. */
const SIMPLE = /^[a-z0-9]+$/
/** One whose every character is itself, but for its case. */
const PLAIN = /^[\w .[\]$:@/-]*$/

/**
 * A name as the most lenient server reads it, in words: percent-decoded however often, up to a NUL
 * (C), in any case (Go, ASP.NET), Unicode width or padding; `customer[id]` and `customer.id` are two
 * words (Rack, PHP, Spring, Elasticsearch); without `_`, `-` and blanks, since Protocol Buffers take
 * `page_size` for `pageSize`. An index is no word.
 */
export function wordsOf(name: string): readonly string[] {
  if (SIMPLE.test(name)) return [name]
  const folded = PLAIN.test(name) ? name.toLowerCase() : foldedName(name)
  return folded
    .split(/[.[\]]/)
    .map((word) => word.replaceAll(/[\s_-]/g, ''))
    .filter((word, index) => word !== '' && (index === 0 || !/^[0-9]+$/.test(word)))
}

function foldedName(name: string): string {
  const [untilNul = ''] = settled(name).split('\0')
  return caseless(untilNul.replaceAll('+', ' '))
}

/** The words of a field, `items[].unit_price`: `items`, `unitprice`. */
export function wordsOfSteps(steps: readonly (string | null)[]): readonly string[] {
  return steps.flatMap((step) => (step === null ? [] : wordsOf(step)))
}

/** Whether the names are of one field, or one is of something in the other. */
export function overlap(a: readonly string[], b: readonly string[]): boolean {
  const most = Math.min(a.length, b.length)
  for (let at = 0; at < most; at += 1) {
    if (a[at] !== b[at]) return false
  }
  return most > 0
}

/** No field of a rule is longer, as its words one after the other. */
export const LONGEST_FIELD = 256

/** The first word, the first two, and so on, each as one; up to what a field may be. */
export function beginningsOf(words: readonly string[]): readonly string[] {
  const found: string[] = []
  let text = ''
  for (const word of words) {
    text += word
    // The whole of a longer name is the whole of no field, but it may begin like one.
    if (text.length > LONGEST_FIELD) return [...found, text]
    found.push(text)
  }
  return found
}

/** As the most lenient server compares two values: case, width and padding aside, up to a NUL. */
export function foldedValue(text: string): string {
  return caseless(text.split('\0')[0] ?? '').trim()
}

/** Upper case first: that folds letters, such as the dotless i, which lower case alone leaves. */
function caseless(text: string): string {
  return text.normalize('NFKC').toUpperCase().toLowerCase()
}

/** `%u0061` is how classic ASP has it. */
function settled(name: string): string {
  let text = name
  for (let round = 0; round < MAX_DECODINGS; round += 1) {
    const next = decoded(text)
      .replaceAll(/%u([0-9a-f]{4})/gi, (_, hex: string) =>
        String.fromCharCode(Number.parseInt(hex, 16)),
      )
      .normalize('NFKC')
    if (next === text) break
    text = next
  }
  return text
}
