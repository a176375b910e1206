import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import type { Evidence } from '../crash/evidence.ts'
import { SENT } from '../crash/upstream.ts'
import type { Arrival, Calls, Expected } from './calls.ts'
import { perform } from './perform.ts'
import { secretsIn } from './sentinels.ts'

/** What the upstream of a provider has to find in `Authorization`: null when that is right. */
export type Credential = (value: string, arrival: Arrival) => string | null

/** The upstream of every provider, on loopback. It lives through all kills. */
export class Upstream {
  readonly #server: Server
  readonly #calls: Calls
  readonly #evidence: Evidence
  readonly #block: Buffer
  readonly #credentials = new Map<string, Credential>()
  #url = ''
  arrivals = 0

  constructor(calls: Calls, evidence: Evidence, block: Buffer) {
    this.#calls = calls
    this.#evidence = evidence
    this.#block = block
    this.#server = createServer((request, response) => {
      // A client that breaks off is one of the faults.
      for (const each of [request, response]) each.once('error', () => {})
      this.#take(request, response).catch(() => response.destroy())
    })
    this.#server.on('connection', (socket) => socket.on('error', () => {}))
    // A connection that ends while it is being used again would be a fault of our making.
    this.#server.keepAliveTimeout = 3_600_000
    this.#server.requestTimeout = 0
  }

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    this.#url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
    return this.#url
  }

  /** How the provider of that name proves itself. */
  provides(provider: string, credential: Credential): void {
    this.#credentials.set(provider, credential)
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const arrival = arrivalOf(request)
    const expected = this.#calls.find(arrival.path)
    this.arrivals += 1
    if (!expected) throw this.#fault(`${arrival.path}: a call that nobody made`)
    expected.arrivals += 1
    expected.open.add(response)
    response.once('close', () => expected.open.delete(response))
    this.#look(request, arrival, expected)
    const play = expected.answer(arrival)
    await this.#read(request, expected)
    const base = `${this.#url}/${arrival.provider}`
    const headers = { 'x-arrival': `${arrival.path} ${expected.arrivals}` }
    expected.begun = Date.now()
    await perform({ request, response, play, block: this.#block, headers, base })
  }

  /** What every call has to be like, and what it may not carry. */
  #look(request: IncomingMessage, arrival: Arrival, expected: Expected): void {
    const where = `${arrival.method} ${arrival.path}`
    const { provider, method, forbidden } = expected
    if (provider !== arrival.provider || method !== arrival.method) {
      this.#fault(`${where}: at ${arrival.provider}, and it was ${method} at ${provider}`)
    }
    if (forbidden !== null) this.#fault(`${where}: forwarded, ${forbidden}`)
    const { authorization = '', ...others } = request.headers
    const wrong = this.#credentials.get(provider)?.(authorization, arrival) ?? null
    if (wrong !== null) this.#fault(`${where}: ${wrong}`)
    const [leak] = secretsIn(`${request.url} ${JSON.stringify(others)}`)
    if (leak !== undefined) this.#fault(`${where}: ${leak} went upstream`)
  }

  /** To its end, before anything is answered. One that breaks off is never answered. */
  async #read(request: IncomingMessage, expected: Expected): Promise<void> {
    const hash = createHash('sha256')
    let bytes = 0
    for await (const part of request as AsyncIterable<Buffer>) {
      hash.update(part)
      bytes += part.length
    }
    if (!request.complete) throw new Error('half a body')
    expected.received = { digest: hash.digest('hex'), bytes }
  }

  #fault(what: string): Error {
    this.#evidence.add(what)
    return new Error(what)
  }
}

function arrivalOf({ url, method = '', headers }: IncomingMessage): Arrival {
  const [, provider = '', path = ''] = /^\/([^/]+)([^?]*)/.exec(url ?? '') ?? []
  const header = (name: string) => String(headers[name] ?? '')
  return { provider, method, path, sent: Number(header(SENT)), arrived: Date.now(), header }
}
