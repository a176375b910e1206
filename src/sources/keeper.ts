import type { SecretPlace } from '../auth/scheme.ts'
import { Secret } from '../secret.ts'
import { SourceError } from './backend.ts'
import type { SourceFailure } from './backend.ts'
import {
  afterFailure,
  afterRead,
  elapsed,
  isResting,
  isUsable,
  stateOf,
  stepFor,
  timesOf,
  UNREAD,
} from './held.ts'
import type { Held, Times } from './held.ts'
import { keyOf } from './place.ts'

/** A whole read, a login before it included. */
const READ_MS = 15_000
/** So long a call waits for a new value when there is an old one to be used. */
const STALE_PATIENCE_MS = 2000
/** A call that waits for another call's read looks whether it is there: first, and at most, after so long. */
const FIRST_GLANCE_MS = 10
const LONGEST_GLANCE_MS = 250
/** A value that is younger is not read anew because an upstream rejects it. */
const YOUNG_MS = 5000
/** The operator is told the same of a place no more often. */
const TELL_MS = 10 * 60_000

export interface KeeperDeps {
  readonly now: () => number
  readonly times: Times
  /** @throws SourceError */
  readonly read: (place: SecretPlace) => Promise<string>
  /** A read that was begun is finished, though the call that began it has gone. */
  readonly waitUntil: (work: Promise<unknown>) => void
  /** For the operator. */
  readonly warn: (message: string) => void
}

/** A value, or why there is none. */
export type Got = Secret | SourceFailure

export interface Standing {
  readonly state: 'unread' | 'fresh' | 'stale' | 'none'
  /** When the value was read that is held. */
  readonly read_at: string | null
  /** Why the last try failed; null when it did not. */
  readonly failure: SourceFailure | null
  readonly failed_at: string | null
}

interface Entry {
  readonly place: SecretPlace
  readonly times: Times
  held: Held<Secret>
  /** When the read began that is under way; null: none is. */
  asking: number | null
  /** When the operator was told what. Few texts: all are ours. */
  readonly told: Map<string, number>
}

/**
 * The secrets that are kept outside of the Worker, as this isolate knows them: in memory, and
 * nowhere else. One read of a place at a time: calls share what was read and a mark that it is
 * being read, never a promise, which in workerd may not settle for another request.
 */
export class Keeper {
  readonly #deps: KeeperDeps
  readonly #entries = new Map<string, Entry>()

  constructor(deps: KeeperDeps) {
    this.#deps = deps
  }

