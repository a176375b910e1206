import { once } from 'node:events'
import { Agent, request } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import { text } from 'node:stream/consumers'

import { serve } from '../serve.ts'
import type { Served } from '../serve.ts'
import type { Project } from './fixture.ts'
import { SENT } from './upstream.ts'

/** A call's answer, read to its end. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface Wanted {
  readonly provider: string
  readonly path: string
  readonly method?: 'GET' | 'POST' | 'DELETE'
  readonly key?: string
  readonly body?: string
  /** Of an agent with a grant, instead of the key of this machine. */
  readonly token?: string
  /** After so many ms the client hangs up. */
  readonly patience_ms?: number
}

/** What an operator asks, beside the path. */
export interface Asking {
  readonly body?: unknown
  readonly accept?: string
  readonly patience_ms?: number
}

/** Longer than anything here takes: a call that waits for it hangs. */
const PATIENCE_MS = 10_000

/** The installation that is killed, as its clients see it: one life after another. */
export class Victim {
  readonly #project: Project
  readonly #agent = new Agent({ keepAlive: true })
  #running: Served | null = null
  #start = Promise.withResolvers<string>()
  /** Unix ms at which each life ended. */
  readonly deaths: number[] = []
  /** ms in which it did not answer, of all starts but the first. */
  down_ms = 0
  /** How many calls ended in which way. */
  readonly endings = new Map<string, number>()
  /** What earlier lives printed. */
  #printed = ''

  constructor(project: Project) {
    this.#project = project
  }

  /** Which life it is in, or which one comes next: 0 is the first. */
  get life(): number {
    return this.deaths.length
  }

  /** On the same data directory, each time at another port. */
  async start(): Promise<void> {
    this.#running = await serve({ ...this.#project, port: 0, output: 'keep' })
    const killedAt = this.deaths.at(-1)
    if (killedAt !== undefined) this.down_ms += Date.now() - killedAt
    this.#start.resolve(this.#running.url)
  }

  /** SIGKILL. Returns when the process is gone. */
  async kill(): Promise<void> {
    if (!this.#running) return
    const { pid, ended, output } = this.#running
    process.kill(pid, 'SIGKILL')
    const killedAt = Date.now()
    this.#start = Promise.withResolvers()
    this.#running = null
    await ended
    this.#printed += output()
    this.deaths.push(killedAt)
  }

  /** SIGTERM, as an operator does it. Returns when the process is gone. */
  async stop(): Promise<void> {
    if (!this.#running) return
    const { stop, output } = this.#running
    this.#start = Promise.withResolvers()
    this.#running = null
    await stop()
    this.#printed += output()
    this.deaths.push(Date.now())
  }

  /** What all lives have printed on the console so far. */
  get printed(): string {
    return this.#printed + (this.#running?.output() ?? '')
  }

  /** Resolves while it answers: at once, or after the next start. */
  async up(): Promise<void> {
    await this.#start.promise
  }

  /** Sends a call as soon as there is somebody to send it to. null: it broke off. */
  async call(wanted: Wanted): Promise<Answer | null> {
    const { provider, key, token = this.#project.agentKey } = wanted
    return this.#send(wanted, {
      'x-provider': provider,
      'x-outpost-auth': token,
      [SENT]: String(Date.now()),
      ...(key !== undefined && { 'idempotency-key': key }),
    })
  }

  /** The same for the operator. */
  async operate(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    { body, accept = 'application/json', patience_ms = PATIENCE_MS }: Asking = {},
  ): Promise<Answer | null> {
    const has = body !== undefined
    return this.#send(
      { method, path, patience_ms, ...(has && { body: JSON.stringify(body) }) },
      {
        authorization: `Bearer ${this.#project.env['OUTPOST_ADMIN_TOKEN'] ?? ''}`,
        accept,
        ...(has && { 'content-type': 'application/json' }),
      },
    )
  }

  async #send(
    wanted: Pick<Wanted, 'method' | 'path' | 'body' | 'patience_ms'>,
    headers: OutgoingHttpHeaders,
  ): Promise<Answer | null> {
    const url = await this.#start.promise
    const { patience_ms } = wanted
    const signal = AbortSignal.timeout(patience_ms ?? PATIENCE_MS)
    try {
      const answer = await this.#exchange(url, wanted, headers, signal)
      this.#count(endingOf(answer))
      return answer
    } catch {
      const hung = patience_ms === undefined ? 'hung' : 'hung up'
      this.#count(signal.aborted ? hung : 'broken off')
      return null
    }
  }

  async #exchange(
    url: string,
    { path, method = 'GET', body }: Pick<Wanted, 'method' | 'path' | 'body'>,
    headers: OutgoingHttpHeaders,
    signal: AbortSignal,
  ): Promise<Answer> {
    const sent = request(url + path, { method, headers, agent: this.#agent, signal })
    sent.on('error', () => {})
    sent.end(body)
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      body: await text(response),
    }
  }

  #count(ending: string): void {
    this.endings.set(ending, (this.endings.get(ending) ?? 0) + 1)
  }
}

function endingOf({ status, headers }: Answer): string {
  const code = headers['x-proxy-error'] ?? headers['x-proxy-cache'] ?? ''
  return `${status} ${String(code)}`.trim()
}
