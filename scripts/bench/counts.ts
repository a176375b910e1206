import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { unstable_readConfig } from 'wrangler'

import type { Fixture } from './fixture.ts'
import { Client, primed } from './load.ts'
import type { Shot } from './load.ts'

/** What one call costs beside CPU, as a mean over the counted calls. */
export interface Counts {
  readonly name: string
  /** Requests to Durable Objects: calls of a stub. */
  readonly hops: number
  /** Changes of an object's storage: `put`, `delete`, alarms set or deleted, rows written by SQL. */
  readonly writes: number
  /** Requests that the Worker sent out: to the upstream, and to a token endpoint. */
  readonly fetches: number
}

/** What is to be counted. */
export interface Countable {
  readonly name: string
  readonly shot: Shot
  /** Count the very first call alone; else the ones after it. */
  readonly cold?: boolean
}

type Totals = Omit<Counts, 'name'>

const CALLS = 100
/** Longer than a record waits for its batch: src/audit/recorder.ts. */
const POLL_MS = 1200

const ENTRY = 'src/counted-worker.js'

/**
 * A copy of a fixture whose Worker counts, see `counting.js`. Its code is the same, but for an entry
 * around it. Not built yet, and not to be timed.
 */
export function countedFixture(fixture: Fixture, root: string): Fixture {
  cpSync(fixture.root, root, { recursive: true })
  cpSync(join(import.meta.dirname, 'counting.js'), join(root, 'src/counting.js'))
  const config = join(root, 'wrangler.toml')
  const { durable_objects } = unstable_readConfig({ config }, { hideWarnings: true })
  const classes = durable_objects.bindings.map((each: { class_name: string }) => each.class_name)
  writeFileSync(join(root, ENTRY), entryOf(classes))
  const [before, after, ...more] = readFileSync(config, 'utf8').split('main = "src/worker.ts"')
  if (after === undefined || more.length > 0) throw new Error('wrangler.toml has another entry')
  writeFileSync(config, `${before}main = "${ENTRY}"${after}`)
  return { ...fixture, root }
}

function entryOf(classes: readonly string[]): string {
  return [
    `import worker, * as all from './worker.ts'`,
    `import { countedObject, countedWorker } from './counting.js'`,
    ...classes.map((name) => `export const ${name} = countedObject(all.${name})`),
    'export default countedWorker(worker)',
    '',
  ].join('\n')
}

/** Counts one row after the other, one call at a time. What a call leaves to do later is in it. */
export async function count(rows: readonly Countable[], url: string): Promise<readonly Counts[]> {
  const client = await Client.open(url)
  const counted: Counts[] = []
  for (const { name, shot, cold = false } of rows) {
    if (!cold) await client.exchange(primed(shot))
    const before = await settled(url)
    const calls = cold ? 1 : CALLS
    for (let number = 0; number < calls; number += 1) await client.exchange(shot)
    const after = await settled(url)
    const each = (of: (totals: Totals) => number) => (of(after) - of(before)) / calls
    counted.push({
      name,
      hops: each(({ hops }) => hops),
      writes: each(({ writes }) => writes),
      fetches: each(({ fetches }) => fetches),
    })
  }
  client.close()
  return counted
}

/** The counters, when nothing moves them any longer. */
async function settled(url: string): Promise<Totals> {
  for (let last = ''; ;) {
    const now = await (await fetch(`${url}/bench-counts`)).text()
    if (now === last) return JSON.parse(now) as Totals
    last = now
    await delay(POLL_MS)
  }
}
