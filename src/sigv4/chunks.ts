/**
 * The framing `aws-chunked` with signed chunks, and what becomes of it: the signatures were made with a
 * dummy key, so they are taken out and the chunks go unsigned.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
 */

/** A frame that cannot be read in one way. The message is ours. */
export class BrokenFrame extends Error {}

/** What a body in signed chunks says of itself in its headers. */
export interface SignedChunks {
  /** Bytes of content. */
  readonly length: number
  /** Lower-case names of the headers that follow it; null: none may, and the content goes bare. */
  readonly trailers: readonly string[] | null
}

const CHUNK = /^([0-9a-f]{1,16});chunk-signature=[0-9a-f]{64}$/i
const TRAILER = /^([a-z0-9-]{1,64}):[\x20-\x7e]{0,256}$/i
const SIGNATURE = 'x-amz-trailer-signature'

/** The longest line of a chunk's head, or of a trailer. */
const LONGEST_LINE = 512
const MOST_TRAILERS = 16

const LF = 0x0a

const encoder = new TextEncoder()

/** What comes next: a chunk's head, its content, the line end behind that, a trailer, or nothing. */
type Next = 'head' | 'content' | 'behind' | 'trailer' | 'nothing'

/**
 * Takes the signatures out of a body while it streams. Where there are trailers the chunks stay, each
 * in its size, unsigned, and the trailers behind them; where there are none the content goes alone.
 * Nothing is kept but an unfinished line.
 */
export class Unsigned {
  /** Bytes that go on; null where the trailers make that unknown. */
  readonly length: number | null
  readonly #trailers: ReadonlySet<string> | null
  #expected: number
  #next: Next = 'head'
  /** Bytes of the chunk that are still to come. */
  #left = 0
  #line = ''
  readonly #seen = new Set<string>()
  #parts: Uint8Array[] = []

  constructor({ length, trailers }: SignedChunks) {
    this.length = trailers ? null : length
    this.#expected = length
    this.#trailers = trailers && new Set([...trailers, SIGNATURE])
  }

  /** @throws BrokenFrame */
  push(chunk: Uint8Array): Uint8Array {
    let at = 0
    while (at < chunk.length) {
      at = this.#next === 'content' ? this.#content(chunk, at) : this.#text(chunk, at)
    }
    return this.#taken()
  }

  /** @throws BrokenFrame for a body that ends early */
  end(): Uint8Array {
    if (this.#next !== 'nothing') throw new BrokenFrame('its last chunk is missing')
    return this.#taken()
  }

  #content(chunk: Uint8Array, at: number): number {
    const part = chunk.subarray(at, at + this.#left)
    this.#parts.push(part)
    this.#left -= part.length
    if (this.#left === 0) this.#next = 'behind'
    return at + part.length
  }

  /** Up to the end of a line, or of what is there. */
  #text(chunk: Uint8Array, at: number): number {
    if (this.#next === 'nothing') throw new BrokenFrame('something follows its last chunk')
    const end = chunk.indexOf(LF, at)
    const part = chunk.subarray(at, end < 0 ? chunk.length : end)
    if (this.#line.length + part.length > LONGEST_LINE) throw new BrokenFrame('a line is too long')
    for (const byte of part) this.#line += String.fromCharCode(byte)
    if (end < 0) return chunk.length
    const line = this.#line
    this.#line = ''
    this.#read(line.endsWith('\r') ? line.slice(0, -1) : line)
    return end + 1
  }

  #read(line: string): void {
    if (this.#next === 'head') this.#head(line)
    else if (this.#next === 'trailer') this.#trailer(line)
    else if (line === '') this.#begin('head')
    else throw new BrokenFrame('a chunk is longer than it says')
  }

  #head(line: string): void {
    const size = Number.parseInt(CHUNK.exec(line)?.[1] ?? '', 16)
    if (Number.isNaN(size)) throw new BrokenFrame('a chunk without its signature')
    this.#expected -= size
    if (this.#expected < 0) throw new BrokenFrame('more content than it says')
    if (size === 0 && this.#expected > 0) throw new BrokenFrame('less content than it says')
    if (this.#trailers) this.#write(`${size.toString(16)}\r\n`)
    this.#left = size
    this.#next = size === 0 ? 'trailer' : 'content'
  }

  #trailer(line: string): void {
    if (line === '') return this.#last()
    const name = TRAILER.exec(line)?.[1]?.toLowerCase()
    if (name === undefined || !this.#trailers || this.#seen.size >= MOST_TRAILERS) {
      throw new BrokenFrame('a trailer that is none')
    }
    if (!this.#trailers.has(name) || this.#seen.has(name)) {
      throw new BrokenFrame('a trailer that x-amz-trailer does not name')
    }
    this.#seen.add(name)
    if (name !== SIGNATURE) this.#write(`${line}\r\n`)
  }

  #last(): void {
    if (this.#trailers) this.#write('\r\n')
    this.#next = 'nothing'
  }

  #begin(next: Next): void {
    if (this.#trailers) this.#write('\r\n')
    this.#next = next
  }

  #write(text: string): void {
    this.#parts.push(encoder.encode(text))
  }

  #taken(): Uint8Array {
    const parts = this.#parts
    this.#parts = []
    const [only] = parts
    return only && parts.length === 1 ? only : joined(parts)
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
