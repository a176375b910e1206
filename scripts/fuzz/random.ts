/** Choices that follow from a seed alone: Mulberry32 over a hash of the seed (FNV-1a). */
export class Random {
  #state: number

  constructor(seed: string) {
    let hash = 0x811c9dc5
    for (const char of seed) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193)
    this.#state = hash
  }

  /** From 0 to 1, which it never is. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number from 0 to below `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end)
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<T>(list: readonly T[]): T {
    const found = list[this.below(list.length)]
    if (found === undefined) throw new Error('a choice of nothing')
    return found
  }

  /** Up to `most` of the list, with repetitions. */
  some<T>(list: readonly T[], most: number): T[] {
    return this.times(this.below(most + 1), () => this.pick(list))
  }

  times<T>(count: number, make: (index: number) => T): T[] {
    return Array.from({ length: count }, (_, index) => make(index))
  }

  /** Any bytes, as Latin-1 text. */
  bytes(most: number): string {
    return String.fromCharCode(...this.times(this.below(most + 1), () => this.below(256)))
  }

  /** One of several makers; those that stand in the list twice are chosen twice as often. */
  of<T>(...makers: readonly (() => T)[]): T {
    return this.pick(makers)()
  }
}
