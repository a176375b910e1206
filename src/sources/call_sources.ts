import type { SecretPlace, SecretRef } from '../auth/scheme.ts'
import type { Secret } from '../secret.ts'
import type { Got, Keeper } from './keeper.ts'
import { keyOf, otherThan, placeOn } from './place.ts'
import type { Side } from './place.ts'
import type { Beginning } from './rotation.ts'
import type { Rotation } from './rotations.ts'

/** A provider of whose secrets some are kept elsewhere, or have a value from before. */
export interface Sourced {
  readonly refs: readonly SecretRef[]
  /** Which value calls begin with; null: none has a value from before. */
  readonly rotation: Rotation | null
}

/** Whose secrets. */
export interface Asking {
  /** Tells one caller from another. */
  readonly agent: string
  /** Whether the call can be sent a second time. */
  readonly repeatable: boolean
}

export interface SourceDeps {
  readonly now: () => number
  readonly keeper: Keeper
  /** Whether the keeper has to read it. */
  readonly isElsewhere: (place: SecretPlace) => boolean
  /** A Worker secret or a literal; null when it is not set. */
  readonly find: (place: SecretPlace) => Secret | null
}

/** Begins with the value that is live for that agent. */
export function callSources(of: Sourced, asking: Asking, deps: SourceDeps): CallSources {
  return new CallSources(of, asking, deps)
}

/** The secrets of one call: every place is read once, and stays what it was until the end. */
export class CallSources {
  readonly #of: Sourced
  readonly #deps: SourceDeps
  readonly #got = new Map<string, Got>()
  readonly #opened = new Set<SecretRef>()
  readonly #agent: string
  readonly #began: Beginning
  #side: Side
  /** Whether what calls can do without is wanted too. */
  #all = false

  constructor(of: Sourced, { agent, repeatable }: Asking, deps: SourceDeps) {
    this.#of = of
    this.#deps = deps
    this.#agent = agent
    this.#began = of.rotation?.begin(agent, deps.now(), repeatable) ?? {
      side: 'current',
      trial: false,
      repeatable,
    }
    this.#side = this.#began.side
  }

  /**
   * Reads what the scheme may open; with `all`, also what is optional. null: it is at hand. Never
   * rejects.
   */
  ready(all = false): Promise<void> | null {
    this.#all ||= all
    const waiting = this.#wanted(this.#side).filter((place) => this.#has(place) === undefined)
    if (waiting.length > 0) {
      return this.#read(waiting).then(() => this.ready() ?? undefined)
    }
    if (this.#side === 'current' || this.#isWhole('previous')) return null
    // What is live is gone.
    this.#side = 'current'
    return this.ready()
  }

  /** After `ready`. */
  open(ref: SecretRef): Got {
    this.#opened.add(ref)
    return this.#has(placeOn(this.#side, ref)) ?? 'unreachable'
  }

  /** The other value of a rotated secret, if it is at hand: an answer may have that one too. */
  beside(ref: SecretRef): Secret | null {
    if (!ref.previous) return null
    const got = this.#has(placeOn(otherThan(this.#side), ref))
    return typeof got === 'object' ? got : null
  }

  /**
   * The upstream has rejected what was opened. True when there is another value to sign with: one
   * that was read anew, else the other one of a rotation.
   */
  async another(): Promise<boolean> {
    if (await this.#renewed()) return true
    if (!this.#isRotated()) return false
    const other = otherThan(this.#side)
    await this.#read(this.#wanted(other).filter((place) => this.#has(place) === undefined))
    if (!this.#isWhole(other)) return false
    this.#side = other
    return true
  }

  /** It has rejected it, and the call cannot be sent again: the next one begins otherwise. */
  async doubted(): Promise<void> {
    const renewed = await this.#renewed()
    if (renewed || !this.#isRotated()) return
    this.#of.rotation?.doubted(this.#agent, this.#side, this.#heard())
  }

  /** The upstream has accepted what was opened. */
  accepted(): void {
    if (!this.#isRotated()) return
    this.#of.rotation?.accepted(this.#agent, this.#side, this.#heard())
  }

  #heard() {
    return { began: this.#began, now: this.#deps.now() }
  }

  #isRotated(): boolean {
    return this.#of.rotation !== null && [...this.#opened].some(({ previous }) => previous)
  }

  /** Reads anew what was opened. True when some value is another one. */
  async #renewed(): Promise<boolean> {
    const places = [...this.#opened].map((ref) => placeOn(this.#side, ref))
    const changes = await Promise.all(places.map((place) => this.#isRenewed(place)))
    return changes.includes(true)
  }

  async #isRenewed(place: SecretPlace): Promise<boolean> {
    const used = this.#got.get(keyOf(place))
    if (typeof used !== 'object' || !this.#deps.isElsewhere(place)) return false
    const now = await this.#deps.keeper.renew(place, used)
    this.#got.set(keyOf(place), now)
    return typeof now === 'object' && now !== used
  }

  #wanted(side: Side): SecretPlace[] {
    const refs = this.#of.refs.filter(({ optional }) => this.#all || optional !== true)
    return refs.map((ref) => placeOn(side, ref))
  }

  #isWhole(side: Side): boolean {
    return this.#of.refs
      .filter(({ previous }) => previous)
      .every((ref) => typeof this.#has(placeOn(side, ref)) === 'object')
  }

  /** What is at hand; undefined: it has to be read. */
  #has(place: SecretPlace): Got | undefined {
    if (!this.#deps.isElsewhere(place)) return this.#deps.find(place) ?? 'missing'
    const key = keyOf(place)
    let got = this.#got.get(key)
    if (got === undefined) {
      got = this.#deps.keeper.peek(place)
      if (got !== undefined) this.#got.set(key, got)
    }
    return got
  }

  async #read(places: readonly SecretPlace[]): Promise<void> {
    await Promise.all(
      places.map(async (place) => {
        this.#got.set(keyOf(place), await this.#deps.keeper.get(place))
      }),
    )
  }
}
