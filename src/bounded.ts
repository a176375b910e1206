/** The whole of a stream; null, and the stream cancelled, when it is over `limit` bytes. */
export async function readBounded(
  body: ReadableStream<Uint8Array> | null,
  limit: number,
): Promise<Uint8Array | null> {
  let whole = new Uint8Array(Math.min(limit, FIRST_BYTES))
  let size = 0
  const reader = body?.getReader()
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    const { value } = part
    if (size + value.byteLength > limit) {
      await reader?.cancel()
      return null
    }
    whole = withRoom(whole, size + value.byteLength, limit)
    whole.set(value, size)
    size += value.byteLength
  }
  return whole.slice(0, size)
}

/** One buffer that grows: a chunk of a single byte would otherwise hold kilobytes until the end. */
function withRoom(buffer: Uint8Array<ArrayBuffer>, size: number, limit: number) {
  if (size <= buffer.byteLength) return buffer
  const larger = new Uint8Array(Math.min(limit, Math.max(size, buffer.byteLength * 2)))
  larger.set(buffer)
  return larger
}

const FIRST_BYTES = 4096

/** Chunks as one array of `size` bytes. */
export function joined(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.byteLength
  }
  return whole
}

/** Bytes that come in pieces, in one buffer that grows: a piece of one byte would hold hundreds else. */
export class Gathered {
  #buffer = new Uint8Array(0)
  #size = 0

  get size(): number {
    return this.#size
  }

  /** All of them so far. What comes later does not change these. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#size)
  }

  add(piece: Uint8Array): void {
    this.#buffer = withRoom(this.#buffer, this.#size + piece.byteLength, Infinity)
    this.#buffer.set(piece, this.#size)
    this.#size += piece.byteLength
  }
}
