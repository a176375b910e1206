import { setTimeout as delay } from 'node:timers/promises'

import type { Parts } from './evidence.ts'
import { LIMITED } from './fixture.ts'
import type { Passed } from './intervals.ts'
import type { Victim } from './victim.ts'

/** So many callers of each provider, who come back so soon: far more than is ever let through. */
const CALLERS = { at_once: 8, pause_ms: 150 }

/** Callers without end of the providers that have limits, and when their calls were forwarded. */
export class LimitLoad {
  readonly #victim: Victim
  readonly passed = new Map<string, Passed[]>()
  over = false

  constructor({ victim, upstream, moments }: Parts) {
    this.#victim = victim
    for (const { name } of LIMITED) {
      const passed: Passed[] = []
      this.passed.set(name, passed)
      upstream.on(name, ({ sent, arrived }) => {
        passed.push({ sent, arrived })
        moments.emit('admitted')
        return { status: 200, body: 'ok' }
      })
    }
  }

  /** Until `over`. */
  async run(): Promise<void> {
    const callers = LIMITED.flatMap(({ name }) =>
      Array.from({ length: CALLERS.at_once }, () => this.#ask(name)),
    )
    await Promise.all(callers)
  }

  async #ask(provider: string): Promise<void> {
    while (!this.over) {
      const answer = await this.#victim.call({ provider, path: '/' })
      if (answer?.status !== 200) await delay(CALLERS.pause_ms * (0.5 + Math.random()))
    }
  }
}
