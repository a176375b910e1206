import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { Lives } from '../checks/lives.ts'
import type { Book } from '../crash/audit-book.ts'
import { Desk } from '../crash/audit-desk.ts'
import { Evidence } from '../crash/evidence.ts'
import { build } from '../serve.ts'
import { bookOf } from './books.ts'
import type { Books } from './books.ts'
import { Calls } from './calls.ts'
import { Client } from './client.ts'
import { Follower } from './follower.ts'
import { Kills } from './kills.ts'
import { Lag } from './lag.ts'
import type { Sample } from './memory.ts'
import { TokenServer } from './oauth.ts'
import type { SoakOptions } from './options.ts'
import { blockOf } from './plan.ts'
import { makeProject } from './project.ts'
import type { SoakProject } from './project.ts'
import { Random } from './random.ts'
import { Endings } from './report.ts'
import { Traffic } from './traffic.ts'
import { Upstream } from './upstream.ts'
import { SHOWN, verdictOf } from './verdict.ts'
import { sampleOf, Watch } from './watch.ts'
import { callerOf, everywhere, NOBODYS, PAUSED, TENANTS, watching, World } from './world.ts'
import type { Agents, Parts } from './world.ts'

/** Until nothing is left of a call at rest: idle connections, and objects that nobody asks, ms. */
const REST_MS = 20_000

/** What workerd may have open then beside what it began with. */
const AT_REST = { sockets: 16, files: 400 }

/** How often chains are verified while the traffic goes on, ms. */
const VERIFY_MS = 60_000

const CHAINS = [...TENANTS, PAUSED, NOBODYS]

/** Everything, from a new data directory to the verdict. */
export class Soak {
  readonly #options: SoakOptions
  readonly #random: Random
  readonly #evidence = new Evidence()
  readonly #calls = new Calls()
  readonly #endings = new Endings()
  readonly #oauth: TokenServer
  readonly #upstream: Upstream
  readonly #block: Buffer
  #project: SoakProject | null = null
  readonly #lag = new Lag()
  #verified = 0

  constructor(options: SoakOptions) {
    this.#options = options
    this.#random = new Random(options.seed)
    this.#block = blockOf(this.#random.fork())
    this.#upstream = new Upstream(this.#calls, this.#evidence, this.#block)
    const client = () => this.#project?.client ?? { id: '', secret: '' }
    this.#oauth = new TokenServer(this.#random.fork(), this.#evidence, client)
  }

