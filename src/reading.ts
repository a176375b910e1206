/** What is taken in one read of what comes bit by bit, and where no large buffer is free. */
const SMALL_BYTES = 8 * 1024
const MEDIUM_BYTES = 64 * 1024

/**
 * Each read costs, whatever its size, and so does a new buffer: a few large ones are kept in an
 * isolate. A body that is shorter than one can be read into it whole.
 */
export const LARGE_BYTES = 1024 * 1024
const MOST_LARGE = 8

/** Free before each chunk, for what is left of the one before it. */
export const HEADROOM = 4096

/** Of a body whose length is known: what a read waits for, when the one before it brought so much. */
const FAST_BYTES = 512 * 1024
const FLOWING_BYTES = 16 * 1024

const spare: Uint8Array<ArrayBuffer>[] = []
let made = 0

/**
 * A body that is read in order, and can be looked at before it is. `length` is what it is known to
 * have; Infinity where that is not known.
 *
 * - `next`: the next chunk, valid until the one after it is asked for, with `HEADROOM` before it; null at
 *   the end.
 * - `first`: its first bytes as far as they are here; empty when there are none within so many ms.
 * - `whole`: the whole body, valid until `release`, when it is here within so many ms and shorter than
 *   a large buffer; else null, and it goes on. Rejects when it breaks off.
 * - `rest`: what is left, as the runtime passes it on by itself.
 * - `cancel`: nothing more is wanted.
 * - `release`: what was handed out is not needed any longer.
 */
export class Reading {
  readonly #body: ReadableStream<Uint8Array>
  readonly #reader: ReadableStreamBYOBReader
  readonly #length: number
  // What has come stands at its beginning. While a read goes on, the runtime has it.
  #buffer: Uint8Array<ArrayBuffer>
  #large: boolean
  #filled = 0
  #ended = false
  #handedOut = false
  /** The next read waits for `FAST_BYTES`. */
  #fast = false
  #filling: Promise<void> | null = null
  /** After the read that goes on. */
  #stops = false

  constructor(body: ReadableStream<Uint8Array>, length: number) {
    this.#body = body
    this.#reader = body.getReader({ mode: 'byob' })
    this.#length = length
    if (length < MEDIUM_BYTES) this.#buffer = bufferOf(length + 1)
    else this.#buffer = length === Infinity ? bufferOf(SMALL_BYTES) : larger()
    this.#large = isLarge(this.#buffer)
  }

  async next(): Promise<Uint8Array | null> {
    if (this.#handedOut) {
      // What fills a buffer comes fast.
      if (this.#isFull) this.#enlarge()
      this.#filled = 0
    }
    this.#stops = true
    await (this.#filling ?? (this.#filled === 0 && !this.#ended ? this.#read() : null))
    this.#handedOut = this.#filled > 0
    if (this.#handedOut) return this.#here
    this.release()
    return null
  }

  async #read(): Promise<void> {
    const room = this.#buffer.subarray(HEADROOM + this.#filled)
    const { done, value } = this.#fast
      ? await this.#reader.readAtLeast(Math.min(FAST_BYTES, room.length), room)
      : await this.#reader.read(room)
    if (value) this.#buffer = new Uint8Array(value.buffer)
    this.#filled += value?.length ?? 0
    this.#ended = done
    // A length that is known is that of a download: nobody waits for a part of it.
    this.#fast = this.#length < Infinity && (value?.length ?? 0) >= FLOWING_BYTES
  }

  get #here(): Uint8Array<ArrayBuffer> {
    return this.#buffer.subarray(HEADROOM, HEADROOM + this.#filled)
  }

  get #isFull(): boolean {
    return HEADROOM + this.#filled === this.#buffer.length
  }

  /** False when there is no larger one. */
  #enlarge(): boolean {
    if (this.#large) return false
    const next = larger()
    if (next.length <= this.#buffer.length) return false
    next.set(this.#buffer)
    this.#buffer = next
    this.#large = isLarge(next)
    return true
  }

  async first(ms: number): Promise<Uint8Array> {
    const here = await this.#within(ms, true)
    return here ? this.#here.slice() : new Uint8Array()
  }

  async whole(ms: number): Promise<Uint8Array | null> {
    if (this.#length >= LARGE_BYTES && this.#length < Infinity) return null
    const here = await this.#within(ms, false)
    return here && this.#ended ? this.#here : null
  }

  /** Fills the buffer, or reads once. False when that takes longer, and it goes on. */
  async #within(ms: number, once: boolean): Promise<boolean> {
    this.#stops = once
    this.#filling ??= this.#fill().finally(() => (this.#filling = null))
    const late = Promise.withResolvers<false>()
    const timer = setTimeout(() => late.resolve(false), ms)
    try {
      return await Promise.race([this.#filling.then(() => true), late.promise])
    } finally {
      clearTimeout(timer)
    }
  }

  async #fill(): Promise<void> {
    do {
      if (this.#isFull && !this.#enlarge()) return
      await this.#read()
    } while (!this.#ended && !this.#stops)
  }

  rest(): ReadableStream<Uint8Array> {
    const through =
      this.#length === Infinity
        ? new IdentityTransformStream()
        : new FixedLengthStream(this.#length)
    void this.#passTo(through.writable)
    return through.readable
  }

  async #passTo(writable: WritableStream<Uint8Array>): Promise<void> {
    try {
      const writer = writable.getWriter()
      const begun = await this.next()
      if (begun) await writer.write(begun)
      writer.releaseLock()
      this.release()
      this.#reader.releaseLock()
      await this.#body.pipeTo(writable)
    } catch (cause) {
      writable.abort(cause).catch(() => {})
      this.cancel(cause)
      this.#body.cancel(cause).catch(() => {})
    }
  }

  cancel(reason: unknown): void {
    // A read may be under way in it: it is not used again.
    if (this.#large) made -= 1
    this.#large = false
    this.#reader.cancel(reason).catch(() => {})
  }

  release(): void {
    if (this.#large) spare.push(this.#buffer)
    this.#large = false
    this.#buffer = NONE
    this.#filled = 0
  }
}

const NONE = new Uint8Array()

function bufferOf(bytes: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(HEADROOM + bytes)
}

function isLarge({ length }: Uint8Array): boolean {
  return length === HEADROOM + LARGE_BYTES
}

/** A large buffer; a medium one where none is free. */
function larger(): Uint8Array<ArrayBuffer> {
  const kept = spare.pop()
  if (kept) return kept
  if (made === MOST_LARGE) return bufferOf(MEDIUM_BYTES)
  made += 1
  return bufferOf(LARGE_BYTES)
}
