import type { EventEmitter } from 'node:events'

import type { Upstream } from './upstream.ts'
import type { Victim } from './victim.ts'

/** What was found against the promises, in words. Each is said once. */
export class Evidence {
  readonly #faults = new Set<string>()

  add(fault: string): void {
    this.#faults.add(fault)
  }

  get faults(): readonly string[] {
    return [...this.#faults]
  }
}

/** What every kind of load works with. */
export interface Parts {
  readonly victim: Victim
  readonly upstream: Upstream
  readonly moments: EventEmitter
  readonly evidence: Evidence
}