  /** True when every promise was kept. */
  async run(): Promise<boolean> {
    const urls = [await this.#upstream.listen(), await this.#oauth.listen()] as const
    const project = makeProject(...urls, this.#options.breaks)
    this.#project = project
    await build(project)
    const consoles = join(project.root, 'consoles')
    mkdirSync(consoles)
    const lives = new Lives(project, (life) => join(consoles, `${life}.log`))
    const see = watching(this.#evidence)
    const client = new Client({ lives, admin: project.admin, lag: this.#lag }, (ending, sent) => {
      this.#endings.add(ending)
      see(ending, sent)
    })
    const desk = new Desk(client)
    const setting = { project, lives, client, desk, consoles }
    try {
      await lives.start()
      return await this.#play(setting)
    } finally {
      await lives.kill()
      this.#upstream.close()
      this.#oauth.close()
      this.#lag.end()
    }
  }

  async #play(setting: Setting): Promise<boolean> {
    const { lives, desk } = setting
    const parts = await this.#partsOf(setting)
    const traffic = new Traffic(new World(parts, this.#random.fork()))
    this.#provide(setting.project, traffic)
    const kills = new Kills(lives, this.#random.fork())
    const attended = this.#attend(setting)
    const began = Date.now()
    const running = traffic.run(this.#options.rate)
    await this.#during(desk, kills, began)
    traffic.over = true
    await running
    const ms = Date.now() - began
    const rest = await this.#atRest(setting, attended)
    await kills.end(true)
    await lives.start()
    const books = await this.#books(setting)
    await lives.stop()
    const { project, consoles } = setting
    const { endings, watch, followers } = { endings: this.#endings, ...attended }
    const { faults, report } = verdictOf({
      project,
      consoles,
      parts,
      traffic,
      kills,
      endings,
      watch,
      followers,
      ms,
      rest,
      books,
      forwarded: this.#upstream.arrivals,
      seed: this.#options.seed,
      verified: this.#verified,
    })
    process.stdout.write(report)
    return faults === 0
  }

  async #partsOf({ lives, client, desk, project }: Setting): Promise<Parts> {
    return {
      lives,
      client,
      desk,
      calls: this.#calls,
      evidence: this.#evidence,
      oauth: this.#oauth,
      block: this.#block,
      agents: await agentsOf(desk, project),
      lag: this.#lag,
      passed: [],
      firsts: new Map(),
      alone: new Set(),
    }
  }

  /** Those who look on until the traffic is over. */
  #attend({ lives, client, project }: Setting): Attended {
    const watch = new Watch(lives, client)
    const followers = ['red', NOBODYS].map(
      (tenant) => new Follower(tenant, lives, project.admin, this.#evidence),
    )
    const all = [watch.run(), ...followers.map((each) => each.run())]
    return { watch, followers, all: Promise.all(all) }
  }

  /** What is left when nothing is called any more. */
  async #atRest({ lives, client, desk }: Setting, attended: Attended): Promise<Sample | null> {
    const { watch, followers, all } = attended
    watch.over = true
    await delay(REST_MS)
    const sample = sampleOf(lives.pid, client.sent)
    for (const what of ['sockets', 'files'] as const) {
      const open = sample?.[what] ?? 0
      if (open > AT_REST[what]) this.#evidence.add(`at rest workerd has ${open} ${what} open`)
    }
    await this.#caughtUp(followers, desk)
    for (const each of followers) each.end()
    await all
    return sample
  }

  /** What each provider's upstream has to be shown. */
  #provide({ fixed }: SoakProject, { stored }: Traffic): void {
    for (const [provider, due] of Object.entries(fixed)) {
      this.#upstream.provides(provider, (value) => (value === due ? null : 'another credential'))
    }
    this.#upstream.provides('minted', (value, arrival) => this.#oauth.wrongWith(value, arrival))
    this.#upstream.provides('stored', (value, arrival) => stored.wrongWith(value, arrival))
  }

  /** Until the time is over, or too much was found. */
  async #during(desk: Desk, kills: Kills, began: number): Promise<void> {
    const ms = this.#options.minutes * 60_000
    const killing = kills.run(this.#options.kills, ms)
    let [verified, told] = [began, 0]
    while (Date.now() - began < ms && this.#evidence.faults.length <= SHOWN) {
      await Promise.race([delay(1000), killing.then(() => delay(1000))])
      if (Date.now() - verified < VERIFY_MS) continue
      verified = Date.now()
      await this.#verify(desk)
      const { faults } = this.#evidence
      for (const fault of faults.slice(told)) process.stderr.write(`FAULT: ${fault}\n`)
      told = faults.length
      const minutes = ((verified - began) / 60_000).toFixed(1)
      const { arrivals } = this.#upstream
      process.stderr.write(
        `soak: ${minutes} min, ${arrivals} calls forwarded, ${kills.ends.length} kills, ` +
          `${this.#verified} chains verified, ${faults.length} faults\n`,
      )
    }
    await killing
  }

  async #verify(desk: Desk): Promise<void> {
    for (const tenant of CHAINS) {
      const said = await desk.verify(tenant)
      if (!said) return
      const [fault] = said.faults
      if (!said.ok) this.#evidence.add(`${tenant}: ${fault?.what} at ${fault?.seq}, online`)
      this.#verified += 1
    }
  }

  /** Who follows the record has seen all of it. */
  async #caughtUp(followers: readonly Follower[], desk: Desk): Promise<void> {
    for (const { tenant, seq } of followers) {
      const head = (await desk.verify(tenant))?.head.seq ?? 0
      if (seq < head) this.#evidence.add(`the record of ${tenant}: followed to ${seq} of ${head}`)
    }
  }

  async #books({ lives, project, desk }: Setting): Promise<Books> {
    const before = this.#verified
    await this.#verify(desk)
    if (this.#verified - before < CHAINS.length) this.#evidence.add('the end does not verify')
    const books = new Map<string, Book>()
    const asked = { url: await lives.up(), admin: project.admin, folder: project.root }
    for (const tenant of CHAINS) {
      // Of a tenant that nothing was kept of there is nothing to verify.
      if (((await desk.verify(tenant))?.records ?? 0) === 0) continue
      const { book, faults } = await bookOf(tenant, asked)
      for (const fault of faults) this.#evidence.add(fault)
      books.set(tenant, book)
    }
    return books
  }
}

interface Attended {
  readonly watch: Watch
  readonly followers: readonly Follower[]
  readonly all: Promise<unknown>
}

interface Setting {
  readonly project: SoakProject
  readonly lives: Lives
  readonly client: Client
  readonly desk: Desk
  readonly consoles: string
}

async function agentsOf(desk: Desk, { agentKey }: SoakProject): Promise<Agents> {
  const all = (access: 'read' | 'write') =>
    Promise.all(
      TENANTS.map(async (tenant) => callerOf(tenant, await desk.grant(tenant, everywhere(access)))),
    )
  return {
    writers: await all('write'),
    readers: await all('read'),
    host: { tenant: NOBODYS, token: agentKey },
  }
}
