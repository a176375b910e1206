import type { Look } from '../tenants/stubs.ts'

/** Younger than this a copy is used as it is. */
const FRESH_MS = 20_000

/** Until then it is used, and asked for anew beside the call. A revocation is noticed in 60 s. */
const USABLE_MS = 50_000

/** Nobody is refused by a copy that is older: what was renewed or resumed is so at once, or nearly. */
const DOUBTED_MS = 5000

/** One call at a time asks for a copy anew, unless that takes longer. */
const ASKING_MS = 5000

/** The oldest go first. What is not there is remembered apart: who makes it up pushes nothing out. */
const MOST = 10_000
const MOST_MISSES = 2000

interface Copy<T> {
  readonly value: T
  /** When it was asked for, not when it came: Unix ms. */
  readonly at: number
  /** When somebody last asked for it anew. */
  asked: number
}

export interface Copying {
  readonly now: () => number
  readonly waitUntil: (work: Promise<unknown>) => void
}

/** A token's grant as it was a moment ago. */
export interface FoundGrant extends Look {
  readonly tenant: string
}

/**
 * What one isolate remembers of things that change seldom, so that a read costs no hop. It may be
 * as old as `USABLE_MS`: what must be certain asks the object.
 */
export class Copies<T> {
  readonly #copies = new Map<string, Copy<T>>()
  readonly #misses = new Map<string, Copy<T>>()

  /**
   * The copy, or what `ask` says. One that refuses, and is some seconds old, is asked for anew. Rejects
   * as `ask` does when there is no copy to be used.
   */
  async get(
    key: string,
    ask: () => Promise<T>,
    refuses: (value: T, now: number) => boolean,
    { now, waitUntil }: Copying,
  ): Promise<T> {
    const at = now()
    const copy = this.#copies.get(key) ?? this.#misses.get(key)
    const age = copy ? at - copy.at : Infinity
    const usable = copy && age >= 0 && age < (refuses(copy.value, at) ? DOUBTED_MS : USABLE_MS)
    if (!usable) return this.#fetch(key, ask, at)
    if (age >= FRESH_MS && at - copy.asked > ASKING_MS) {
      copy.asked = at
      // Each call asks by itself: a promise of another request's may never settle.
      waitUntil(this.#fetch(key, ask, at).catch(() => {}))
    }
    return copy.value
  }

  /** The object has said otherwise. */
  forget(key: string): void {
    this.#copies.delete(key)
  }

  async #fetch(key: string, ask: () => Promise<T>, at: number): Promise<T> {
    const value = await ask()
    const known = this.#copies.get(key)
    if (known && known.at > at) return value
    this.#misses.delete(key)
    this.#copies.delete(key)
    const [kept, most] = value === null ? [this.#misses, MOST_MISSES] : [this.#copies, MOST]
    for (const oldest of kept.keys()) {
      if (kept.size < most) break
      kept.delete(oldest)
    }
    kept.set(key, { value, at, asked: at })
    return value
  }
}
