import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/**
 * The header with the Unix ms at which a client sent a call. Its name is one that an approval is not
 * bound to: the same call, sent again, is the same call.
 */
export const SENT = 'x-request-start'

/** A call that was forwarded. */
export interface Arrival {
  readonly provider: string
  readonly method: string
  /** Below the provider's base URL. */
  readonly path: string
  /** Unix ms, before the client sent it: it was admitted between this and `arrived`. */
  readonly sent: number
  /** Unix ms at which its headers were here. */
  readonly arrived: number
  /** Its Idempotency-Key; empty when it has none. */
  readonly key: string
}

export interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string
  /** How long the answer takes, ms: half before its headers, half in the middle of its body. */
  readonly takes_ms?: number
}

/** Called as soon as the headers have arrived, once for each call. */
export type Handler = (arrival: Arrival) => Reply

/** The upstream of every provider, on loopback. It lives through all kills. */
export class Upstream {
  readonly #server: Server
  readonly #handlers = new Map<string, Handler>()

  constructor() {
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy())
    })
    // A connection that ends while it is being used again would be a network error of our making.
    this.#server.keepAliveTimeout = 3_600_000
  }

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  on(provider: string, handler: Handler): void {
    this.#handlers.set(provider, handler)
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const arrival = arrivalOf(request)
    const handler = this.#handlers.get(arrival.provider)
    if (!handler) throw new Error(`a call that nobody made: ${request.url}`)
    const { status, headers, body, takes_ms } = handler(arrival)
    request.resume()
    if (!request.complete) await once(request, 'end')
    const head = { 'content-type': 'text/plain', ...headers }
    if (takes_ms === undefined) {
      response.writeHead(status, head).end(body)
      return
    }
    await delay(takes_ms / 2)
    const half = Math.floor(body.length / 2)
    response.writeHead(status, head).write(body.slice(0, half))
    await delay(takes_ms / 2)
    response.end(body.slice(half))
  }
}

function arrivalOf({ url, method = '', headers }: IncomingMessage): Arrival {
  const arrived = Date.now()
  const [, provider = '', path = ''] = /^\/([^/]+)(.*)$/.exec(url ?? '') ?? []
  const key = headers['idempotency-key']
  return {
    provider,
    method,
    path,
    sent: Number(headers[SENT]),
    arrived,
    key: typeof key === 'string' ? key : '',
  }
}
