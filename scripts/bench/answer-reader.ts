/** What is known of one HTTP/1.1 answer while it arrives. */
export interface Answer {
  status: number
  /** Of the body, without the framing of chunks. */
  bytes: number
  /** When the first byte of the body came, on the clock of `performance.now()`; 0: not yet. */
  firstByteAt: number
  done: boolean
}

const HEAD_END = '\r\n\r\n'
const CR_LF = 2

/**
 * Reads answers off one connection, one at a time: RFC 9112, as far as workerd writes it. It counts
 * the body and keeps nothing, so that a load generator spends its time elsewhere.
 *
 * @throws from `take` on what it cannot read.
 */
export class AnswerReader {
  answer: Answer = blank()
  #head = ''
  #inBody = false
  #chunked = false
  /** Bytes that are still to come: of the body, or of the chunk with the line break behind it. */
  #left = 0
  #sizeLine = ''
  #lastChunk = false

  /** Makes ready for the next answer. */
  reset(): void {
    this.answer = blank()
    this.#head = ''
    this.#inBody = false
    this.#sizeLine = ''
    this.#lastChunk = false
  }

  take(data: Buffer, now: number): void {
    const rest = this.#inBody ? data : this.#takeHead(data)
    if (!this.#inBody) return
    if (rest.length > 0 && this.answer.firstByteAt === 0) this.answer.firstByteAt = now
    if (this.#chunked) this.#takeChunks(rest)
    else this.#takePlain(rest)
  }

  #takeHead(data: Buffer): Buffer {
    const before = this.#head.length
    this.#head += data.toString('latin1')
    const end = this.#head.indexOf(HEAD_END)
    if (end < 0) return data.subarray(data.length)
    const head = this.#head.slice(0, end)
    this.answer.status = Number(head.slice(9, 12))
    this.#chunked = /\r\ntransfer-encoding: *chunked/i.test(head)
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
    if (!this.#chunked && length === undefined) throw new Error(`an answer without length: ${head}`)
    this.#left = this.#chunked ? 0 : Number(length)
    this.#inBody = true
    return data.subarray(end + HEAD_END.length - before)
  }

  #takePlain(data: Buffer): void {
    this.answer.bytes += data.length
    this.#left -= data.length
    if (this.#left < 0) throw new Error('an answer longer than it said')
    this.answer.done = this.#left === 0
  }

  #takeChunks(data: Buffer): void {
    let at = 0
    while (at < data.length) {
      if (this.#left === 0) {
        at = this.#takeSize(data, at)
        continue
      }
      const taken = Math.min(this.#left, data.length - at)
      const ofBody = Math.min(taken, Math.max(0, this.#left - CR_LF))
      this.answer.bytes += ofBody
      this.#left -= taken
      at += taken
      if (this.#left === 0 && this.#lastChunk) this.answer.done = true
    }
  }

  /** A chunk's size line, or the part of it that is there. Trailers are not read: workerd drops them. */
  #takeSize(data: Buffer, at: number): number {
    const end = data.indexOf('\n', at)
    this.#sizeLine += data.toString('latin1', at, end < 0 ? data.length : end)
    if (end < 0) return data.length
    const size = Number.parseInt(this.#sizeLine, 16)
    if (Number.isNaN(size)) throw new Error(`not a chunk: ${this.#sizeLine}`)
    this.#sizeLine = ''
    this.#lastChunk = size === 0
    this.#left = size + CR_LF
    return end + 1
  }
}

function blank(): Answer {
  return { status: 0, bytes: 0, firstByteAt: 0, done: false }
}
