import { setTimeout as delay } from 'node:timers/promises'

import type { Lives } from '../checks/lives.ts'
import type { End } from '../crash/audit-loss.ts'
import type { Random } from './random.ts'

/** Of the time of the traffic: the rest belongs to the last life. */
const SHARE = 2 / 3

/** Ends and starts the runtime while the traffic goes on. */
export class Kills {
  readonly #lives: Lives
  readonly #random: Random
  /** Of each life. */
  readonly ends: End[] = []

  constructor(lives: Lives, random: Random) {
    this.#lives = lives
    this.#random = random
  }

  /** So many, spread by chance over the first two thirds of the time. */
  async run(kills: number, ms: number): Promise<void> {
    const slot = (ms * SHARE) / Math.max(1, kills)
    let at = 0
    for (let number = 0; number < kills; number += 1) {
      const next = slot * (number + 0.5 + this.#random.next() / 2)
      await delay(next - at)
      at = next
      await this.end(number % 4 === 3)
      await this.#lives.start()
    }
  }

  /** With SIGTERM, or without a word. */
  async end(clean: boolean): Promise<void> {
    await (clean ? this.#lives.stop() : this.#lives.kill())
    this.ends.push({ at: this.#lives.deaths.at(-1) ?? 0, clean })
  }
}
