import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'

import { AnswerReader } from './answer-reader.ts'
import type { Answer } from './answer-reader.ts'
import { cpuMs } from './process-usage.ts'
import { percentile } from './statistics.ts'

/** One request as it goes over the wire, and what has to come back for it to count. */
export interface Shot {
  /** Asked for each time that it is sent. */
  readonly bytes: () => Buffer
  /** null: any. */
  readonly status: number | null
  /** Of the body. null: any number. */
  readonly length: number | null
}

/** Where load goes: the runtime that listens there is the one whose CPU is read. */
export interface Target {
  readonly url: string
  readonly pid: number
}

/** What one round measured. */
export interface Sample {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Of the runtime, per request, in µs; null where that cannot be read. */
  readonly cpuUs: number | null
  /** Median time until the first byte of the body. */
  readonly firstByteMs: number
}

export interface Load {
  readonly connections: number
  readonly seconds: number
}

/** Builds a request. A body is sent with its length. */
export function shot(
  [method, path]: readonly [string, string],
  headers: Readonly<Record<string, string>>,
  expected: { readonly status: number; readonly length: number | null },
  body?: Buffer,
): Shot {
  const all = { ...headers, ...(body && { 'Content-Length': String(body.length) }) }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  const head = Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1')
  const whole = body ? Buffer.concat([head, body]) : head
  return { bytes: () => whole, ...expected }
}

/** The same request, whatever comes back: for the call that makes all later ones alike. */
export function primed(wanted: Shot): Shot {
  return { ...wanted, status: null, length: null }
}

/**
 * Sends the request over keep-alive connections, on each one again as soon as the answer is there,
 * until the time is up and the last answers are in.
 *
 * @throws on any answer that is not the expected one, and when a connection breaks.
 */
export async function fire(target: Target, wanted: Shot, load: Load): Promise<Sample> {
  const clients = await Promise.all(
    Array.from({ length: load.connections }, () => Client.open(target.url)),
  )
  try {
    return await measured(target, clients, load.seconds, async (client) => {
      const { firstByteAt } = await client.exchange(wanted)
      return firstByteAt
    })
  } finally {
    for (const client of clients) client.close()
  }
}

/**
 * Repeats an exchange on each connection, again as soon as the one before is over, until the time is
 * up. `exchange` says when the first byte came, or null where only its end is known.
 */
export async function measured<C>(
  { pid }: Pick<Target, 'pid'>,
  connections: readonly C[],
  seconds: number,
  exchange: (connection: C) => Promise<number | null>,
): Promise<Sample> {
  const latencies: number[] = []
  const firstBytes: number[] = []
  const cpuBefore = cpuMs(pid)
  const start = performance.now()
  const end = start + seconds * 1000
  const keepOn = async (connection: C) => {
    for (let now = start; now < end;) {
      const sentAt = performance.now()
      const firstByteAt = await exchange(connection)
      now = performance.now()
      latencies.push(now - sentAt)
      firstBytes.push((firstByteAt ?? now) - sentAt)
    }
  }
  await Promise.all(connections.map(keepOn))
  const elapsed = performance.now() - start
  const cpuAfter = cpuMs(pid)
  const count = latencies.length
  return {
    perSecond: (count / elapsed) * 1000,
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    cpuUs: cpuBefore === null || cpuAfter === null ? null : ((cpuAfter - cpuBefore) / count) * 1000,
    firstByteMs: percentile(firstBytes, 0.5),
  }
}

/** One connection, one request at a time. */
export class Client {
  readonly #socket: Socket
  readonly #reader = new AnswerReader()
  #settle: { done: (answer: Answer) => void; failed: (error: Error) => void } | null = null

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (data: string | Buffer) => typeof data !== 'string' && this.#take(data))
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () => this.#fail(new Error('the connection was closed')))
  }

  static async open(url: string): Promise<Client> {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    await once(socket, 'connect')
    return new Client(socket)
  }

  async exchange({ bytes, status, length }: Shot): Promise<Answer> {
    this.#reader.reset()
    const answered = new Promise<Answer>((done, failed) => {
      this.#settle = { done, failed }
    })
    this.#socket.write(bytes())
    const answer = await answered
    const asked = status ?? answer.status
    if (answer.status !== asked || (length !== null && answer.bytes !== length)) {
      throw new Error(
        `expected ${asked} with ${length} bytes, got ${answer.status} with ${answer.bytes}`,
      )
    }
    return answer
  }

  close(): void {
    this.#socket.destroy()
  }

  #take(data: Buffer): void {
    try {
      this.#reader.take(data, performance.now())
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)))
    }
    if (!this.#reader.answer.done) return
    const settle = this.#settle
    this.#settle = null
    settle?.done(this.#reader.answer)
  }

  #fail(error: Error): void {
    this.#settle?.failed(error)
    this.#settle = null
  }
}
