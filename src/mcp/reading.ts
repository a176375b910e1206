import { joined } from '../bounded.ts'
import { codingOf } from '../scrub/kinds.ts'

/** As much of a text as an agent is given, and of anything else, in bytes. */
export const MOST_TEXT = 256 * 1024
export const MOST_BINARY = 64 * 1024

/** So long after its head an answer may take, ms: a stream without an end gives what came. */
export const LONGEST_MS = 60_000

/** What came of an answer's body. */
export interface ReadBody {
  readonly body: string
  readonly encoding: 'text' | 'base64'
  /** `no`: it is whole. Else why it ends where it does: too large, too slow, or broken off. */
  readonly truncated: 'no' | 'size' | 'time' | 'broken'
}

/** What the runtime takes off a body that is read. */
const READABLE = new Set(['', 'gzip', 'br'])

/**
 * Reads an answer up to the limits, and ends it there. Text is what is UTF-8 without a NUL, whatever
 * the answer says of itself.
 */
export async function readAnswer({ body, headers }: Response): Promise<ReadBody> {
  const { bytes, truncated } = await beginningOf(body)
  const text = READABLE.has(codingOf(headers)) ? textIn(bytes, truncated !== 'no') : null
  if (text !== null) return { body: text, encoding: 'text', truncated }
  const kept = bytes.subarray(0, MOST_BINARY)
  const cut = kept.byteLength < bytes.byteLength ? 'size' : truncated
  return { body: base64(kept), encoding: 'base64', truncated: cut }
}

async function beginningOf(body: ReadableStream<Uint8Array> | null) {
  const parts: Uint8Array[] = []
  let size = 0
  let truncated: ReadBody['truncated'] = 'no'
  const reader = body?.getReader()
  const late = setTimeout(() => {
    truncated = 'time'
    reader?.cancel().catch(() => {})
  }, LONGEST_MS)
  try {
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
      parts.push(part.value)
      size += part.value.byteLength
      if (size <= MOST_TEXT) continue
      truncated = 'size'
      break
    }
  } catch {
    truncated = 'broken'
  } finally {
    clearTimeout(late)
  }
  if (truncated === 'size') reader?.cancel().catch(() => {})
  return { bytes: joined(parts, size).subarray(0, MOST_TEXT), truncated }
}

/** null: it is no text. What is cut may end in the middle of a character, which stays behind. */
function textIn(bytes: Uint8Array, cut: boolean): string | null {
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false })
    const text = decoder.decode(bytes, { stream: cut })
    return text.includes('\0') ? null : text
  } catch {
    return null
  }
}

function base64(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCodePoint(byte)
  return btoa(text)
}
