import { joined } from './bounded.ts'

/** What is taken in one read of what comes bit by bit, and of what comes fast. */
const SMALL_BYTES = 8 * 1024
const MEDIUM_BYTES = 64 * 1024
/** Each read costs, whatever its size, and so does a new buffer: a few large ones are kept. */
const LARGE_BYTES = 512 * 1024
const MOST_LARGE = 8

/** Large buffers of this isolate that nobody uses, and how many there are in all. */
const spare: Uint8Array<ArrayBuffer>[] = []
let made = 0

/**
 * A body that is read in order, and can be looked at before it is.
 *
 * - `next`: the next chunk, valid until the one after it is asked for; null at the end.
 * - `first`: looks at the first chunk; empty when there is none within so many ms.
 * - `whole`: the whole body, when it is here within so many ms and not over `limit`; else null, and it
 *   goes on. Rejects when it breaks off.
 * - `rest`: what is left, as the runtime passes it on by itself; `length` is that of the whole body;
 *   Infinity where it is not known.
 * - `cancel`: nothing more is wanted.
 */
export class Reading {
  readonly #body: ReadableStream<Uint8Array>
  readonly #reader: ReadableStreamBYOBReader
  #buffer = new Uint8Array(SMALL_BYTES)
  #large = false // the buffer is one of those that are kept
  // Looked at, and still to be handed out.
  readonly #seen: Uint8Array[] = []
  #pending: Promise<Uint8Array | null> | null = null

  constructor(body: ReadableStream<Uint8Array>) {
    this.#body = body
    this.#reader = body.getReader({ mode: 'byob' })
  }

  async next(): Promise<Uint8Array | null> {
    const seen = this.#seen.shift()
    if (seen) return seen
    const next = await (this.#pending ?? this.#read())
    this.#pending = null
    return next
  }

  async #read(): Promise<Uint8Array | null> {
    const { done, value } = await this.#reader.read(this.#buffer)
    if (value) this.#buffer = new Uint8Array(value.buffer)
    if (done) return this.#giveBack()
    if (value.length === this.#buffer.length) this.#buffer = largerThan(this.#buffer)
    this.#large = this.#buffer.length === LARGE_BYTES
    return value
  }

  #giveBack(): null {
    if (this.#large) spare.push(this.#buffer)
    this.#large = false
    return null
  }

  async first(ms: number): Promise<Uint8Array> {
    await this.whole(0, ms)
    return this.#seen[0] ?? new Uint8Array()
  }

  async whole(limit: number, ms: number): Promise<Uint8Array | null> {
    const late = Promise.withResolvers<'late'>()
    const timer = setTimeout(() => late.resolve('late'), ms)
    const parts = this.#seen.splice(0)
    let size = parts.reduce((sum, { length }) => sum + length, 0)
    try {
      while (size <= limit) {
        this.#pending ??= this.#read()
        const part = await Promise.race([this.#pending, late.promise])
        if (part === 'late') break
        this.#pending = null
        if (!part) return joined(parts, size)
        parts.push(part.slice())
        size += part.length
      }
    } finally {
      clearTimeout(timer)
    }
    this.#seen.push(...parts)
    return null
  }

  rest(length: number): ReadableStream<Uint8Array> {
    this.#giveBack()
    const through =
      length === Infinity ? new IdentityTransformStream() : new FixedLengthStream(length)
    void this.#passTo(through.writable)
    return through.readable
  }

  async #passTo(writable: WritableStream<Uint8Array>): Promise<void> {
    try {
      const writer = writable.getWriter()
      for (const part of this.#seen.splice(0)) await writer.write(part)
      writer.releaseLock()
      this.#reader.releaseLock()
      await this.#body.pipeTo(writable)
    } catch (cause) {
      writable.abort(cause).catch(() => {})
      this.#body.cancel(cause).catch(() => {})
    }
  }

  cancel(reason: unknown): void {
    // A read may be under way in it: it is not used again.
    if (this.#large) made -= 1
    this.#large = false
    this.#reader.cancel(reason).catch(() => {})
  }
}

function largerThan(buffer: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (buffer.length === LARGE_BYTES) return buffer
  const kept = spare.pop()
  if (kept) return kept
  if (made < MOST_LARGE) {
    made += 1
    return new Uint8Array(LARGE_BYTES)
  }
  return buffer.length < MEDIUM_BYTES ? new Uint8Array(MEDIUM_BYTES) : buffer
}
