import type { Span } from './search.ts'

/** A text as far as it is here. */
export interface Text {
  readonly bytes: Uint8Array
  /** The last bytes before them. */
  readonly before: Uint8Array
  /** Nothing comes behind them. */
  readonly last: boolean
  /** What takes the place of a number may not be a word. */
  readonly json: boolean
}

const encoder = new TextEncoder()

const WORD = encoder.encode('[redacted]')
const WIDE = Uint8Array.from([...WORD].flatMap((byte) => [byte, 0])).subarray(0, -1)
const NULL = encoder.encode('null')
const ONE = encoder.encode('1')

const BACKSLASH = 0x5c
const U = 0x75

/**
 * What takes the place of a span, and from where on. JSON stays JSON: an escape is not cut, since in
 * `\nsecret` the `n` may be the first letter of a secret and is not one of a text; and where a number
 * may stand bare, it becomes `null`, a part of one `1`, which are text inside a string. null: the
 * next byte has to be seen first. Beyond `held` the span may go on, and `most` bytes are waited for.
 */
export function instead(
  text: Text,
  { from, to, wide }: Span,
  held: number,
  most: number,
): { readonly from: number; readonly text: Uint8Array } | null {
  if (wide) return { from, text: WIDE }
  const start = behindEscape(text, from)
  if (!mayBeNumber(text, start, to)) return { from: start, text: WORD }
  const pending = to > held || to === text.bytes.length
  if (pending && !text.last && to - from <= most) return null
  const after = byteAt(text, to)
  if (isDigit(byteAt(text, start - 1)) || isDigit(after)) return { from: start, text: ONE }
  return { from: start, text: AFTER.has(after) ? NULL : WORD }
}

function mayBeNumber(text: Text, from: number, to: number): boolean {
  const before = byteAt(text, from - 1)
  if (!text.json || !(BEFORE.has(before) || isDigit(before))) return false
  return text.bytes.subarray(from, to).every(isOfNumber)
}

/** -1 before the beginning, and behind the end. */
function byteAt({ bytes, before }: Text, at: number): number {
  return (at < 0 ? before[before.length + at] : bytes[at]) ?? -1
}

function behindEscape(text: Text, from: number): number {
  for (let at = from - 1; at >= from - 5; at -= 1) {
    if (byteAt(text, at) !== BACKSLASH) continue
    const row = rowBefore(text, at)
    const length = byteAt(text, at + 1) === U ? 6 : 2
    if (row % 2 === 0) return Math.max(from, at + length)
  }
  return from
}

function rowBefore({ bytes, before }: Text, at: number): number {
  const row = at > 0 ? backslashesBefore(bytes, at) : 0
  if (row < at) return row
  return row + backslashesBefore(before, before.length + Math.min(0, at))
}

/** How many backslashes stand in a row before a place. */
export function backslashesBefore(bytes: Uint8Array, at: number): number {
  let row = 0
  while (bytes[at - row - 1] === BACKSLASH) row += 1
  return row
}

const SPACE = ' \t\n\r'
const DIGITS = new Set(encoder.encode('0123456789+-.'))
const BEFORE = new Set([-1, ...encoder.encode(`${SPACE}:,[`)])
const AFTER = new Set([-1, ...encoder.encode(`${SPACE},]}`)])

function isDigit(byte: number): boolean {
  return DIGITS.has(byte)
}

function isOfNumber(byte: number): boolean {
  return isDigit(byte) || byte === 0x65 || byte === 0x45
}
