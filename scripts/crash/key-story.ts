import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'

import type { Evidence } from './evidence.ts'
import type { Reply } from './upstream.ts'
import type { Answer, Victim } from './victim.ts'

/**
 * So long after the answer it is on disk, unless the process was killed before: the copy of it, and
 * at most one second of waiting for the end of the request's body (src/idempotency.ts).
 */
const RECORDED_MS = 1200

/** A client gives up when the key says 409 and nobody has had a call of it open for so long. */
const QUIET_MS = 500

const PAUSE_MS = 100

/** What the clients of one Idempotency-Key were told, and what the upstream has seen of it. */
export class KeyStory {
  readonly key: string
  readonly provider: string
  readonly #size: number
  readonly #evidence: Evidence
  /** The upstream's answer. */
  #reply: Reply | null = null
  calls = 0
  /** A client was told the answer first in this life, at this Unix ms. */
  #told: { readonly at: number; readonly life: number } | null = null
  /** The answer was replayed: it is recorded. */
  replayed = false
  /** The last that any client was told. */
  ending: 'answered' | 'unknown' | 'nothing' = 'nothing'
  /** Of its last call. */
  life = -1
  /** Calls that may be the one that holds the key: open ones, and when the last of them ended. */
  #open = 0
  #lastEnded = 0

  constructor(
    what: { readonly key: string; readonly provider: string; readonly size: number },
    evidence: Evidence,
  ) {
    this.key = what.key
    this.provider = what.provider
    this.#size = what.size
    this.#evidence = evidence
  }

  /** A call with this key is at the upstream. */
  forwarded(): Reply {
    this.calls += 1
    if (this.calls > 1) this.#evidence.add(`${this.#name}: forwarded ${this.calls} times`)
    const body = `${this.calls} ${randomUUID()} ${'x'.repeat(this.#size)}`
    const reply = { status: 201, headers: { 'x-answer': randomUUID() }, body }
    this.#reply ??= reply
    return reply
  }

  /** One client: uses the key until it has the answer, or knows that nobody will. */
  async settle(victim: Victim, told: () => void): Promise<void> {
    for (;;) {
      await victim.up()
      const [before, due] = [Date.now(), this.#mustBeKept(victim)]
      const life = (this.life = victim.life)
      this.#open += 1
      const { provider, key } = this
      const body = `the body of ${key}`
      const answer = await victim.call({ provider, path: '/do', method: 'POST', key, body })
      this.#open -= 1
      if (answer?.status === 201) {
        this.#answered(answer, life)
        told()
        return
      }
      if (answer?.status === 409) {
        if (due) this.#lost(answer)
        if (this.#open === 0 && before - this.#lastEnded > QUIET_MS) {
          this.ending = 'unknown'
          return
        }
      } else {
        this.#lastEnded = Date.now()
      }
      await delay(PAUSE_MS * (0.5 + Math.random()))
    }
  }

  /** Whether the answer was given to somebody, and had the time to be recorded. */
  #mustBeKept({ life, deaths }: Victim): boolean {
    if (this.replayed) return true
    if (!this.#told) return false
    const end = this.#told.life === life ? Date.now() : (deaths[this.#told.life] ?? 0)
    return end - this.#told.at > RECORDED_MS
  }

  #answered({ headers, body }: Answer, life: number): void {
    this.#lastEnded = Date.now()
    this.ending = 'answered'
    const replayed = headers['x-proxy-cache'] === 'IDEMPOTENT-HIT'
    if (replayed) this.replayed = true
    if (!replayed && this.#told) this.#evidence.add(`${this.#name}: answered twice`)
    this.#told ??= { at: Date.now(), life }
    const same =
      body === this.#reply?.body && headers['x-answer'] === this.#reply.headers?.['x-answer']
    if (!same) this.#evidence.add(`${this.#name}: the answer is not the one of the first call`)
  }

  #lost({ body }: Answer): void {
    const was = this.replayed ? 'replayed' : 'given and recorded'
    this.#evidence.add(`${this.#name}: an answer that was ${was} is gone: ${body}`)
  }

  get #name(): string {
    return `${this.provider}/${this.key}`
  }
}
