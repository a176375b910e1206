import { joined } from '../bounded.ts'
import { LARGE_BYTES } from '../reading.ts'
import { isBinary } from '../scrub/kinds.ts'
import { Scrubber } from '../scrub/scrubber.ts'
import type { Search } from '../scrub/search.ts'

/** What the runtime gives of a message, text or binary, when `binaryType` is `arraybuffer`. */
export type Data = string | ArrayBuffer

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true })

/** As many bytes as it has on the wire: a text is UTF-8 there. */
export function sizeOf(data: Data): number {
  if (typeof data !== 'string') return data.byteLength
  // oxlint-disable-next-line no-control-regex -- every byte of ASCII
  return /^[\0-\x7f]*$/.test(data) ? data.length : encoder.encode(data).byteLength
}

/** A message without secrets, and how many were in it. The same message when there were none. */
export function scrubbedMessage(
  data: Data,
  search: Search,
  scrub: 'auto' | 'always' | 'off',
): { readonly data: Data; readonly found: number } {
  if (search.longest === 0 || scrub === 'off') return { data, found: 0 }
  const bytes = typeof data === 'string' ? encoder.encode(data) : new Uint8Array(data)
  if (typeof data !== 'string' && scrub === 'auto' && isPassed(bytes)) return { data, found: 0 }
  if (search.spans(bytes).length === 0) return { data, found: 0 }
  const scrubber = new Scrubber(search, isJson(bytes))
  const parts = [...scrubber.push(bytes), ...scrubber.end()]
  const size = parts.reduce((sum, { length }) => sum + length, 0)
  const whole = joined(parts, size)
  const clean = typeof data === 'string' ? decoder.decode(whole) : exactly(whole)
  return { data: clean, found: scrubber.count }
}

/** As of a body of unknown kind: many bytes that begin as no text does. */
function isPassed(bytes: Uint8Array): boolean {
  return bytes.length >= LARGE_BYTES && isBinary(bytes)
}

/** An object or a list: what stands bare in it may have to stay JSON. */
function isJson(bytes: Uint8Array): boolean {
  return bytes[0] === 0x7b || bytes[0] === 0x5b
}

function exactly(bytes: Uint8Array): ArrayBuffer {
  const copy = new ArrayBuffer(bytes.byteLength)
  new Uint8Array(copy).set(bytes)
  return copy
}