  /** What can be said without waiting; undefined: `get` it. */
  peek(place: SecretPlace): Got | undefined {
    const entry = this.#entry(place)
    const { held, times } = entry
    const step = stepFor(held, this.#deps.now(), times)
    if (step === 'read') return this.#isLate(entry) ? (held.value ?? undefined) : undefined
    if (step === 'renew') void this.#begin(entry)
    return this.#outcome(entry)
  }

  /** Reads the value, or waits for the call that is reading it. Never throws. */
  async get(place: SecretPlace): Promise<Got> {
    const known = this.peek(place)
    return known ?? this.#fetch(this.#entry(place))
  }

  /**
   * What is there in place of `used`, which an upstream has rejected: what was read since, or what
   * is read now, unless it was read just now. Never throws.
   */
  async renew(place: SecretPlace, used: Secret): Promise<Got> {
    const entry = this.#entry(place)
    const now = this.#deps.now()
    const { held } = entry
    const isYoung = held.value !== used || elapsed(held.read, now) < YOUNG_MS
    if (entry.asking === null && (isYoung || isResting(held, now))) return this.#outcome(entry)
    return this.#fetch(entry)
  }

  /** How a place stands, for the operator. Reads nothing. */
  standing(place: SecretPlace): Standing {
    const { held, times } = this.#entry(place)
    return {
      state: stateOf(held, this.#deps.now(), times),
      read_at: held.value === null ? null : iso(held.read),
      failure: held.failure,
      failed_at: held.failure === null ? null : iso(held.failed),
    }
  }

  async #fetch(entry: Entry): Promise<Got> {
    const patience = this.#isOfUse(entry) ? STALE_PATIENCE_MS : READ_MS + YOUNG_MS
    const work = this.#begin(entry)
    await (work ? within(work, patience).catch(() => {}) : this.#wait(entry, patience))
    return this.#outcome(entry)
  }

  /** By a timer of one's own, until another call's read is over. */
  async #wait(entry: Entry, patience: number): Promise<void> {
    let waited = 0
    for (let pause = FIRST_GLANCE_MS; this.#isAsking(entry) && waited < patience; pause *= 2) {
      const glance = Math.min(pause, LONGEST_GLANCE_MS)
      await new Promise((resolve) => setTimeout(resolve, glance))
      waited += glance
    }
  }

  /** null: one is under way. */
  #begin(entry: Entry): Promise<void> | null {
    if (this.#isAsking(entry)) return null
    const began = this.#deps.now()
    entry.asking = began
    const work = this.#read(entry, began)
    this.#deps.waitUntil(work)
    return work
  }

  async #read(entry: Entry, began: number): Promise<void> {
    const text = await within(this.#deps.read(entry.place), READ_MS).then(
      (read) => (read.trim() === '' ? new SourceError('missing') : read),
      (error: unknown) => (error instanceof SourceError ? error : new SourceError('unreachable')),
    )
    // Another read may have taken its place, when this one's call was ended from outside.
    if (entry.asking !== began) return
    entry.asking = null
    const now = this.#deps.now()
    if (typeof text === 'string') {
      // The same object for the same value: who used it sees that it has not changed.
      const known = entry.held.value
      const same = known?.is(text.replace(/[\r\n]+$/, '')) === true
      entry.held = afterRead(same ? known : new Secret(text), now)
    } else {
      entry.held = afterFailure(entry.held, text.kind, now)
      this.#tell(entry, text.message, now)
    }
  }

  /** The message is in words of ours. */
  #tell(entry: Entry, why: string, now: number): void {
    const { held, place, times } = entry
    const of = isUsable(held, now, times) ? 'the last value is used' : 'calls are refused'
    const message = `secret ${keyOf(place)} cannot be read (${why}): ${of}`
    if (elapsed(entry.told.get(message) ?? -Infinity, now) < TELL_MS) return
    entry.told.set(message, now)
    this.#deps.warn(message)
  }

  #outcome(entry: Entry): Got {
    const { held } = entry
    return this.#isOfUse(entry) && held.value ? held.value : (held.failure ?? 'unreachable')
  }

  /** A call that was ended from outside may leave its mark behind. */
  #isAsking({ asking }: Entry): boolean {
    return asking !== null && elapsed(asking, this.#deps.now()) < READ_MS + YOUNG_MS
  }

  /** A read is under way for so long that nobody with an old value waits for it any more. */
  #isLate(entry: Entry): boolean {
    if (entry.asking === null || !this.#isAsking(entry) || !this.#isOfUse(entry)) return false
    return elapsed(entry.asking, this.#deps.now()) >= STALE_PATIENCE_MS
  }

  #isOfUse({ held, times }: Entry): boolean {
    return isUsable(held, this.#deps.now(), times)
  }

  #entry(place: SecretPlace): Entry {
    const key = keyOf(place)
    let entry = this.#entries.get(key)
    if (!entry) {
      const times = timesOf(place, this.#deps.times)
      entry = { place, times, held: UNREAD, asking: null, told: new Map() }
      this.#entries.set(key, entry)
    }
    return entry
  }
}

function iso(at: number): string {
  return new Date(at).toISOString()
}

/** @throws SourceError 'unreachable' when it takes longer. */
async function within<T>(work: Promise<T>, ms: number): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new SourceError('unreachable')), ms)
  try {
    return await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
