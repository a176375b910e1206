import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'

/** How long the first event of a stream may take, ms. */
const FIRST_WITHIN_MS = 20_000

/** What became of the attempt to open one. */
export type Opened =
  | { readonly stream: Stream; readonly first_ms: number }
  /** Why there is none, in a few words. */
  | { readonly failure: string }

/** One stream of events, read as it comes. */
export class Stream {
  readonly #socket: Socket
  readonly #arrived: (late_ms: number) => void
  #text = ''
  /** Whether the last piece of a chunked body was there. */
  whole = false
  closed = false

  private constructor(socket: Socket, arrived: (late_ms: number) => void) {
    this.#socket = socket
    this.#arrived = arrived
  }

  /** `arrived` is told of each event how long it was on its way, ms. */
  static async open(
    url: string,
    head: string,
    arrived: (late_ms: number) => void,
  ): Promise<Opened> {
    const { hostname: host, port } = new URL(url)
    const began = performance.now()
    const socket = connect({ host, port: Number(port) })
    socket.on('error', () => {})
    const stream = new Stream(socket, arrived)
    const first = Promise.withResolvers<string | null>()
    socket.once('close', () => {
      stream.closed = true
      first.resolve('closed before it was answered')
    })
    const timer = setTimeout(() => first.resolve('not answered'), FIRST_WITHIN_MS)
    try {
      await once(socket, 'connect')
      socket.write(head)
      socket.setEncoding('latin1').on('data', (text: string) => {
        if (stream.#text.length < 2000) stream.#text += text
        const status = /^HTTP\/1\.1 (\d+)/.exec(stream.#text)?.[1]
        if (status !== undefined && status !== '200') first.resolve(`status ${status}`)
        else if (stream.#text.includes('data: ')) first.resolve(null)
        stream.#see(text)
      })
      const failure = await first.promise
      if (failure === null) return { stream, first_ms: performance.now() - began }
      socket.destroy()
      return { failure }
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'no connection'
      return { failure: code }
    } finally {
      clearTimeout(timer)
    }
  }

  /** The client has had enough. */
  leave(): void {
    this.#socket.destroy()
  }

  #see(text: string): void {
    for (const [, at] of text.matchAll(/data: (\d{13})/g)) this.#arrived(Date.now() - Number(at))
    if (text.endsWith('0\r\n\r\n')) {
      this.whole = true
      this.#socket.end()
    }
  }
}
