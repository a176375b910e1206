import { backslashesBefore, instead } from './instead.ts'
import type { Search } from './search.ts'

const encoder = new TextEncoder()

const EMPTY = new Uint8Array()

/** So much of what has left is remembered: an escape of JSON is no longer. */
const REMEMBERED = 8

/**
 * Takes the secrets out of one text that comes in chunks. The result does not depend on the chunks.
 *
 * - `count`: how many places have been replaced.
 * - `push`: what may leave after a chunk, in order: all but a tail that could be the beginning of a secret.
 *   So many bytes before the chunk, `room`, may be overwritten.
 * - `end`: what is left at the end.
 */
export class Scrubber {
  readonly #search: Search
  readonly #json: boolean
  // What came and has not left; how many of its bytes are replaced already, though they may be the
  // beginning of more; and the bytes before it, as they came.
  #carry = EMPTY
  #replaced = 0
  #before = EMPTY
  #count = 0

  constructor(search: Search, json: boolean) {
    this.#search = search
    this.#json = json
  }

  get count(): number {
    return this.#count
  }

  push(chunk: Uint8Array, room = 0): readonly Uint8Array[] {
    return this.#take(this.#behindCarry(chunk, room), false)
  }

  end(): readonly Uint8Array[] {
    return this.#take(this.#carry, true)
  }

  #behindCarry(chunk: Uint8Array, room: number): Uint8Array {
    const carry = this.#carry
    if (carry.length === 0) return chunk
    if (carry.length > room) return joined(carry, chunk)
    const from = chunk.byteOffset - carry.length
    const bytes = new Uint8Array(chunk.buffer, from, carry.length + chunk.length)
    bytes.set(carry)
    return bytes
  }

  #take(bytes: Uint8Array, last: boolean): readonly Uint8Array[] {
    const text = { bytes, before: this.#before, last, json: this.#json }
    let held = last ? bytes.length : this.#search.held(bytes)
    let at = this.#replaced
    const out: Uint8Array[] = []
    for (const span of this.#search.spans(bytes)) {
      if (span.from < at) at = Math.max(at, span.to)
      else if (span.from >= held) break
      else {
        const place = instead(text, span, held, 2 * this.#search.longest)
        if (!place) {
          held = span.from
          break
        }
        if (place.from >= span.to) continue
        out.push(bytes.subarray(at, place.from), place.text)
        this.#count += 1
        at = span.to
      }
    }
    if (held > at) out.push(bytes.subarray(at, held))
    this.#keep(bytes, held, Math.max(0, at - held))
    return out.filter(({ length }) => length > 0)
  }

  #keep(bytes: Uint8Array, held: number, replaced: number): void {
    const gone = bytes.subarray(0, held)
    const behind = isShort(gone) ? joined(this.#before, gone) : gone
    const from = Math.max(0, behind.length - REMEMBERED)
    // Of a longer row of backslashes, whether it is odd.
    this.#before = behind.slice(from - (backslashesBefore(behind, from) & 1))
    this.#carry = held < bytes.length ? bytes.slice(held) : EMPTY
    this.#replaced = replaced
  }
}

/** The text without the secrets; the same string when there are none in it. */
export function scrubbedText(text: string, search: Search): string {
  if (search.longest === 0) return text
  const bytes = encoder.encode(text)
  if (search.spans(bytes).length === 0) return text
  const scrubber = new Scrubber(search, false)
  const parts = [...scrubber.push(bytes), ...scrubber.end()]
  const decoder = new TextDecoder()
  return parts.map((part) => decoder.decode(part, { stream: true })).join('') + decoder.decode()
}

/** Whether what is to be remembered of it may begin before it. */
function isShort(gone: Uint8Array): boolean {
  return backslashesBefore(gone, Math.max(0, gone.length - REMEMBERED)) + REMEMBERED >= gone.length
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const whole = new Uint8Array(one.length + other.length)
  whole.set(one)
  whole.set(other, one.length)
  return whole
}
