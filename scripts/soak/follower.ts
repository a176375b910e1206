import { once } from 'node:events'
import { get } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'

import { genesis } from '../../src/audit/chain.ts'
import type { Lives } from '../checks/lives.ts'
import type { Evidence } from '../crash/evidence.ts'

/** Until it asks again where nobody answers, ms. */
const PAUSE_MS = 200

/** Reads the record of one tenant as it grows, through all lives, and holds it to its chain. */
export class Follower {
  readonly tenant: string
  readonly #lives: Lives
  readonly #admin: string
  readonly #evidence: Evidence
  readonly #over = new AbortController()
  #hash = ''
  /** The last record that was seen. */
  seq = 0
  /** How often it had to connect anew. */
  connections = 0

  constructor(tenant: string, lives: Lives, admin: string, evidence: Evidence) {
    this.tenant = tenant
    this.#lives = lives
    this.#admin = admin
    this.#evidence = evidence
  }

  end(): void {
    this.#over.abort()
  }

  /** Until `end`. */
  async run(): Promise<void> {
    this.#hash = genesis(this.tenant)
    while (!this.#over.signal.aborted) {
      const url = await this.#lives.up()
      const { life } = this.#lives
      try {
        await this.#follow(url)
      } catch (error) {
        const isOurs = this.#over.signal.aborted || !this.#lives.isAlive(life)
        if (!isOurs) this.#evidence.add(`the record of ${this.tenant}: ${String(error)}`)
      }
      await delay(PAUSE_MS)
    }
  }

  async #follow(url: string): Promise<void> {
    this.connections += 1
    const { signal } = this.#over
    const path = `/_outpost/audit/stream?tenant=${this.tenant}&after=${this.seq}`
    const headers = { authorization: `Bearer ${this.#admin}` }
    const asked = get(url + path, { headers, agent: false, signal })
    const [answer] = (await once(asked, 'response')) as [IncomingMessage]
    if (answer.statusCode !== 200) throw new Error(`status ${answer.statusCode}`)
    let text = ''
    for await (const part of answer.setEncoding('utf8') as AsyncIterable<string>) {
      const events = (text + part).split('\n\n')
      text = events.pop() ?? ''
      for (const event of events) this.#see(event)
    }
  }

  #see(event: string): void {
    const data = /^data: (.*)$/m.exec(event)?.[1]
    if (data === undefined) return
    const { seq, prev, hash } = JSON.parse(data) as { seq: number; prev: string; hash: string }
    if (seq !== this.seq + 1 || prev !== this.#hash) {
      this.#evidence.add(`the record of ${this.tenant}: ${seq} does not follow ${this.seq}`)
    }
    this.seq = seq
    this.#hash = hash
  }
}
