import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { table } from '../bench/table.ts'
import { Lives } from '../checks/lives.ts'
import { makeAuditProject, RECORDED } from '../crash/fixture.ts'
import { build } from '../serve.ts'
import type { Sample } from './memory.ts'
import type { StreamOptions } from './options.ts'
import { Stream } from './stream-client.ts'
import { figures, filesOf, isSo, limitFiles, mib } from './stream-figures.ts'
import type { StreamOrder, StreamReport } from './stream-upstream.ts'
import { sampleOf } from './watch.ts'

/** Streams that say how many files one takes; and files that are left free. */
const TRIED = 40
const SPARE_FILES = 200

/** More than so many times the memory, for the same streams once more, is a leak. */
const MOST_AGAIN = 1.25

/** Attempts that are made at once, and failures after which no more are made. */
const AT_ONCE = 50
const ENOUGH_FAILURES = 200

/** Each stream has an event so often, ms. */
const EVERY_MS = 10_000

/** How long it is looked what open streams cost on which nothing happens, ms. */
const QUIET_MS = 10_000

/** Until the upstream has to know that a client has left: two events of the stream, and a while, ms. */
const CLOSED_WITHIN_MS = 2 * EVERY_MS + 10_000

/** Sockets that workerd may have when all streams have ended. */
const AT_REST = 16

/** Opens many streams of events through Outpost, holds them, and ends them. True when all went well. */
export async function manyStreams(options: StreamOptions): Promise<boolean> {
  const child = fork(join(import.meta.dirname, 'stream-upstream.ts'), { stdio: 'inherit' })
  const [{ port }] = (await once(child, 'message')) as [StreamReport]
  const project = makeAuditProject(`http://127.0.0.1:${port}`)
  await build(project)
  const lives = new Lives(project, () => join(project.root, 'console.log'))
  try {
    await lives.start()
    if (options.files !== null) limitFiles(lives.pid, options.files)
    return await new Streams(lives, child, project.agentKey).run(options)
  } finally {
    await lives.kill()
    child.disconnect()
  }
}

class Streams {
  readonly #lives: Lives
  readonly #upstream: ChildProcess
  readonly #head: string
  readonly #open: Stream[] = []
  readonly #first: number[] = []
  readonly #failures = new Map<string, number>()
  readonly #rows: string[][] = []
  readonly #faults: string[] = []
  #late: number[] = []

