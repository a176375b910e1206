import { EventEmitter } from 'node:events'

import { CooldownLoad } from './cooldown-load.ts'
import type { Evidence } from './evidence.ts'
import type { Passed } from './intervals.ts'
import { KeyLoad } from './key-load.ts'
import { LimitLoad } from './limit-load.ts'
import type { Upstream } from './upstream.ts'
import type { Victim } from './victim.ts'

/** All clients together. */
export interface Load {
  /** Says when a call was `admitted` or `forwarded`, an answer `delivered`, a category `cooled`. */
  readonly moments: EventEmitter
  readonly keys: KeyLoad
  readonly counted: CooldownLoad
  readonly free: CooldownLoad
  /** Forwarded calls of each provider, without those for cooldowns. */
  readonly passed: ReadonlyMap<string, readonly Passed[]>
  /** Until `end`. */
  readonly run: () => Promise<unknown>
  readonly end: () => void
}

export function loadOf(victim: Victim, upstream: Upstream, evidence: Evidence): Load {
  const moments = new EventEmitter()
  const parts = { victim, upstream, moments, evidence }
  const limits = new LimitLoad(parts)
  const keys = new KeyLoad(parts)
  const counted = new CooldownLoad('cooled', true, parts)
  const free = new CooldownLoad('cooled-free', false, parts)
  const all = [limits, keys, counted, free]
  return {
    moments,
    keys,
    counted,
    free,
    passed: new Map([...limits.passed, ...keys.passed]),
    run: () => Promise.all(all.map((each) => each.run())),
    end: () => {
      for (const each of all) each.over = true
    },
  }
}
