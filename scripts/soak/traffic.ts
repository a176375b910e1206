import { setTimeout as delay } from 'node:timers/promises'

import { others, page, simulate } from './actors/control.ts'
import { approval, pausing, quota, Revocations } from './actors/grants.ts'
import { Keys } from './actors/keys.ts'
import { download, events, read, upload, write } from './actors/ordinary.ts'
import { refused } from './actors/refused.ts'
import { cached, limited, throttled } from './actors/stateful.ts'
import { minted, StoredToken } from './actors/tokens.ts'
import type { World } from './world.ts'

/** Stories that go on at once; more wait for nobody. */
const MOST = 100

/** Of a thousand turns. */
const WEIGHTS = {
  read: 270,
  write: 170,
  cached: 90,
  limited: 80,
  throttled: 25,
  minted: 70,
  stored: 40,
  'token written': 3,
  upload: 15,
  download: 15,
  events: 15,
  keys: 30,
  'old key': 15,
  quota: 6,
  approval: 12,
  revocation: 8,
  'revoked before': 10,
  pausing: 3,
  refused: 90,
  'operator reads': 12,
  others: 15,
  simulate: 6,
} as const

export type StoryName = keyof typeof WEIGHTS

/** Everything that is asked of the installation, in known proportions. */
export class Traffic {
  readonly stored = new StoredToken()
  readonly keys = new Keys()
  readonly revocations = new Revocations()
  readonly turns = new Map<StoryName, number>()
  readonly #open = new Set<Promise<void>>()
  readonly #world: World
  readonly #stories: Readonly<Record<StoryName, (world: World) => Promise<void>>>
  /** Turns that were not taken because too many were going on. */
  skipped = 0
  over = false

  constructor(world: World) {
    this.#world = world
    const { keys, stored, revocations } = this
    this.#stories = {
      read,
      write,
      cached,
      limited,
      throttled,
      minted,
      stored: (each) => stored.call(each),
      'token written': (each) => stored.write(each),
      upload,
      download,
      events,
      keys: (each) => keys.story(each),
      'old key': (each) => keys.again(each),
      quota,
      approval,
      revocation: (each) => revocations.story(each),
      'revoked before': (each) => revocations.again(each),
      pausing,
      refused,
      'operator reads': page,
      others,
      simulate,
    }
  }

  /** So many turns a second, until `over` and the last of them has ended. */
  async run(rate: number): Promise<void> {
    await this.stored.write(this.#world)
    const { random } = this.#world
    const began = Date.now()
    for (let turn = 1; !this.over; turn += 1) {
      const name = random.weighted(WEIGHTS)
      const world = this.#world.fork()
      if (this.#open.size < MOST) this.#play(name, world)
      else this.skipped += 1
      const late = Date.now() - began - (turn * 1000) / rate
      if (late < 0) await delay(-late)
    }
    await Promise.all(this.#open)
  }

  #play(name: StoryName, world: World): void {
    this.turns.set(name, (this.turns.get(name) ?? 0) + 1)
    const playing = this.#stories[name](world).catch((error: unknown) => {
      world.evidence.add(`${name}: ${error instanceof Error ? error.message : String(error)}`)
    })
    const over = playing.finally(() => this.#open.delete(over))
    this.#open.add(over)
  }
}
