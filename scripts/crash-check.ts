import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'

import { Evidence } from './crash/evidence.ts'
import { makeProject } from './crash/fixture.ts'
import { loadOf } from './crash/load.ts'
import type { Load } from './crash/load.ts'
import { nextMoment } from './crash/moment.ts'
import {
  cooldownTable,
  endingTable,
  keyTable,
  killLine,
  shareFaults,
  windowFaults,
  windowFigures,
  windowNote,
  windowTable,
} from './crash/report.ts'
import { Upstream } from './crash/upstream.ts'
import { Victim } from './crash/victim.ts'
import { build } from './serve.ts'

const HELP = `Usage: npm run crash-check -- [--kills N]

Runs Outpost on workerd under load, kills it N times (default: 100) with SIGKILL and starts it again
on the same data directory. Ends with exit code 1, and says why, when a window admitted more than it
allows, when an Idempotency-Key was forwarded twice, when an answer or a cooldown that a client knew
of is gone, or when far too little was admitted. 100 kills take three to four minutes.
`

/** How often the windows are looked at, kills. It is done while workerd is down. */
const LOOK_EVERY = 20

/** How long the load goes on after the last start. */
const LAST_LIFE_MS = 3000

/** So many faults are printed. */
const SHOWN = 20

class Check {
  readonly #upstream = new Upstream()
  readonly #evidence = new Evidence()
  readonly #aims = new Map<string, number>()
  #startedAt = 0
  #endedAt = 0

  /** True when every promise was kept. */
  async run(kills: number): Promise<boolean> {
    const project = makeProject(await this.#upstream.listen())
    await build(project)
    const victim = new Victim(project)
    const load = loadOf(victim, this.#upstream, this.#evidence)
    try {
      await victim.start()
      this.#startedAt = Date.now()
      const running = load.run()
      await Promise.race([running, this.#killing(kills, victim, load)])
      load.end()
      await running
      this.#endedAt = Date.now()
      await load.keys.askAll()
    } finally {
      await victim.kill()
      this.#upstream.close()
    }
    return this.#report(kills, victim, load)
  }

  async #killing(kills: number, victim: Victim, load: Load): Promise<void> {
    while (victim.life < kills && this.#evidence.faults.length <= SHOWN) {
      const aim = await nextMoment(victim.life, load.moments)
      await victim.kill()
      this.#aims.set(aim, (this.#aims.get(aim) ?? 0) + 1)
      if (victim.life % LOOK_EVERY === 0) this.#look(victim, load)
      await victim.start()
    }
    await delay(LAST_LIFE_MS)
  }

  #look({ life, deaths }: Victim, { passed, keys }: Load): void {
    const windows = windowFigures(passed, { ms: Date.now() - this.#startedAt, kills: life })
    for (const fault of windowFaults(windows, deaths)) this.#evidence.add(fault)
    const { faults } = this.#evidence
    process.stderr.write(
      `crash-check: ${life} kills, ${keys.stories.length} keys, ${faults.length} faults\n`,
    )
  }

  #report(kills: number, victim: Victim, load: Load): boolean {
    const ms = this.#endedAt - this.#startedAt
    const windows = windowFigures(load.passed, { ms, kills })
    const faults = [
      ...windowFaults(windows, victim.deaths),
      ...shareFaults(windows),
      ...this.#evidence.faults,
    ]
    const report = [
      killLine(this.#aims, ms, victim),
      windowTable(windows),
      windowNote(load.passed),
      keyTable(load.keys.stories),
      cooldownTable({ 'with windows': load.counted.figures, without: load.free.figures }),
      endingTable(victim.endings),
      faults.length === 0
        ? 'ok'
        : faults
            .slice(0, SHOWN)
            .map((each) => `FAULT: ${each}`)
            .join('\n'),
    ]
    process.stdout.write(`${report.join('\n\n')}\n`)
    return faults.length === 0
  }
}

/** null: asked for help. */
function readFlags(): number | null {
  const { values } = parseArgs({
    options: {
      kills: { type: 'string', default: '100' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return null
  const kills = Number(values.kills)
  if (!Number.isInteger(kills) || kills < 1) throw new Error('--kills: a whole number')
  return kills
}

try {
  const kills = readFlags()
  if (kills === null) process.stdout.write(HELP)
  else if (!(await new Check().run(kills))) process.exitCode = 1
} catch (error) {
  process.stderr.write(`crash-check: ${error instanceof Error ? error.message : String(error)}\n`)
  // Clients may still be waiting for a start that never comes.
  process.exit(1)
}
