import { readdirSync, readlinkSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

import { cpuMs, residentMiB } from '../bench/process-usage.ts'
import type { Lives } from '../checks/lives.ts'
import type { Client } from './client.ts'
import type { Sample } from './memory.ts'

const EVERY_MS = 1000

/** Looks at workerd once a second, life by life. */
export class Watch {
  readonly #lives: Lives
  readonly #client: Client
  readonly samples: Sample[][] = []
  /** Most calls that were open at once. */
  mostOpen = 0
  over = false

  constructor(lives: Lives, client: Client) {
    this.#lives = lives
    this.#client = client
  }

  /** Until `over`. */
  async run(): Promise<void> {
    let [life, before] = [-1, 0]
    while (!this.over) {
      await this.#lives.up()
      if (this.#lives.life !== life) {
        life = this.#lives.life
        before = this.#client.sent
        this.samples[life] = []
      }
      const sample = sampleOf(this.#lives.pid, this.#client.sent - before)
      if (sample) this.samples[life]?.push(sample)
      this.mostOpen = Math.max(this.mostOpen, this.#client.open)
      await delay(EVERY_MS)
    }
  }
}

/** null where there is no /proc, or no such process. */
export function sampleOf(pid: number | null, calls: number): Sample | null {
  const resident = pid === null ? null : residentMiB(pid)
  if (pid === null || resident === null) return null
  return { calls, residentMiB: resident, cpuMs: cpuMs(pid) ?? 0, ...descriptors(pid) }
}

function descriptors(pid: number): { readonly sockets: number; readonly files: number } {
  let [sockets, files] = [0, 0]
  const folder = `/proc/${pid}/fd`
  try {
    for (const each of readdirSync(folder)) {
      if (targetOf(`${folder}/${each}`).startsWith('socket:')) sockets += 1
      else files += 1
    }
  } catch {
    // It has ended.
  }
  return { sockets, files }
}

function targetOf(link: string): string {
  try {
    return readlinkSync(link)
  } catch {
    return ''
  }
}
