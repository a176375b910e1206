import type { EventEmitter } from 'node:events'

import type { Evidence, Parts } from './evidence.ts'
import { RECORDED } from './fixture.ts'
import type { Upstream } from './upstream.ts'
import type { Answer, Victim } from './victim.ts'

/** A call as its client and the upstream know it. Each has a path of its own. */
export interface Made {
  readonly tenant: string
  readonly path: string
  readonly method: 'GET' | 'POST'
  /** The life in which it was sent. */
  readonly life: number
  /** How often it reached the upstream. */
  arrivals: number
  /** When the client had its answer, Unix ms; null: it got none. */
  answered: number | null
  status: number
}

export interface Wish {
  readonly tenant: string
  readonly token: string
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly patience_ms?: number
  /** Why it may not be forwarded at all. */
  readonly forbidden?: string
}

/** What was called, and what the upstream saw of it. */
export class Trail {
  readonly #victim: Victim
  readonly #evidence: Evidence
  readonly #moments: EventEmitter
  readonly #byPath = new Map<string, Made[]>()
  readonly #forbidden = new Map<string, string>()
  #number = 0

  constructor({ victim, evidence, moments, upstream }: Parts) {
    this.#victim = victim
    this.#evidence = evidence
    this.#moments = moments
    this.#listen(upstream)
  }

  get made(): readonly Made[] {
    return [...this.#byPath.values()].flat()
  }

  /** How many calls of these paths reached the upstream. */
  arrivals(path: string): number {
    return (this.#byPath.get(path) ?? []).reduce((sum, each) => sum + each.arrivals, 0)
  }

  /** A path that nobody has called. */
  newPath(tenant: string, kind: string): string {
    this.#number += 1
    return `/${tenant}/${kind}/${this.#number}`
  }

  /** One call as soon as the victim lives. null: no answer. */
  async call({
    tenant,
    token,
    method,
    path,
    patience_ms,
    forbidden,
  }: Wish): Promise<Answer | null> {
    await this.#victim.up()
    const { life } = this.#victim
    const made: Made = { tenant, path, method, life, arrivals: 0, answered: null, status: 0 }
    this.#byPath.set(path, [...(this.#byPath.get(path) ?? []), made])
    if (forbidden !== undefined) this.#forbidden.set(path, forbidden)
    const patience = patience_ms === undefined ? {} : { patience_ms }
    const answer = await this.#victim.call({ provider: RECORDED, path, method, token, ...patience })
    if (!answer) return null
    made.answered = Date.now()
    made.status = answer.status
    this.#moments.emit('delivered')
    return answer
  }

  #listen(upstream: Upstream): void {
    upstream.on(RECORDED, ({ path, method }) => {
      const made = this.#byPath.get(path)?.at(-1)
      if (made?.method !== method) throw new Error(`a call that nobody made: ${path}`)
      made.arrivals += 1
      const forbidden = this.#forbidden.get(path)
      if (forbidden !== undefined) this.#evidence.add(`${method} ${path}: forwarded, ${forbidden}`)
      setImmediate(() => this.#moments.emit(method === 'POST' ? 'forwarded' : 'admitted'))
      return { status: method === 'POST' ? 201 : 200, body: 'ok' }
    })
  }
}
