import { createHash } from 'node:crypto'
import type { Hash } from 'node:crypto'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

import type { Lives } from '../checks/lives.ts'
import { SENT } from '../crash/upstream.ts'
import type { Answer, Asking } from '../crash/victim.ts'
import type { Lag } from './lag.ts'

/** So much of a body is kept as text; of all of it there is the digest. */
const TEXT_BYTES = 64 * 1024

/** Longer than anything here takes: a call that waits for it hangs. */
export const HUNG_MS = 45_000

/** A connection is used again after this at the most; the runtime closes it after the other, ms. */
const IDLE_MS = 1500
const CLOSED_MS = 5000

/** How a call went, as its client knows it. */
export interface Ending {
  /**
   * `whole`: read to its end. `cut`: broke off within the body. `none`: broke off before it was
   * answered. `left`: the client hung up. `hung`: it was waited for as long as anything may take.
   */
  readonly how: 'whole' | 'cut' | 'none' | 'left' | 'hung'
  /** 0 without headers. */
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** SHA-256 in hex, and bytes, of what came of the body. */
  readonly digest: string
  readonly bytes: number
  /** In which it was sent. */
  readonly life: number
  /**
   * Whether that life was over before the call was; or this process was so late that it took a
   * connection which was closed long ago.
   */
  readonly killed: boolean
  readonly sent: number
  readonly ended: number
}

export interface Sending {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Buffer | string
  /** In so many parts, without a declared length. */
  readonly parts?: number
  /** After so many ms the client hangs up. */
  readonly patience_ms?: number
  /** It hangs up with a reset, which is noticed also where nothing is being sent. */
  readonly resets?: boolean
  /** In place of `HUNG_MS`. */
  readonly hung_ms?: number
}

/** What was got so far. */
interface Got {
  reused: boolean
  status: number
  headers: IncomingHttpHeaders
  bytes: number
  text: string
}

/** Every client of the installation. */
export class Client {
  readonly #lives: Lives
  readonly #admin: string
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: 64 })
  readonly #lag: Lag
  readonly #see: (ending: Ending, sent: Sending) => void
  /** Calls that were sent, those of operators too. */
  sent = 0
  open = 0

  /** `see` is shown every ending. */
  constructor(
    { lives, admin, lag }: { readonly lives: Lives; readonly admin: string; readonly lag: Lag },
    see: (ending: Ending, sent: Sending) => void,
  ) {
    this.#lives = lives
    this.#admin = admin
    this.#lag = lag
    this.#see = see
    this.#agent.on('free', (socket) => socket.setTimeout(IDLE_MS))
  }

  /** Sends it as soon as there is somebody to send it to. */
  async send(sending: Sending): Promise<Ending> {
    const url = await this.#lives.up()
    const { life } = this.#lives
    const sent = Date.now()
    const got: Got = { reused: false, status: 0, headers: {}, bytes: 0, text: '' }
    const hash = createHash('sha256')
    this.sent += 1
    this.open += 1
    const how = await this.#attempt(url, sending, { got, hash })
    this.open -= 1
    // The process may be gone a moment before anybody has noticed.
    if (how === 'none' || how === 'cut') await delay(20)
    const stale = how === 'none' && got.reused && this.#lag.since(sent - CLOSED_MS) > IDLE_MS
    const killed = stale || !this.#lives.isAlive(life)
    const digest = hash.digest('hex')
    const ending = { how, ...got, digest, life, killed, sent, ended: Date.now() }
    this.#see(ending, sending)
    return ending
  }

  /** The same for an operator, for who needs no more than the answer. null: there was none. */
  async operate(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    { body, accept = 'application/json', patience_ms = HUNG_MS }: Asking = {},
  ): Promise<Answer | null> {
    const has = body !== undefined
    const { how, status, headers, text } = await this.send({
      method,
      path,
      headers: {
        authorization: `Bearer ${this.#admin}`,
        accept,
        ...(has && { 'content-type': 'application/json' }),
      },
      ...(has && { body: JSON.stringify(body) }),
      hung_ms: patience_ms,
    })
    return how === 'whole' ? { status, headers, body: text } : null
  }

  async #attempt(
    url: string,
    sending: Sending,
    { got, hash }: { readonly got: Got; readonly hash: Hash },
  ): Promise<Ending['how']> {
    const { patience_ms, hung_ms = HUNG_MS } = sending
    const leaving = new AbortController()
    const timer = setTimeout(() => leaving.abort(), patience_ms ?? hung_ms)
    const { signal } = leaving
    try {
      await this.#exchange(url, sending, { got, hash, signal })
      return 'whole'
    } catch {
      if (signal.aborted) return patience_ms === undefined ? 'hung' : 'left'
      return got.status === 0 ? 'none' : 'cut'
    } finally {
      clearTimeout(timer)
    }
  }

  async #exchange(
    url: string,
    { method, path, headers, body, parts, resets }: Sending,
    { got, hash, signal }: { got: Got; hash: Hash; signal: AbortSignal },
  ): Promise<void> {
    const length = Buffer.byteLength(body ?? '')
    const declared = method === 'GET' || parts !== undefined ? {} : { 'content-length': length }
    const all = { [SENT]: String(Date.now()), ...declared, ...headers }
    // Not as a URL: that would be tidied up.
    const { hostname: host, port } = new URL(url)
    const call = request({ host, port, path, method, headers: all, agent: this.#agent })
    call.on('error', () => {})
    call.once('socket', (socket: Socket) => {
      got.reused = call.reusedSocket
      socket.setTimeout(0)
      if (!got.reused) socket.on('timeout', () => socket.destroy())
    })
    signal.addEventListener('abort', () => {
      if (resets) call.socket?.resetAndDestroy()
      call.destroy()
    })
    const uploading = upload(call, body, parts)
    const [response] = (await once(call, 'response', { signal })) as [IncomingMessage]
    Object.assign(got, { status: response.statusCode ?? 0, headers: response.headers })
    const kept: Buffer[] = []
    try {
      for await (const part of response as AsyncIterable<Buffer>) {
        hash.update(part)
        if (got.bytes < TEXT_BYTES) kept.push(part)
        got.bytes += part.length
      }
    } finally {
      got.text = Buffer.concat(kept).toString('utf8', 0, TEXT_BYTES)
    }
    await uploading
  }
}

/** In parts it has no length, and takes a moment. */
async function upload(call: ClientRequest, body: Sending['body'], parts = 0): Promise<void> {
  if (parts === 0 || body === undefined) {
    call.end(body)
    return
  }
  const bytes = Buffer.from(body)
  const size = Math.ceil(bytes.length / parts)
  for (let part = 0; part < parts && !call.destroyed; part += 1) {
    call.write(bytes.subarray(part * size, (part + 1) * size))
    await delay(5)
  }
  call.end()
}
