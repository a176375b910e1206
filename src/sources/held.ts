import type { SecretPlace } from '../auth/scheme.ts'
import type { SourceFailure } from './backend.ts'

/** How long a value is used, from when it was read. */
export interface Times {
  /** Without being read anew. */
  readonly fresh_ms: number
  /** When it cannot be read anew. Never less than that. */
  readonly stale_ms: number
}

/** A binding may fail in words that do not say that its secret was deleted: it is believed for less long. */
const BINDING_STALE_MS = 15 * 60_000

/** The times of a place: a URI, or the name of a binding of Cloudflare's Secrets Store. */
export function timesOf(place: SecretPlace, { fresh_ms, stale_ms }: Times): Times {
  const most = 'env' in place ? Math.max(fresh_ms, BINDING_STALE_MS) : stale_ms
  return { fresh_ms, stale_ms: Math.min(stale_ms, most) }
}

/** What an isolate knows of one place. */
export interface Held<T> {
  readonly value: T | null
  /** When the value was read. */
  readonly read: number
  /** Tries in a row that failed. */
  readonly failures: number
  /** Of the last try; null when it succeeded, or there was none. */
  readonly failure: SourceFailure | null
  /** When the last failure was. */
  readonly failed: number
}

export const UNREAD = {
  value: null,
  read: -Infinity,
  failures: 0,
  failure: null,
  failed: -Infinity,
} as const satisfies Held<never>

/**
 * What a call does: uses the value; uses it and has it read anew beside; reads it first; uses it
 * though it is old; or goes without.
 */
export type Step = 'use' | 'renew' | 'read' | 'stale' | 'none'

/** From this part of its fresh time on, a value in use is read anew before a call has to wait. */
const EARLY = 0.8

/** After a failure the place is left alone for so long, and twice as long after the next. */
const FIRST_REST_MS = 5000
const LONGEST_REST_MS = 60_000

export function stepFor<T>(held: Held<T>, now: number, times: Times): Step {
  const age = elapsed(held.read, now)
  const rests = isResting(held, now)
  if (held.value !== null && age < times.fresh_ms) {
    return !rests && age >= times.fresh_ms * EARLY ? 'renew' : 'use'
  }
  if (!rests) return 'read'
  return isUsable(held, now, times) ? 'stale' : 'none'
}

/** Whether there is a value that may be used, if need be. */
export function isUsable<T>(held: Held<T>, now: number, times: Times): boolean {
  return held.value !== null && elapsed(held.read, now) <= times.stale_ms
}

/** Whether a try has failed so lately that the place is not asked. */
export function isResting<T>({ failures, failed }: Held<T>, now: number): boolean {
  if (failures === 0) return false
  return elapsed(failed, now) < Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** (failures - 1))
}

/** In a word: not read yet, within its fresh time, past it, or nothing that may be used. */
export function stateOf<T>(
  held: Held<T>,
  now: number,
  times: Times,
): 'unread' | 'fresh' | 'stale' | 'none' {
  if (held.value === null) return held.failure === null ? 'unread' : 'none'
  if (elapsed(held.read, now) < times.fresh_ms) return 'fresh'
  return isUsable(held, now, times) ? 'stale' : 'none'
}

export function afterRead<T>(value: T, now: number): Held<T> {
  return { ...UNREAD, value, read: now }
}

/** Who is denied, or told that there is no such secret, was answered: the value is gone. */
export function afterFailure<T>(held: Held<T>, failure: SourceFailure, now: number): Held<T> {
  const kept = failure === 'denied' || failure === 'missing' ? UNREAD : held
  return { ...kept, failures: held.failures + 1, failure, failed: now }
}

/** A clock that is set back must not keep a value in use, or a place from being asked. */
export function elapsed(since: number, now: number): number {
  return Math.abs(now - since)
}
