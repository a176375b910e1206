import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { SourceFailure } from '../../src/sources/backend.ts'
import {
  afterFailure,
  afterRead,
  isUsable,
  stateOf,
  stepFor,
  UNREAD,
} from '../../src/sources/held.ts'
import type { Held, Step } from '../../src/sources/held.ts'

const NOW = Date.UTC(2026, 10, 25)
const TIMES = { fresh_ms: 300_000, stale_ms: 3_600_000 }

const readAgo = (ms: number): Held<string> => afterRead('v', NOW - ms)
/** Read so long ago, and failed so often, the last time so long ago. */
const failed = (read: number | null, times: number, ago: number, how: SourceFailure) =>
  Array.from({ length: times }).reduce<Held<string>>(
    (held) => afterFailure(held, how, NOW - ago),
    read === null ? UNREAD : readAgo(read),
  )

describe('what a call does', () => {
  it.each<[string, Held<string>, Step, ReturnType<typeof stateOf>]>([
    ['nothing was read', UNREAD, 'read', 'unread'],
    ['just read', readAgo(0), 'use', 'fresh'],
    ['well within its time', readAgo(239_999), 'use', 'fresh'],
    ['near its end', readAgo(240_000), 'renew', 'fresh'],
    ['at the last moment', readAgo(299_999), 'renew', 'fresh'],
    ['at its end', readAgo(300_000), 'read', 'stale'],
    ['from the future: the clock was set back', readAgo(-300_001), 'read', 'stale'],
    ['a renewal has failed just now', failed(250_000, 1, 4999, 'busy'), 'use', 'fresh'],
    ['a renewal has failed a while ago', failed(250_000, 1, 5000, 'busy'), 'renew', 'fresh'],
    ['old, and failed just now', failed(300_000, 1, 4999, 'unreachable'), 'stale', 'stale'],
    ['old, and failed a while ago', failed(300_000, 1, 5000, 'unreachable'), 'read', 'stale'],
    ['failed twice', failed(300_000, 2, 9999, 'malformed'), 'stale', 'stale'],
    ['failed twice, a while ago', failed(300_000, 2, 10_000, 'malformed'), 'read', 'stale'],
    ['failed often', failed(300_000, 40, 59_999, 'busy'), 'stale', 'stale'],
    ['failed often, a while ago', failed(300_000, 40, 60_000, 'busy'), 'read', 'stale'],
    ['at the end of its stale time', failed(3_600_000, 1, 1, 'busy'), 'stale', 'stale'],
    ['after its stale time', failed(3_600_001, 1, 1, 'busy'), 'none', 'none'],
    ['never read, and failed', failed(null, 1, 1, 'unconfigured'), 'none', 'none'],
    ['denied: fresh as it was, it is gone', failed(1000, 1, 1, 'denied'), 'none', 'none'],
    ['not there any more', failed(1000, 1, 1, 'missing'), 'none', 'none'],
    ['denied, a while ago', failed(1000, 1, 5000, 'denied'), 'read', 'none'],
  ])('%s', (_title, held, step, state) => {
    expect([stepFor(held, NOW, TIMES), stateOf(held, NOW, TIMES)]).toEqual([step, state])
  })
})

const FAILURES = ['unconfigured', 'unreachable', 'denied', 'missing', 'malformed', 'busy'] as const
const events = fc.array(
  fc.record({
    after: fc.integer({ min: 0, max: 900_000 }),
    says: fc.option(fc.constantFrom(...FAILURES), { nil: null, freq: 2 }),
  }),
  { maxLength: 40 },
)

/** What must hold of a step, whatever happened before it. */
function judge(
  step: Step,
  held: Held<number>,
  then: { now: number; alive: number | null; failed: number },
) {
  const { now, alive, failed: failedAt } = then
  if (step === 'none') return expect(isUsable(held, now, TIMES)).toBe(false)
  if (step !== 'stale') expect(step !== 'use' && now - failedAt < 5000).toBe(false)
  if (step === 'read') return
  expect(held.value).toBe(alive)
  const longest = step === 'stale' ? TIMES.stale_ms : TIMES.fresh_ms - 1
  expect(now - (alive ?? -Infinity)).toBeLessThanOrEqual(longest)
  if (step === 'stale') expect(now - failedAt).toBeLessThan(60_000)
}

it('whatever happens: no value beyond its time, none that was taken back, no place that is hammered', () => {
  fc.assert(
    fc.property(events, (all) => {
      let held: Held<number> = UNREAD
      const then = { now: NOW, alive: null as number | null, failed: -Infinity }
      for (const { after, says } of all) {
        then.now += after
        const step = stepFor(held, then.now, TIMES)
        judge(step, held, then)
        if (step !== 'renew' && step !== 'read') continue
        held = says ? afterFailure(held, says, then.now) : afterRead(then.now, then.now)
        if (says === null) then.alive = then.now
        else then.failed = then.now
        if (says === 'denied' || says === 'missing') then.alive = null
      }
    }),
  )
})
