import { setTimeout as delay } from 'node:timers/promises'

import type { Agent, Installation } from './fixture.ts'

/** What control-plane.md promises of reads: the latest moment at which an isolate notices. */
export const PROMISED_MS = 60_000

/** How long is looked for calls that should not have gone. */
const WATCHED_MS = PROMISED_MS + 2000

/** Busy isolates are asked so often; quiet ones when a copy is as old as it may become. */
const PAUSE_MS = { busy: 250, quiet: 49_000 } as const

/** Copies are of different ages when it happens: the isolates begin so long after each other. */
const APART_MS = 3000

export type Pace = keyof typeof PAUSE_MS

/** What an operator does to an agent, and what is to come of it. */
export interface Scenario {
  readonly name: string
  /** Before the isolates make copies. */
  readonly before?: (installation: Installation, agent: Agent) => Promise<unknown>
  readonly act: (installation: Installation, agent: Agent) => Promise<unknown>
  /** The code of the refusal from then on; null: calls go from then on. */
  readonly after: string | null
}

/** How long one isolate went on as before, ms after the operator's answer. */
export interface Noticed {
  readonly scenario: string
  readonly isolate: number
  readonly pace: Pace
  /** The last read that went the old way began then; null: none did. */
  readonly reads: number | null
  /** The same of sensitive calls. */
  readonly writes: number | null
  /** Answers that are neither the old ones nor those that are to come. */
  readonly odd: readonly string[]
}

/**
 * Two grants, one for reads and one for sensitive calls, because an isolate to which a sensitive
 * call was refused forgets its copy. Every isolate calls before, during and after what the operator
 * does.
 */
export async function play(
  installation: Installation,
  scenario: Scenario,
  isolates: number,
): Promise<Noticed[]> {
  const tenant = scenario.name.replaceAll(' ', '-')
  const agents = {
    reads: await installation.grant(tenant),
    writes: await installation.grant(tenant),
  }
  for (const agent of Object.values(agents)) await scenario.before?.(installation, agent)
  const state = { answered: null as number | null, over: false }
  const watches = Array.from({ length: isolates }, async (_, index) => {
    const isolate = index + 1
    await delay(index * APART_MS)
    const pace: Pace = index % 2 === 0 ? 'busy' : 'quiet'
    const of = (agent: Agent, method: 'GET' | 'POST', ms: number) =>
      watch({ installation, agent, isolate, method, ms }, scenario, state)
    const reads = of(agents.reads, 'GET', PAUSE_MS[pace])
    const writes = of(agents.writes, 'POST', PAUSE_MS.busy)
    const [read, written] = await Promise.all([reads, writes])
    const odd = [...read.odd, ...written.odd]
    return { scenario: scenario.name, isolate, pace, reads: read.last, writes: written.last, odd }
  })
  await delay(isolates * APART_MS)
  for (const agent of Object.values(agents)) await scenario.act(installation, agent)
  state.answered = performance.now()
  await delay(WATCHED_MS)
  state.over = true
  return Promise.all(watches)
}

interface Watched {
  readonly installation: Installation
  readonly agent: Agent
  readonly isolate: number
  readonly method: 'GET' | 'POST'
  /** Between two calls. */
  readonly ms: number
}

async function watch(
  { installation, agent, isolate, method, ms }: Watched,
  { after, before }: Scenario,
  state: { readonly answered: number | null; readonly over: boolean },
): Promise<{ readonly last: number | null; readonly odd: readonly string[] }> {
  let last: number | null = null
  const odd = new Set<string>()
  const old = before ? 'PROXY_PAUSED' : null
  while (!state.over) {
    const began = performance.now()
    const answered = state.answered
    // oxlint-disable-next-line no-await-in-loop -- one after the other is the measurement
    const outcome = await installation.call(agent, isolate, method)
    if (outcome !== after && outcome !== old) odd.add(`${method}: ${outcome}`)
    if (outcome === old && answered !== null) last = began - answered
    // oxlint-disable-next-line no-await-in-loop -- the same; and once more when a minute is over
    await delay(Math.min(ms, answered === null ? ms : untilPromised(began - answered)))
  }
  return { last, odd: [...odd] }
}

function untilPromised(passed_ms: number): number {
  return passed_ms < PROMISED_MS ? PROMISED_MS - passed_ms : PAUSE_MS.busy
}
