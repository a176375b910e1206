import type { EventEmitter } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'

import type { Evidence, Parts } from './evidence.ts'
import { COOLED } from './fixture.ts'
import type { Arrival, Reply } from './upstream.ts'
import type { Answer, Victim } from './victim.ts'

const PROBE_MS = 150

/**
 * Without windows a new process learns of a cooldown beside its first call, which goes through. So
 * long after that call's end it has to know.
 */
const LEARNT_MS = 250

/** Without windows a cooldown is confirmed from memory, before it is on disk. That takes less. */
const STORED_MS = 50

/** The upstream said 429: nobody goes until then. */
interface Cooldown {
  readonly until: number
  /** Set when a client was told of it: Unix ms, and the life it was in. */
  confirmed: { readonly at: number; readonly life: number } | null
}

/** One category: its clients come one after the other. */
interface State {
  readonly name: string
  readonly seconds: number
  cooldown: Cooldown | null
  /** The life in which a call last ended, and when the first one of that life did. */
  life: number
  firstEndedAt: number
}

export interface CooldownFigures {
  set: number
  confirmed: number
  /** Refusals in a later life than the one in which the cooldown was confirmed. */
  heldAfterKill: number
  /** Without windows: first calls of a life, which nothing holds. */
  letThrough: number
  /** Without windows: confirmed, and not on disk when the kill came. */
  notStored: number
}

/**
 * An upstream that answers 429 to whatever it gets, and clients who, once they were told of the
 * cooldown, look whether anything is forwarded before its end.
 */
export class CooldownLoad {
  readonly #victim: Victim
  readonly #provider: string
  readonly #counted: boolean
  readonly #moments: EventEmitter
  readonly #evidence: Evidence
  readonly #states: ReadonlyMap<string, State>
  readonly figures: CooldownFigures = {
    set: 0,
    confirmed: 0,
    heldAfterKill: 0,
    letThrough: 0,
    notStored: 0,
  }
  over = false

  /** `counted`: the provider has windows. */
  constructor(provider: string, counted: boolean, { victim, upstream, moments, evidence }: Parts) {
    this.#victim = victim
    this.#provider = provider
    this.#counted = counted
    this.#moments = moments
    this.#evidence = evidence
    this.#states = new Map(
      Array.from(COOLED, ([name, seconds]) => {
        return [`/${name}`, { name, seconds, cooldown: null, life: -1, firstEndedAt: Infinity }]
      }),
    )
    upstream.on(provider, (arrival) => this.#arrived(arrival))
  }

  /** Until `over`. */
  async run(): Promise<void> {
    await Promise.all(Array.from(this.#states, ([path, state]) => this.#probe(path, state)))
  }

  async #probe(path: string, state: State): Promise<void> {
    while (!this.over) {
      await this.#victim.up()
      if (state.life !== this.#victim.life) {
        Object.assign(state, { life: this.#victim.life, firstEndedAt: Infinity })
      }
      const { life } = state
      const answer = await this.#victim.call({ provider: this.#provider, path })
      if (answer && life === this.#victim.life) {
        state.firstEndedAt = Math.min(state.firstEndedAt, Date.now())
      }
      const code = answer?.headers['x-proxy-error']
      if (answer && code === 'PROXY_RATE_LIMITED') this.#refused(state, answer)
      // At once after the upstream's 429: the refusal that confirms it is to be as early as it can.
      if (code !== 'PROXY_UPSTREAM_RATE_LIMITED') await delay(PROBE_MS * (0.5 + Math.random()))
    }
  }

  /** A client is told to stay away: for as long as the upstream said, at least. */
  #refused(state: State, { body }: Answer): void {
    const { cooldown } = state
    if (!cooldown || cooldown.until <= Date.now()) return
    const stated = JSON.parse(body) as { error: { metadata: { retry_after: number } } }
    const knows = Date.now() + stated.error.metadata.retry_after * 1000 >= cooldown.until
    if (!cooldown.confirmed) {
      if (!knows) return
      cooldown.confirmed = { at: Date.now(), life: this.#victim.life }
      this.figures.confirmed += 1
      this.#moments.emit('cooled')
      return
    }
    if (!knows) this.#evidence.add(`${this.#nameOf(state)}: the end of a cooldown came nearer`)
    if (cooldown.confirmed.life !== this.#victim.life) this.figures.heldAfterKill += 1
  }

  #arrived({ path, sent, arrived }: Arrival): Reply {
    const state = this.#states.get(path)
    if (!state) throw new Error(`no such category: ${path}`)
    const { cooldown } = state
    if (cooldown?.confirmed && arrived < cooldown.until) {
      this.#early(state, cooldown, { sent, arrived })
      return { status: 200, body: 'too early' }
    }
    state.cooldown = { until: Date.now() + state.seconds * 1000, confirmed: null }
    this.figures.set += 1
    return { status: 429, headers: { 'retry-after': String(state.seconds) }, body: 'slow down' }
  }

  #early(state: State, cooldown: Cooldown, call: { sent: number; arrived: number }): void {
    const { confirmed, until } = cooldown
    if (!confirmed) return
    const killed = this.#victim.deaths[confirmed.life]
    const beforeKill = killed === undefined ? Infinity : killed - confirmed.at
    const isFirst = call.sent < state.firstEndedAt + LEARNT_MS
    if (!this.#counted && killed !== undefined) {
      if (isFirst) this.figures.letThrough += 1
      else if (beforeKill < STORED_MS) this.figures.notStored += 1
      if (isFirst || beforeKill < STORED_MS) return
    }
    this.#evidence.add(
      `${this.#nameOf(state)}: forwarded ${until - call.arrived} ms before the end of a cooldown, ` +
        `confirmed ${beforeKill} ms before a kill`,
    )
  }

  #nameOf({ name }: State): string {
    return `${this.#provider}/${name}`
  }
}
