import { EventEmitter } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'

import { Book } from './crash/audit-book.ts'
import { Desk } from './crash/audit-desk.ts'
import { judge, readConsole } from './crash/audit-judge.ts'
import { AuditLoad, TENANTS } from './crash/audit-load.ts'
import { lossOf } from './crash/audit-loss.ts'
import type { End } from './crash/audit-loss.ts'
import { loadTable, lossTable, recordTable } from './crash/audit-report.ts'
import { Trail } from './crash/audit-trail.ts'
import { Evidence } from './crash/evidence.ts'
import { makeAuditProject } from './crash/fixture.ts'
import { nextMoment } from './crash/moment.ts'
import { endingTable, killLine } from './crash/report.ts'
import { Upstream } from './crash/upstream.ts'
import { Victim } from './crash/victim.ts'
import { build } from './serve.ts'

const HELP = `Usage: npm run audit-crash-check -- [--kills N] [--stops N]

Runs Outpost on workerd under calls of agents with grants of several tenants, kills it N times
(default: 100) with SIGKILL and stops it N times (default: 5) with SIGTERM, and starts it again on the
same data directory. Ends with exit code 1, and says why, when a sensitive call was forwarded and not
recorded, a call was recorded twice, an approval was used twice, a grant had more calls than it
allows, something revoked was let through, a change by the operator or a head that was printed is not
in its chain, a chain does not verify, or more records were lost than docs/audit.md says. 100 kills
take about six minutes.
`

/** How long the load goes on before a clean stop, ms. */
const LIFE_BEFORE_STOP_MS = 3000

/** So many faults are printed. */
const SHOWN = 20

/** What a kill comes right after. */
const AIMS = ['random', 'forwarded', 'random', 'delivered']

interface Ways {
  readonly kills: number
  readonly stops: number
}

class Check {
  readonly #wanted: Ways
  readonly #upstream = new Upstream()
  readonly #evidence = new Evidence()
  readonly #moments = new EventEmitter()
  readonly #aims = new Map<string, number>()
  /** Of each life. */
  readonly #ends: End[] = []
  #verified = 0

  constructor(wanted: Ways) {
    this.#wanted = wanted
  }

  /** True when every promise was kept. */
  async run(): Promise<boolean> {
    const project = makeAuditProject(await this.#upstream.listen())
    await build(project)
    const victim = new Victim(project)
    const evidence = this.#evidence
    const desk = new Desk(victim)
    const parts = { victim, upstream: this.#upstream, moments: this.#moments, evidence }
    const trail = new Trail(parts)
    const load = new AuditLoad({ victim, desk, trail, evidence })
    try {
      await victim.start()
      const started = Date.now()
      const running = load.run()
      await Promise.race([running, this.#endings(victim, desk)])
      load.over = true
      await running
      const ms = Date.now() - started
      // The last life's records are on their way; nothing is asked of it.
      await this.#end(victim, true)
      await victim.start()
      return this.#report({ victim, desk, trail, load, ms }, await this.#books(desk))
    } finally {
      await victim.kill()
      this.#upstream.close()
    }
  }

  async #endings(victim: Victim, desk: Desk): Promise<void> {
    const { kills, stops } = this.#wanted
    const every = Math.ceil((kills + stops) / (stops + 1))
    for (let life = 0; life < kills + stops; life += 1) {
      if (this.#evidence.faults.length > SHOWN) return
      const verifying = this.#verify(desk)
      const clean = stops > 0 && life % every === every - 1
      if (clean) await delay(LIFE_BEFORE_STOP_MS)
      else this.#count(await nextMoment(life, this.#moments, AIMS))
      await this.#end(victim, clean)
      await victim.start()
      // What was not asked before is asked now.
      await verifying
      if (life % 20 === 19) this.#tell(life + 1)
    }
    await delay(LIFE_BEFORE_STOP_MS)
  }

  async #end(victim: Victim, clean: boolean): Promise<void> {
    await (clean ? victim.stop() : victim.kill())
    this.#ends.push({ at: victim.deaths.at(-1) ?? 0, clean })
  }

  /** While it is under load; the next kill may cut it short. */
  async #verify(desk: Desk): Promise<void> {
    for (const tenant of TENANTS) {
      // oxlint-disable-next-line no-await-in-loop -- there is load enough
      const said = await desk.verify(tenant)
      if (!said) return
      const [fault] = said.faults
      if (!said.ok) this.#evidence.add(`${tenant}: ${fault?.what} at ${fault?.seq}, online`)
      this.#verified += 1
    }
  }

  async #books(desk: Desk): Promise<ReadonlyMap<string, Book>> {
    const before = this.#verified
    await this.#verify(desk)
    if (this.#verified - before < TENANTS.length) this.#evidence.add('the end does not verify')
    const books = new Map<string, Book>()
    // oxlint-disable-next-line no-await-in-loop -- each is large
    for (const tenant of TENANTS) books.set(tenant, new Book(tenant, await desk.export(tenant)))
    return books
  }

  #report({ victim, desk, trail, load, ms }: Seen, books: ReadonlyMap<string, Book>): boolean {
    const { heads, paths: printed } = readConsole(victim.printed)
    const of = (clean: boolean) => lossOf(trail.made, { ends: this.#ends, clean, printed }, books)
    const [kill, stop] = [of(false), of(true)]
    const faults = [
      ...this.#evidence.faults,
      ...judge({ trail, desk, heads }, books),
      ...kill.faults,
      ...stop.faults,
    ]
    const verdict = faults.slice(0, SHOWN).map((each) => `FAULT: ${each}`)
    const report = [
      killLine(this.#aims, ms, victim),
      loadTable(trail.made, load.figures),
      recordTable(books, { verified: this.#verified, heads: heads.length }),
      lossTable({ SIGKILL: kill, SIGTERM: stop }),
      endingTable(victim.endings),
      faults.length === 0 ? 'ok' : verdict.join('\n'),
    ]
    process.stdout.write(`${report.join('\n\n')}\n`)
    return faults.length === 0
  }

  #count(aim: string): void {
    this.#aims.set(aim, (this.#aims.get(aim) ?? 0) + 1)
  }

  #tell(lives: number): void {
    const { faults } = this.#evidence
    process.stderr.write(
      `audit-crash-check: ${lives} ends, ${this.#verified} chains verified, ${faults.length} faults\n`,
    )
  }
}

interface Seen {
  readonly victim: Victim
  readonly desk: Desk
  readonly trail: Trail
  readonly load: AuditLoad
  readonly ms: number
}

/** null: asked for help. */
function readFlags(): Ways | null {
  const { values } = parseArgs({
    options: {
      kills: { type: 'string', default: '100' },
      stops: { type: 'string', default: '5' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return null
  const [kills, stops] = [Number(values.kills), Number(values.stops)]
  if (![kills, stops].every((each) => Number.isInteger(each) && each >= 0)) {
    throw new Error('--kills, --stops: whole numbers')
  }
  return { kills, stops }
}

try {
  const wanted = readFlags()
  if (wanted === null) process.stdout.write(HELP)
  else if (!(await new Check(wanted).run())) process.exitCode = 1
} catch (error) {
  process.stderr.write(
    `audit-crash-check: ${error instanceof Error ? error.message : String(error)}\n`,
  )
  // Clients may still be waiting for a start that never comes.
  process.exit(1)
}
