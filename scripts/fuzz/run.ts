import { setTimeout as delay } from 'node:timers/promises'

import { requestFaults } from './arrival-oracle.ts'
import type { Case, Kind } from './case.ts'
import { eventFaults } from './event-oracle.ts'
import { consoleFaults, faultsAlone, faultsOf, remember, signature, twinFaults } from './judge.ts'
import { caseOf } from './make.ts'
import { shrunk } from './shrink.ts'
import { Tally } from './tally.ts'
import type { Trial } from './trial.ts'
import type { World } from './world.ts'

export interface Wanted {
  readonly seed: number
  readonly kinds: readonly Kind[]
  /** Cases in all; null: as many as the time allows. */
  readonly runs: number | null
  /** Unix ms. */
  readonly until: number
  readonly say: (line: string) => void
}

/** Something that must not be, and the smallest case that shows it. */
export interface Finding {
  readonly fault: string
  readonly seed: number
  readonly kind: Kind
  /** null: of a batch, and no case of it shows it alone. */
  readonly index: number | null
  readonly tried: Case | null
  count: number
}

/** Cases between two looks at the console and at the worker's health, and how many at the same time. */
const BATCHES: Readonly<Record<Kind, { readonly cases: number; readonly together: number }>> = {
  client: { cases: 400, together: 12 },
  upstream: { cases: 300, together: 32 },
  control: { cases: 150, together: 6 },
  tokens: { cases: 60, together: 30 },
  crowd: { cases: 15, together: 2 },
  echo: { cases: 300, together: 16 },
}

/** Cases in one life of the worker: its records and its console are kept. */
const LIFE = 25_000
/** MiB. What it holds at most is 16 MiB of answers, 16 MiB of bodies, and the runtime's own. */
const MOST_MEMORY = 700

interface Numbered {
  readonly index: number
  readonly tried: Case
}

/** One run: batches of cases of each class in turn. */
export class Run {
  readonly #world: World
  readonly #wanted: Wanted
  readonly tally = new Tally()
  readonly findings = new Map<string, Finding>()
  readonly #next = new Map<Kind, number>()
  #inLife = 0

  constructor(world: World, wanted: Wanted) {
    this.#world = world
    this.#wanted = wanted
  }

  async go(): Promise<void> {
    const { kinds } = this.#wanted
    for (let turn = 0; !this.#isOver(); turn += 1) {
      const kind = kinds[turn % kinds.length] ?? 'client'
      // oxlint-disable-next-line no-await-in-loop -- batch after batch
      await this.some(kind, BATCHES[kind].cases)
      this.#inLife += BATCHES[kind].cases
      if (this.#inLife < LIFE) continue
      this.#inLife = 0
      // oxlint-disable-next-line no-await-in-loop -- the same
      await this.#world.start()
    }
  }

  #isOver(): boolean {
    const { runs, until } = this.#wanted
    return Date.now() >= until || (runs !== null && this.tally.cases >= runs)
  }

  /** So many cases of a class, the next ones of the seed. */
  async some(kind: Kind, cases: number): Promise<void> {
    const { together } = BATCHES[kind]
    const first = this.#next.get(kind) ?? 0
    this.#next.set(kind, first + cases)
    const numbers = Array.from({ length: cases }, (_, n) => first + n)
    const batch = numbers.map((index) => ({ index, tried: caseOf(this.#wanted.seed, kind, index) }))
    const queue = batch.values()
    const done: (readonly [Numbered, readonly Trial[]])[] = []
    const work = async (): Promise<void> => {
      for (const each of queue) {
        // oxlint-disable-next-line no-await-in-loop -- one of several that go beside each other
        done.push([each, await this.#world.run(each.tried)])
      }
    }
    await Promise.all(Array.from({ length: together }, work))
    await this.#judge(kind, done)
  }

  async #judge(
    kind: Kind,
    done: readonly (readonly [Numbered, readonly Trial[]])[],
  ): Promise<void> {
    await delay(30)
    const printed = this.#world.printed()
    const { forms, upstream } = this.#world
    const events = eventFaults(
      printed,
      done.flatMap(([, trials]) => trials),
    )
    remember(done.flatMap(([, trials]) => trials))
    for (const [numbered, trials] of done) {
      this.tally.add(kind, trials)
      const faults = trials.flatMap((each) => [
        ...faultsOf(each, forms),
        ...(events.get(each) ?? []),
      ])
      for (const fault of [...faults, ...twinFaults(trials)]) {
        // oxlint-disable-next-line no-await-in-loop -- they are seldom
        await this.#found(fault, kind, numbered)
      }
    }
    const strays = upstream.strays.splice(0).flatMap((each) => requestFaults(each))
    const batch = done.map(([numbered]) => numbered)
    for (const fault of [...consoleFaults(printed, forms), ...strays]) {
      // oxlint-disable-next-line no-await-in-loop -- the same
      await this.#foundIn(fault, kind, batch)
    }
    await this.#look(kind)
  }

  async #look(kind: Kind): Promise<void> {
    const { memory } = this.#world
    this.tally.memory.push(Math.round(memory))
    if (memory > MOST_MEMORY) this.#note(`more than ${MOST_MEMORY} MiB of memory`, kind, null, null)
    await this.#world.resume()
    const problem = await this.#world.unwell()
    if (problem === null) return
    this.#note(`after a batch: ${problem}`, kind, null, null)
    await this.#world.start()
    this.#inLife = 0
  }

  /** Of one case: it is run again alone, and made smaller. */
  async #found(fault: string, kind: Kind, { index, tried }: Numbered): Promise<void> {
    if (this.#isKnown(fault)) return
    const alone = await this.#shows(tried, fault)
    const least = alone ? await shrunk(tried, (each) => this.#shows(each, fault)) : tried
    this.#note(alone ? fault : `${fault} (not when it is run alone)`, kind, index, least)
  }

  /** Of a batch: which case was it? */
  async #foundIn(fault: string, kind: Kind, batch: readonly Numbered[]): Promise<void> {
    if (this.#isKnown(fault)) return
    for (const numbered of batch) {
      // oxlint-disable-next-line no-await-in-loop -- alone
      if (await this.#shows(numbered.tried, fault)) return this.#found(fault, kind, numbered)
    }
    this.#note(`${fault} (no case of its batch shows it alone)`, kind, null, null)
  }

  async #shows(tried: Case, fault: string): Promise<boolean> {
    const faults = await faultsAlone(this.#world, tried)
    return faults.some((each) => signature(each) === signature(fault))
  }

  #isKnown(fault: string): boolean {
    const known = this.findings.get(signature(fault))
    if (known) known.count += 1
    return known !== undefined
  }

  #note(fault: string, kind: Kind, index: number | null, tried: Case | null): void {
    const { seed, say } = this.#wanted
    const key = signature(fault.replace(/ \((?:not when|no case of).*\)$/, ''))
    const finding = { fault, seed, kind, index, tried, count: 1 }
    this.findings.set(key, finding)
    say(told(finding))
  }
}

/** A finding for people, with the case as JSON. */
export function told({ fault, seed, kind, index, tried }: Finding): string {
  const which = index === null ? '' : ` --case ${index}`
  const lines = [`FINDING: ${fault}`, `  npm run fuzz -- --seed ${seed} --only ${kind}${which}`]
  return [...lines, ...(tried ? [`  ${JSON.stringify(tried)}`] : [])].join('\n')
}
