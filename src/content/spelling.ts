import { decoded } from '../query.ts'

/** Nobody decodes a name this often. */
const MAX_DECODINGS = 8

/** A name that has one reading only, which is one word: itself. */
const SIMPLE = /^[a-z0-9]+$/

/**
 * A name as the most lenient server reads it, in words: percent-decoded however often, up to a NUL
 * (C), in any case (Go, ASP.NET), Unicode width or padding; `customer[id]` and `customer.id` are two
 * words (Rack, PHP, Spring, Elasticsearch); without `_`, `-` and blanks, since Protocol Buffers take
 * `page_size` for `pageSize`. An index is no word.
 */
export function wordsOf(name: string): readonly string[] {
  if (SIMPLE.test(name)) return [name]
  const [untilNul = ''] = settled(name).split('\0')
  return caseless(untilNul.replaceAll('+', ' '))
    .split(/[.[\]]/)
    .map((word) => word.replaceAll(/[\s_-]/g, ''))
    .filter((word, index) => word !== '' && (index === 0 || !/^[0-9]+$/.test(word)))
}

/** The words of a field, `items[].unit_price`: `items`, `unitprice`. */
export function wordsOfSteps(steps: readonly (string | null)[]): readonly string[] {
  return steps.flatMap((step) => (step === null ? [] : wordsOf(step)))
}

/** Whether the names are of one field, or one is of something in the other. */
export function overlap(a: readonly string[], b: readonly string[]): boolean {
  const most = Math.min(a.length, b.length)
  return most > 0 && a.slice(0, most).every((word, index) => word === b[index])
}

/** The same where words may have been joined: PHP reads `customer.id` and `customer[id` as `customer_id`. */
export function overlapJoined(a: readonly string[], b: readonly string[]): boolean {
  const [one, other] = [a.join(''), b.join('')]
  if (one === '' || other === '') return false
  if (one.length > other.length) return one.startsWith(other) && isBeginning(other, a)
  return other.startsWith(one) && isBeginning(one, b)
}

/** Whether it is the first words, or word, or all of them. */
function isBeginning(text: string, words: readonly string[]): boolean {
  let length = 0
  return words.some((word) => (length += word.length) === text.length)
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
