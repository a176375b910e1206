import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'

import { SECRETS } from '../fixtures/secrets.ts'

/** One answer as it stood on the wire. */
export interface Answer {
  readonly status: number
  readonly reason: string
  /** Names in lower case. */
  readonly headers: readonly (readonly [string, string])[]
  /** Without the framing of chunks. */
  readonly body: Buffer
  /** Whether the end of the body came, by its length or its last chunk. */
  readonly complete: boolean
}

/** What every call of a test has, unless it says otherwise. */
export const KEY = `X-Outpost-Auth: ${SECRETS.AGENT_KEY}`

/** A request head, or more, as Latin-1 text. Lines are joined with CR LF, and an empty one is added. */
export function head(...lines: string[]): string {
  return [...lines, '', ''].join('\r\n')
}

/** A connection which gives answers one after the other. */
export class Wire {
  readonly socket: Socket
  #room = Buffer.alloc(64 * 1024)
  /** Of the room, what is not consumed. */
  #bytes = this.#room.subarray(0, 0)
  #ended = false
  /** Whether the other end went away with a reset. */
  reset = false

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
    this.socket.on('data', (chunk: Buffer) => this.#append(chunk))
    this.socket.on('end', () => (this.#ended = true))
    this.socket.on('close', () => (this.#ended = true))
    this.socket.on('error', () => (this.reset = true))
  }

  send(text: string | Buffer): void {
    this.socket.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text)
  }

  /** Into room that doubles: an answer of megabytes comes in hundreds of pieces. */
  #append(chunk: Buffer): void {
    const size = this.#bytes.length + chunk.length
    const end = this.#bytes.byteOffset - this.#room.byteOffset + size
    if (end > this.#room.length) {
      this.#room = Buffer.alloc(Math.max(2 * size, 64 * 1024))
      this.#bytes.copy(this.#room)
      this.#bytes = this.#room.subarray(0, this.#bytes.length)
    }
    const start = this.#bytes.byteOffset - this.#room.byteOffset
    chunk.copy(this.#room, start + this.#bytes.length)
    this.#bytes = this.#room.subarray(start, start + size)
  }

  /** Everything received and not consumed yet. */
  get pending(): Buffer {
    return this.#bytes
  }

  /** Waits until `done` says so, or the other end has ended. */
  async until(done: (bytes: Buffer) => boolean, limitMs = 8000): Promise<void> {
    const signal = AbortSignal.timeout(limitMs)
    while (!done(this.#bytes) && !this.#ended) {
      const any = new AbortController()
      const options = { signal: AbortSignal.any([any.signal, signal]) }
      await Promise.race([
        once(this.socket, 'data', options),
        once(this.socket, 'end', options),
        once(this.socket, 'close', options),
      ]).catch(() => signal.throwIfAborted())
      any.abort()
    }
  }

  /** The next answer; null when the connection ended without one. 1xx answers are left out. */
  async answer(method = 'GET', limitMs = 8000): Promise<Answer | null> {
    await this.until((bytes) => answerIn(bytes, method, false) !== null, limitMs)
    const found = answerIn(this.#bytes, method, this.#ended)
    if (!found) return null
    this.#bytes = this.#bytes.subarray(found.length)
    return found.answer.status < 200 ? this.answer(method, limitMs) : found.answer
  }

  close(): void {
    this.socket.destroy()
  }
}

/** Sends bytes on a connection of their own and reads one answer. */
export async function ask(
  port: number,
  request: string | Buffer,
  method = 'GET',
): Promise<Answer | null> {
  const wire = new Wire(port)
  try {
    wire.send(request)
    return await wire.answer(method)
  } finally {
    wire.close()
  }
}

/** The values of a header, one for each line. */
export function values(of: { readonly headers: Answer['headers'] }, name: string): string[] {
  return of.headers.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value)
}

interface Parsed {
  readonly answer: Answer
  readonly length: number
}

/** The first answer in these bytes, or null while it is not whole and more may come. */
export function answerIn(bytes: Buffer, method: string, ended: boolean): Parsed | null {
  const at = bytes.indexOf('\r\n\r\n')
  if (at < 0) return null
  const [first = '', ...lines] = bytes.subarray(0, at).toString('latin1').split('\r\n')
  const [, code = '', reason = ''] = /^HTTP\/1\.[01] (\d+) ?(.*)$/.exec(first) ?? []
  const headers = lines.map((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const
  })
  const status = Number(code)
  const rest = bytes.subarray(at + 4)
  const framed = bodyOf(rest, { status, headers, method, ended })
  if (!framed || (!framed.complete && !ended)) return null
  const { body, complete, length } = framed
  return { answer: { status, reason, headers, body, complete }, length: at + 4 + length }
}

interface Framing {
  readonly status: number
  readonly headers: Answer['headers']
  readonly method: string
  readonly ended: boolean
}

interface Framed {
  readonly body: Buffer
  readonly complete: boolean
  readonly length: number
}

function bodyOf(rest: Buffer, { status, headers, method, ended }: Framing): Framed {
  const none = { body: Buffer.alloc(0), complete: true, length: 0 }
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return none
  if (values({ headers }, 'transfer-encoding').includes('chunked')) {
    // Not to be gone through anew with every piece of megabytes.
    const isLong = rest.length > 1 << 20 && !ended
    if (isLong && !rest.subarray(-5).equals(LAST_CHUNK)) {
      return { body: rest, complete: false, length: rest.length }
    }
    return unchunked(rest)
  }
  const [length] = values({ headers }, 'content-length')
  if (length === undefined) return { body: rest, complete: ended, length: rest.length }
  const body = rest.subarray(0, Number(length))
  return { body, complete: body.length === Number(length), length: body.length }
}

const LAST_CHUNK = Buffer.from('0\r\n\r\n')

function unchunked(rest: Buffer): Framed {
  const parts: Buffer[] = []
  let at = 0
  for (;;) {
    const line = rest.indexOf('\r\n', at)
    const size = line < 0 ? Number.NaN : Number.parseInt(rest.subarray(at, line).toString(), 16)
    const end = line + 2 + size
    if (Number.isNaN(size) || rest.length < end + 2) {
      return { body: Buffer.concat(parts), complete: false, length: rest.length }
    }
    if (size === 0) return { body: Buffer.concat(parts), complete: true, length: end + 2 }
    parts.push(rest.subarray(line + 2, end))
    at = end + 2
  }
}
