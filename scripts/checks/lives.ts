import { closeSync, openSync } from 'node:fs'

import { serve } from '../serve.ts'
import type { Served } from '../serve.ts'
import type { Needs } from '../workerd/needs.ts'

/** A project that `build` and `serve` can run. */
export interface Runnable {
  readonly root: string
  readonly needs: Needs
  readonly env: Readonly<Record<string, string>>
}

/** One installation on one data directory, that is ended and started again and again. */
export class Lives {
  readonly #project: Runnable
  readonly #consoleOf: ((life: number) => string) | null
  #running: Served | null = null
  #start = Promise.withResolvers<string>()
  /** What earlier lives printed, where it is kept. */
  #printed = ''
  /** Unix ms at which each life ended. */
  readonly deaths: number[] = []
  /** ms in which it did not answer, of all starts but the first. */
  down_ms = 0

  /** `consoleOf` names a file for what a life prints; without it, that is kept in memory. */
  constructor(project: Runnable, consoleOf: ((life: number) => string) | null = null) {
    this.#project = project
    this.#consoleOf = consoleOf
  }

  /** Which life it is in, or which one comes next: 0 is the first. */
  get life(): number {
    return this.deaths.length
  }

  /** Of workerd; null while there is none. */
  get pid(): number | null {
    return this.#running?.pid ?? null
  }

  /** Whether that life goes on. False from before the first signal. */
  isAlive(life: number): boolean {
    return this.#running !== null && life === this.life
  }

  /** On the same data directory, each time at another port. */
  async start(): Promise<void> {
    const file = this.#consoleOf?.(this.life)
    const output = file === undefined ? 'keep' : openSync(file, 'a', 0o600)
    try {
      this.#running = await serve({ ...this.#project, port: 0, output })
    } finally {
      if (typeof output === 'number') closeSync(output)
    }
    const endedAt = this.deaths.at(-1)
    if (endedAt !== undefined) this.down_ms += Date.now() - endedAt
    this.#start.resolve(this.#running.url)
  }

  /** SIGKILL. Returns when the process is gone. */
  async kill(): Promise<void> {
    const running = this.#take()
    if (!running) return
    signal(running.pid, 'SIGKILL')
    const killedAt = Date.now()
    await running.ended
    this.#printed += running.output()
    this.deaths.push(killedAt)
  }

  /** SIGTERM, as an operator does it. Returns when the process is gone. */
  async stop(): Promise<void> {
    const running = this.#take()
    if (!running) return
    await running.stop()
    this.#printed += running.output()
    this.deaths.push(Date.now())
  }

  /** What all lives have printed on the console so far, where it is kept. */
  get printed(): string {
    return this.#printed + (this.#running?.output() ?? '')
  }

  /** Resolves with its address while it answers: at once, or after the next start. */
  up(): Promise<string> {
    return this.#start.promise
  }

  #take(): Served | null {
    const running = this.#running
    if (!running) return null
    this.#start = Promise.withResolvers()
    this.#running = null
    return running
  }
}

/** Unless it has ended by itself. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
