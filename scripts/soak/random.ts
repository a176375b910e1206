/** Numbers that look like chance and are the same for the same seed. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** From 0 up to and without 1: mulberry32, https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number, both ends included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1))
  }

  /** True in that share of all cases. */
  chance(share: number): boolean {
    return this.next() < share
  }

  /** @throws when there is nothing to choose from. */
  pick<T>(all: readonly T[]): T {
    const one = all[this.between(0, all.length - 1)]
    if (one === undefined) throw new Error('nothing to choose from')
    return one
  }

  /** One key of a table of weights. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const rows = Object.entries(weights) as [K, number][]
    let at = this.next() * rows.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [key, weight] of rows) {
      at -= weight
      if (at < 0) return key
    }
    return this.pick(rows)[0]
  }

  /** Another one, whose numbers do not depend on how many this one goes on to give. */
  fork(): Random {
    return new Random(this.between(0, 2 ** 32 - 1))
  }
}
