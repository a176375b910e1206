import { elapsed } from './held.ts'
import { otherThan } from './place.ts'
import type { Side } from './place.ts'

/** Which value of a rotated credential the upstream accepts, as far as an isolate knows. */
export interface Live {
  readonly side: Side
  /** Since when, Unix ms; null: it has never been another one. */
  readonly since: number | null
  /** When the other one was last tried because it was time to. */
  readonly tried: number
  /** When the live one was last accepted. */
  readonly accepted: number
  /** The live one was rejected, and the other could not be tried with the same call. */
  readonly doubted: boolean
}

export const FROM_THE_BEGINNING: Live = {
  side: 'current',
  since: null,
  tried: -Infinity,
  accepted: -Infinity,
  doubted: false,
}

/** As long as the previous value is live, the current one is tried so often, by one call. */
const TRY_CURRENT_MS = 15 * 60_000

/** One rejection is no reason to doubt a value that was accepted since: it may be about the call. */
const SURE_MS = 10_000

/** Which value a call begins with. `repeatable`: should it be rejected, the other can be tried. */
export function begin(
  live: Live,
  now: number,
  repeatable: boolean,
): { readonly side: Side; readonly live: Live } {
  if (live.doubted) return { side: otherThan(live.side), live: { ...live, doubted: false } }
  const isTime = live.side === 'previous' && elapsed(live.tried, now) >= TRY_CURRENT_MS
  if (isTime && repeatable) return { side: 'current', live: { ...live, tried: now } }
  return { side: live.side, live }
}

/** The upstream has accepted one of them. */
export function accepted(live: Live, side: Side, now: number): Live {
  if (side === live.side) return { ...live, accepted: now, doubted: false }
  return { side, since: now, tried: now, accepted: now, doubted: false }
}

/** The upstream has rejected one of them, and the other was not tried with that call. */
export function doubt(live: Live, side: Side, now: number): Live {
  const isSure = elapsed(live.accepted, now) < SURE_MS
  return side !== live.side || isSure ? live : { ...live, doubted: true }
}
