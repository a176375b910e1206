import { once } from 'node:events'
import { Agent, request } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'

import { serve } from '../serve.ts'
import type { Served } from '../serve.ts'
import type { Project } from './fixture.ts'

/** A call's answer, read to its end. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface Wanted {
  readonly provider: string
  readonly path: string
  readonly method?: 'GET' | 'POST'
  readonly key?: string
  readonly body?: string
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
    const { pid, ended } = this.#running
    process.kill(pid, 'SIGKILL')
    this.#start = Promise.withResolvers()
    this.#running = null
    await ended
    this.deaths.push(Date.now())
  }

  /** Resolves while it answers: at once, or after the next start. */
  async up(): Promise<void> {
    await this.#start.promise
  }

  /** Sends a call as soon as there is somebody to send it to. null: it broke off. */
  async call(wanted: Wanted): Promise<Answer | null> {
    const url = await this.#start.promise
    const signal = AbortSignal.timeout(PATIENCE_MS)
    try {
      const answer = await this.#exchange(url, wanted, signal)
      this.#count(endingOf(answer))
      return answer
    } catch {
      this.#count(signal.aborted ? 'hung' : 'broken off')
      return null
    }
  }

  async #exchange(url: string, wanted: Wanted, signal: AbortSignal): Promise<Answer> {
    const { provider, path, method = 'GET', key, body } = wanted
    const headers = {
      'x-provider': provider,
      'x-outpost-auth': this.#project.agentKey,
      'x-sent': String(Date.now()),
      ...(key !== undefined && { 'idempotency-key': key }),
    }
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
