import type { EventEmitter } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'

import type { Evidence, Parts } from './evidence.ts'
import { COUNTED } from './fixture.ts'
import type { Passed } from './intervals.ts'
import { KeyStory } from './key-story.ts'
import type { Victim } from './victim.ts'

/** So many keys at once, each used by so many clients at once. */
const KEYS_AT_ONCE = 6
const RACING = 3

/** How many old keys are asked for again at once. */
const ASKED_AT_ONCE = 8

/** Most answers are small; some need many packets. */
const SIZES = [20, 20, 20, 20_000]

/** Longest answer of the upstream, ms. */
const SLOWEST_MS = 40

/** With no limits, and behind the limiter: there a refusal frees the key. */
const PROVIDERS = ['keyed', COUNTED.name]

/** Clients who use each of their keys until they know what became of it. */
export class KeyLoad {
  readonly #victim: Victim
  readonly #moments: EventEmitter
  readonly #evidence: Evidence
  /** Forwarded calls of each provider. */
  readonly passed = new Map<string, Passed[]>()
  readonly #stories = new Map<string, KeyStory>()
  over = false

  constructor({ victim, upstream, moments, evidence }: Parts) {
    this.#victim = victim
    this.#evidence = evidence
    this.#moments = moments
    for (const provider of PROVIDERS) {
      const passed: Passed[] = []
      this.passed.set(provider, passed)
      upstream.on(provider, ({ key, sent, arrived }) => {
        passed.push({ sent, arrived })
        const story = this.#stories.get(key)
        if (!story) throw new Error('a call with a key that nobody made')
        setImmediate(() => moments.emit('forwarded'))
        return { ...story.forwarded(), takes_ms: Math.random() * SLOWEST_MS }
      })
    }
  }

  get stories(): readonly KeyStory[] {
    return [...this.#stories.values()]
  }

  /** Until `over`. */
  async run(): Promise<void> {
    await Promise.all(Array.from({ length: KEYS_AT_ONCE }, () => this.#useKeys()))
  }

  /** Asks once more for every key there has been. */
  async askAll(): Promise<void> {
    const rest = this.stories.values()
    const ask = async () => {
      for (const story of rest) await story.settle(this.#victim, () => {})
    }
    await Promise.all(Array.from({ length: ASKED_AT_ONCE }, ask))
  }

  async #useKeys(): Promise<void> {
    const old: KeyStory[] = []
    while (!this.over) {
      const number = this.#stories.size
      const story = new KeyStory(
        {
          key: `key-${number}`,
          provider: PROVIDERS[number % PROVIDERS.length] ?? 'keyed',
          size: SIZES[Math.floor(Math.random() * SIZES.length)] ?? 0,
        },
        this.#evidence,
      )
      this.#stories.set(story.key, story)
      const told = () => this.#moments.emit('delivered')
      const client = () => story.settle(this.#victim, told)
      await Promise.all(Array.from({ length: RACING }, client))
      old.push(story)
      await this.#askOld(old)
      await delay(Math.random() * SLOWEST_MS)
    }
  }

  /** Keys of an earlier life, once each while the load goes on. */
  async #askOld(old: KeyStory[]): Promise<void> {
    const at = old.findIndex((story) => story.life !== this.#victim.life)
    if (at < 0) return
    const [story] = old.splice(at, 1)
    await story?.settle(this.#victim, () => {})
  }
}
