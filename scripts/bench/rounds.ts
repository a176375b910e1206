import { setTimeout as delay } from 'node:timers/promises'

import { Client, fire, primed } from './load.ts'
import type { Sample } from './load.ts'
import type { Row, Side } from './rows.ts'
import { median } from './statistics.ts'

/** Figures of one side: medians over the rounds. */
export type Figures = Sample

/** One row as it was measured. A ratio is the median of the ratios within each round. */
export interface Measured {
  readonly name: string
  readonly base: Figures
  readonly tested: Figures
  readonly ratio: Omit<Figures, 'firstByteMs'>
  readonly sides: readonly [string, string]
  readonly cpuBudget: number | null
}

export interface Plan {
  readonly rounds: number
  readonly seconds: number
  readonly progress: (text: string) => void
}

interface Pair {
  readonly base: Sample
  readonly tested: Sample
}

/** Not counted: the runtime's compiler is done with the code after some ten thousand calls. */
const WARM_UP_SECONDS = 1.5

/** What a call leaves to do after its answer is done by then. */
const AFTERMATH_MS = 200

/**
 * Measures every row in every round, both sides right after one another and in turn first, so that
 * whatever else the machine does falls on both. Many short rounds do that better than few long ones.
 */
export async function measure(rows: readonly Row[], plan: Plan): Promise<readonly Measured[]> {
  const pairs = new Map<Row, Pair[]>(rows.map((row) => [row, []]))
  plan.progress('warm-up')
  for (const row of rows) {
    for (const side of [row.base, row.tested]) await prime(side)
    await both(row, WARM_UP_SECONDS, false)
  }
  for (let round = 1; round <= plan.rounds; round += 1) {
    plan.progress(`round ${round} of ${plan.rounds}`)
    for (const row of rows) {
      pairs.get(row)?.push(await both(row, plan.seconds, round % 2 === 0))
    }
  }
  return rows.map((row) => summary(row, pairs.get(row) ?? []))
}

/** Makes the first call, which may be answered otherwise than all that follow. */
async function prime({ target, shot }: Side): Promise<void> {
  const client = await Client.open(target.url)
  await client.exchange(primed(shot))
  client.close()
  await delay(AFTERMATH_MS)
}

async function both(row: Row, seconds: number, testedFirst: boolean): Promise<Pair> {
  const load = { connections: row.connections, seconds }
  const on = (side: Side) => side.fire?.(load) ?? fire(side.target, side.shot, load)
  if (testedFirst) {
    const tested = await on(row.tested)
    return { base: await on(row.base), tested }
  }
  return { base: await on(row.base), tested: await on(row.tested) }
}

function summary(row: Row, pairs: readonly Pair[]): Measured {
  const ratio = (of: (sample: Sample) => number) =>
    median(pairs.map(({ base, tested }) => of(tested) / of(base)))
  return {
    name: row.name,
    base: figuresOf(pairs.map(({ base }) => base)),
    tested: figuresOf(pairs.map(({ tested }) => tested)),
    ratio: {
      perSecond: ratio(({ perSecond }) => perSecond),
      p50Ms: ratio(({ p50Ms }) => p50Ms),
      p99Ms: ratio(({ p99Ms }) => p99Ms),
      cpuUs: known(ratio(({ cpuUs }) => cpuUs ?? NaN)),
    },
    sides: [row.base.name, row.tested.name],
    cpuBudget: row.cpuBudget ?? null,
  }
}

function figuresOf(samples: readonly Sample[]): Figures {
  const middle = (of: (sample: Sample) => number) => median(samples.map(of))
  return {
    perSecond: middle(({ perSecond }) => perSecond),
    p50Ms: middle(({ p50Ms }) => p50Ms),
    p99Ms: middle(({ p99Ms }) => p99Ms),
    cpuUs: known(middle(({ cpuUs }) => cpuUs ?? NaN)),
    firstByteMs: middle(({ firstByteMs }) => firstByteMs),
  }
}

function known(value: number): number | null {
  return Number.isNaN(value) ? null : value
}

/** Median time to the first byte of each side, one request at a time, in turn. */
export async function firstBytes(
  sides: readonly Side[],
  rounds: number,
): Promise<Readonly<Record<string, number>>> {
  const times = new Map<string, number[]>(sides.map(({ name }) => [name, []]))
  for (let round = 0; round <= rounds; round += 1) {
    for (const { name, target, shot } of sides) {
      const { firstByteMs } = await fire(target, shot, { connections: 1, seconds: 0.3 })
      if (round > 0) times.get(name)?.push(firstByteMs)
    }
  }
  return Object.fromEntries([...times].map(([name, values]) => [name, median(values)]))
}
