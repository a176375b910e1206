/** How often an isolate asks for the cooldown of a category that nothing counts. */
const ASK_EVERY_MS = 1000

/** So many categories at most: providers and categories are compiled in, so it is never reached. */
const MOST = 10_000

/**
 * What one isolate knows of cooldowns, so that a category without windows costs no hop: what it was
 * told itself, and what it asks for beside its calls, at most once a second for each category.
 */
export class KnownCooldowns {
  readonly #known = new Map<string, { until: number; asked: number }>()

  /** Unix ms; 0 when nothing is known. */
  until(key: string): number {
    return this.#known.get(key)?.until ?? 0
  }

  learn(key: string, until: number): void {
    const known = this.#known.get(key)
    if (this.#known.size >= MOST) this.#known.clear()
    this.#known.set(key, { until: Math.max(until, known?.until ?? 0), asked: known?.asked ?? 0 })
  }

  /** Whether no answer has come yet: then what is not known may be anything. */
  unheard(key: string): boolean {
    return !this.#known.has(key)
  }

  /** Whether it is time to ask again; if so, the next time is a second away. */
  due(key: string, now: number): boolean {
    const known = this.#known.get(key)
    if (known && now - known.asked < ASK_EVERY_MS) return false
    this.#known.set(key, { until: known?.until ?? 0, asked: now })
    return true
  }
}