  constructor(lives: Lives, upstream: ChildProcess, agentKey: string) {
    this.#lives = lives
    this.#upstream = upstream
    this.#head = [
      'GET /events HTTP/1.1',
      'Host: outpost',
      `X-Provider: ${RECORDED}`,
      `X-Outpost-Auth: ${agentKey}`,
      '\r\n',
    ].join('\r\n')
  }

  async run({ streams, hold_s, beyond }: StreamOptions): Promise<boolean> {
    const before = this.#sample()
    await this.#openAll(Math.min(TRIED, streams))
    const room = this.#room(before)
    await this.#openAll(Math.min(room, streams))
    this.#row('streams wanted, possible, open', `${streams}, ${room}, ${this.#open.length}`)
    this.#row('first event, ms: median, 99 %, longest', figures(this.#first))
    await this.#allOpen('when the last was opened')
    const reached = this.#open.length
    const held = this.#sample()
    await this.#hold(hold_s)
    await this.#quiet()
    await this.#endAll()
    await delay(QUIET_MS)
    const after = this.#sample()
    if (after.sockets > AT_REST) this.#faults.push(`${after.sockets} sockets are left open`)
    await this.#again(reached, held)
    const each = ((held.residentMiB - before.residentMiB) * 1024) / Math.max(1, reached)
    this.#row('MiB before, with all, after', [before, held, after].map(mib).join(', '))
    this.#row('KiB for each stream', each.toFixed(1))
    const { sockets, files } = held
    this.#row('sockets and other files of workerd', `${sockets}, ${files}`)
    if (reached < Math.min(room, streams)) this.#faults.push('not all could be opened')
    if (beyond) await this.#beyond(2 * room)
    const verdict = this.#faults.map((fault) => `FAULT: ${fault}`).join('\n') || 'ok'
    process.stdout.write(`${table(this.#rows)}\n\n${verdict}\n`)
    return this.#faults.length === 0
  }

  /** The same streams once more: what the first ones took is used again. */
  async #again(reached: number, held: Sample): Promise<void> {
    this.#open.length = 0
    await this.#openAll(reached)
    const { residentMiB } = this.#sample()
    this.#row('MiB with all for the second time', residentMiB.toFixed(0))
    if (this.#open.length < reached) this.#faults.push('not all could be opened a second time')
    if (residentMiB > held.residentMiB * MOST_AGAIN) this.#faults.push('memory is not used again')
    for (const each of this.#open) each.leave()
  }

  /** How many streams it has files for. */
  #room(before: Sample): number {
    const now = this.#sample()
    const used = now.sockets + now.files
    const each = (used - before.sockets - before.files) / this.#open.length
    const files = filesOf(this.#lives.pid)
    this.#row('files for each stream, and in all', `${each.toFixed(1)}, ${files}`)
    return Math.floor((files - before.sockets - before.files - SPARE_FILES) / each)
  }

  /** More than it has files for. What comes of it is said, and is not a fault of ours to be found here. */
  async #beyond(wanted: number): Promise<void> {
    const { pid } = this.#lives
    await this.#ask({ every_ms: EVERY_MS / 10 })
    await isSo(async () => (await this.#ask({ report: true })).open === 0, CLOSED_WITHIN_MS)
    this.#open.length = 0
    await this.#openAll(wanted)
    this.#row('beyond what there are files for, opened', String(this.#open.length))
    await delay(1000)
    const lives = sampleOf(pid, 0) !== null
    this.#row('the runtime then', lives ? 'lives' : 'has ended')
    if (!lives) {
      await this.#lives.kill()
      await this.#lives.start()
    }
    const again = await this.#attempt()
    this.#row('a stream after that, started again', again ?? 'is opened')
    if (again !== null) this.#faults.push('it does not come back')
  }

  /** Until so many are open, or hardly any succeeds. */
  async #openAll(wanted: number): Promise<void> {
    const began = Date.now()
    let [started, failed] = [this.#open.length, 0]
    const opener = async () => {
      while (started < wanted && failed < ENOUGH_FAILURES) {
        started += 1
        const failure = await this.#attempt()
        if (failure === null) continue
        failed += 1
        this.#failures.set(failure, (this.#failures.get(failure) ?? 0) + 1)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, opener))
    const s = (Date.now() - began) / 1000
    this.#row(`${this.#open.length} open after`, `${s.toFixed(0)} s, ${AT_ONCE} at once`)
    for (const [failure, count] of this.#failures) this.#row(`not opened: ${failure}`, `${count}`)
    this.#failures.clear()
  }

  /** null: it is open. */
  async #attempt(): Promise<string | null> {
    const url = await this.#lives.up()
    const opened = await Stream.open(url, this.#head, (late) => this.#late.push(late))
    if ('failure' in opened) return opened.failure
    this.#open.push(opened.stream)
    this.#first.push(opened.first_ms)
    return null
  }

  /** Every stream has its events, in time. */
  async #hold(seconds: number): Promise<void> {
    const { events: before } = await this.#ask({ every_ms: EVERY_MS })
    this.#late = []
    const began = this.#sample().cpuMs
    await delay(seconds * 1000)
    const cpu = this.#sample().cpuMs - began
    const { events } = await this.#ask({ every_ms: null })
    await delay(2000)
    const written = events - before
    this.#row('events while they were held', `${written} written, ${this.#late.length} arrived`)
    if (this.#late.length < written) this.#faults.push('events were lost')
    this.#row('event on its way, ms: median, 99 %, longest', figures(this.#late))
    this.#row('CPU with events', `${(cpu / seconds / 10).toFixed(1)} % of a processor`)
    this.#row('CPU for an event', `${((cpu * 1000) / Math.max(1, written)).toFixed(0)} us`)
    await this.#allOpen('after they were held')
  }

  async #quiet(): Promise<void> {
    const began = this.#sample().cpuMs
    await delay(QUIET_MS)
    const cpu = this.#sample().cpuMs - began
    this.#row(
      'CPU while nothing happens',
      `${((cpu / QUIET_MS) * 100).toFixed(1)} % of a processor`,
    )
  }

  /** Half are ended by the upstream; of the others the client leaves. */
  async #endAll(): Promise<void> {
    const all = this.#open.length
    await this.#ask({ every_ms: EVERY_MS })
    const half = all >> 1
    await this.#ask({ end: half })
    const ended = await isSo(
      () => this.#open.filter(({ whole }) => whole).length === half,
      CLOSED_WITHIN_MS,
    )
    if (!ended) this.#faults.push('not all streams that the upstream ended have ended')
    const rest = this.#open.filter(({ whole }) => !whole)
    for (const each of rest) each.leave()
    const began = Date.now()
    const closed = await isSo(
      async () => (await this.#ask({ report: true })).open === 0,
      CLOSED_WITHIN_MS,
    )
    const s = ((Date.now() - began) / 1000).toFixed(1)
    this.#row('ended by the upstream, by clients', `${half}, ${rest.length}`)
    this.#row('until the upstream knew of the last that left', `${s} s`)
    const { open } = await this.#ask({ every_ms: null })
    if (!closed) this.#faults.push(`${open} streams stay open at the upstream, and nobody reads`)
  }

  async #allOpen(when: string): Promise<void> {
    const closed = this.#open.filter((each) => each.closed || each.whole).length
    if (closed > 0) this.#faults.push(`${closed} streams had broken off ${when}`)
    const { open } = await this.#ask({ report: true })
    if (open < this.#open.length) this.#faults.push(`the upstream has ${open} streams ${when}`)
  }

  async #ask(order: StreamOrder): Promise<StreamReport> {
    this.#upstream.send(order)
    const [report] = (await once(this.#upstream, 'message')) as [StreamReport]
    return report
  }

  #sample(): Sample {
    const sample = sampleOf(this.#lives.pid, 0)
    if (!sample) throw new Error('workerd has ended, or there is no /proc')
    return sample
  }

  #row(name: string, value: string): void {
    this.#rows.push([name, value])
    process.stderr.write(`soak: ${name}: ${value}\n`)
  }
}
