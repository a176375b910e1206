import { Unreadable } from '../content/content.ts'

/** With its four digits: https://git-scm.com/docs/gitprotocol-common#_pkt_line_format */
const LONGEST = 65_520
const HEAD = 4

const DIGITS = /^[0-9a-fA-F]{4}$/

/** Where a pkt-line ends, or what is there instead of a whole one. */
type Found = number | 'flush' | 'short' | 'malformed'

/**
 * The texts of the pkt-lines before the first flush, each with its final newline if it has one.
 * @throws Unreadable where there is no flush, where a length is none that data may have (also a
 * delimiter, which only protocol version 2 knows), and where a line is not UTF-8.
 */
export function linesUntilFlush(bytes: Uint8Array): string[] {
  const lines: string[] = []
  let at = 0
  for (;;) {
    const end = packetAt(bytes, at)
    if (end === 'flush') return lines
    if (end === 'short') throw new Unreadable('the body ends before its list of commands does')
    if (end === 'malformed') throw new Unreadable('the body is not made of pkt-lines')
    lines.push(textOf(bytes.subarray(at + HEAD, end)))
    at = end
  }
}

/** Whether all lines before the first flush are there, or it is plain that they cannot be read. */
export function hasFlush(bytes: Uint8Array): boolean {
  for (let at = 0; ;) {
    const end = packetAt(bytes, at)
    if (typeof end !== 'number') return end !== 'short'
    at = end
  }
}

function packetAt(bytes: Uint8Array, at: number): Found {
  const digits = String.fromCharCode(...bytes.subarray(at, at + HEAD))
  if (digits.length < HEAD) return 'short'
  const length = DIGITS.test(digits) ? Number.parseInt(digits, 16) : NaN
  if (length === 0) return 'flush'
  if (!(length > HEAD && length <= LONGEST)) return 'malformed'
  return at + length <= bytes.length ? at + length : 'short'
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function textOf(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch {
    throw new Unreadable('a pkt-line that is not UTF-8')
  }
}
