import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync } from 'node:fs'
import { join } from 'node:path'

import type { Fixture } from './fixture.ts'
import type { Order, Report } from './host.ts'

/** A workerd that runs, and how to end it. */
export interface Server extends Report {
  readonly stop: () => Promise<void>
}

/** Starts the upstream in a process of its own and returns its address. It ends with this process. */
export async function startUpstream(): Promise<string> {
  const child = fork(join(import.meta.dirname, 'upstream.ts'), { stdio: 'inherit' })
  const port = await replyOf(child)
  child.unref()
  child.channel?.unref()
  return `http://127.0.0.1:${String(port)}`
}

/**
 * Starts fixtures one after the other. All their log lines go to one file, as those of a service
 * would, and not through this process, which has enough to do.
 */
export class Host {
  readonly #child: ChildProcess
  readonly #folder: string
  #last: Promise<unknown> = Promise.resolve()

  constructor(folder: string) {
    this.#folder = folder
    const log = openSync(join(folder, 'workers.log'), 'a')
    this.#child = fork(join(import.meta.dirname, 'host.ts'), {
      stdio: ['ignore', log, 'inherit', 'ipc'],
    })
    closeSync(log)
  }

  /** @throws when workerd does not start. */
  async start(fixture: Fixture): Promise<Server> {
    const dataDir = mkdtempSync(join(this.#folder, 'data-'))
    const report = await this.#order({ start: fixture, dataDir })
    const stop = async () => {
      await this.#order({ stop: report.url })
    }
    return { ...report, stop }
  }

  /** Ends every workerd that it started. */
  async end(): Promise<void> {
    const ended = once(this.#child, 'exit')
    this.#child.disconnect()
    await ended
  }

  /** One at a time, so that each reply belongs to its order. */
  #order(order: Order): Promise<Report> {
    const reply = this.#last.then(async () => {
      this.#child.send(order)
      const report = (await replyOf(this.#child)) as Report
      if (report.error !== undefined) throw new Error(report.error)
      return report
    })
    this.#last = reply.catch(() => {})
    return reply
  }
}

/** @throws when the child ends without one. */
async function replyOf(child: ChildProcess): Promise<unknown> {
  const over = new AbortController()
  const { signal } = over
  const ended = once(child, 'exit', { signal }).then(() => {
    throw new Error('a process of the measurement ended')
  })
  try {
    const [reply] = await Promise.race([once(child, 'message', { signal }), ended])
    return reply
  } finally {
    over.abort()
  }
}
