import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'

import type { Evidence } from '../crash/evidence.ts'
import type { Arrival } from './calls.ts'
import type { Random } from './random.ts'
import { sentinel } from './sentinels.ts'

/** Shortest and longest life of a token, s. Below ten it is used for longer than it lasts: docs/tokens.md. */
const LASTS_S = [11, 25] as const

/** The share of questions that fail, and how long an answer takes at most, ms. */
const FAILING = 0.15
const SLOWEST_MS = 400

/** How a question can fail. */
const FAILURES = ['503', 'reset', 'half', 'no json'] as const

/** The one client that it knows. */
type OAuthClient = () => { readonly id: string; readonly secret: string }

/** A token endpoint on loopback: RFC 6749 §4.4, tokens of some seconds, and failures by the seed. */
export class TokenServer {
  readonly #server: Server
  readonly #random: Random
  readonly #evidence: Evidence
  readonly #client: OAuthClient
  readonly #until = new Map<string, number>()
  readonly #rejected = new Set<string>()
  #open = 0
  minted = 0
  failed = 0
  /** Unix ms. */
  lastFailure = 0

  constructor(random: Random, evidence: Evidence, client: OAuthClient) {
    this.#random = random
    this.#evidence = evidence
    this.#client = client
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy())
    })
    this.#server.on('connection', (socket) => socket.on('error', () => {}))
    this.#server.keepAliveTimeout = 3_600_000
  }

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  /**
   * Whether the upstream has to take it: what is wrong with it, or null. A token is taken when the
   * call is there already, so one that had ended when it was sent was no good then.
   */
  wrongWith(authorization: string, { sent }: Arrival): string | null {
    const until = this.#until.get(authorization.replace(/^Bearer /, ''))
    if (until === undefined) return 'a token that was never minted'
    return until < sent ? `a token that ended ${sent - until} ms before the call` : null
  }

  /** From now on the upstream says that the token is not good. */
  reject(authorization: string): void {
    this.#rejected.add(authorization)
  }

  isRejected(authorization: string): boolean {
    return this.#rejected.has(authorization)
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#open += 1
    response.once('close', () => (this.#open -= 1))
    const form = new URLSearchParams(await text(request))
    const { id, secret } = this.#client()
    if (form.get('client_id') !== id || form.get('client_secret') !== secret) {
      this.#evidence.add('the token endpoint was asked with another credential')
    }
    // A process that was killed has left its question here.
    if (this.#open > 1 && !(await this.#isLast())) {
      this.#evidence.add(`${this.#open} tokens were minted at the same time`)
    }
    await delay(this.#random.between(0, SLOWEST_MS))
    if (this.#random.chance(FAILING)) {
      this.failed += 1
      this.lastFailure = Date.now()
      fail(this.#random.pick(FAILURES), request, response)
      return
    }
    this.minted += 1
    const seconds = this.#random.between(...LASTS_S)
    const token = sentinel('minted', randomUUID())
    this.#until.set(token, Date.now() + seconds * 1000)
    const said = { access_token: token, token_type: 'Bearer', expires_in: seconds }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(said))
  }

  /** Whether the others end by themselves within a moment. */
  async #isLast(): Promise<boolean> {
    for (let tries = 0; tries < 10 && this.#open > 1; tries += 1) await delay(50)
    return this.#open === 1
  }
}

function fail(
  how: (typeof FAILURES)[number],
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (how === 'reset') request.socket.resetAndDestroy()
  else if (how === '503') response.writeHead(503).end('later')
  else if (how === 'no json') response.writeHead(200).end('<html>')
  else response.writeHead(200, { 'content-type': 'application/json' }).end('{"access_token":"')
}
