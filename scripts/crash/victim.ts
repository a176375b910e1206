import { once } from 'node:events'
import { Agent, request } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import { text } from 'node:stream/consumers'

import { Lives } from '../checks/lives.ts'
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
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
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
  readonly #lives: Lives
  readonly #agent = new Agent({ keepAlive: true })
  /** How many calls ended in which way. */
  readonly endings = new Map<string, number>()

  constructor(project: Project) {
    this.#project = project
    this.#lives = new Lives(project)
  }

  /** Which life it is in, or which one comes next: 0 is the first. */
  get life(): number {
    return this.#lives.life
  }

  /** Unix ms at which each life ended. */
  get deaths(): readonly number[] {
    return this.#lives.deaths
  }

  /** ms in which it did not answer, of all starts but the first. */
  get down_ms(): number {
    return this.#lives.down_ms
  }

  /** On the same data directory, each time at another port. */
  start(): Promise<void> {
    return this.#lives.start()
  }

  /** SIGKILL. Returns when the process is gone. */
  kill(): Promise<void> {
    return this.#lives.kill()
  }

  /** SIGTERM, as an operator does it. Returns when the process is gone. */
  stop(): Promise<void> {
    return this.#lives.stop()
  }

  /** What all lives have printed on the console so far. */
  get printed(): string {
    return this.#lives.printed
  }

  /** Resolves while it answers: at once, or after the next start. */
  async up(): Promise<void> {
    await this.#lives.up()
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
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
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
    const url = await this.#lives.up()
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
