import { elapsed } from './held.ts'
import { otherThan } from './place.ts'
import type { Side } from './place.ts'

/** Which value of a rotated credential the upstream accepts, as far as calls of one agent tell. */
export interface Live {
  readonly side: Side
  /** Since when, Unix ms; null: it has never been another one. */
  readonly since: number | null
  /** When the other one was last tried because it was time to. */
  readonly tried: number
  /** When the live one was last proved right, or accepted with a call that could not be repeated. */
  readonly accepted: number
  /**
   * The live one was rejected, and the other could not be tried with the same call: the next one
   * tries it, or the next that cannot be repeated either.
   */
  readonly doubted: 'by all' | 'by uploads' | null
}

export const FROM_THE_BEGINNING: Live = {
  side: 'current',
  since: null,
  tried: -Infinity,
  accepted: -Infinity,
  doubted: null,
}

/** As long as the previous value is live, the current one is tried so often, by one call. */
const TRY_CURRENT_MS = 15 * 60_000

/** One rejection is no reason to doubt a value that was accepted since: it may be about the call. */
const SURE_MS = 10_000

/** How a call began. */
export interface Beginning {
  readonly side: Side
  /** It was not the live one. */
  readonly trial: boolean
  /** Should it be rejected, the other can be tried. An upload cannot. */
  readonly repeatable: boolean
}

/** Which value a call begins with. */
export function begin(
  live: Live,
  now: number,
  repeatable: boolean,
): { readonly beginning: Beginning; readonly live: Live } {
  const other = otherThan(live.side)
  if (live.doubted === 'by all' || (live.doubted && !repeatable)) {
    return { beginning: { side: other, trial: true, repeatable }, live: { ...live, doubted: null } }
  }
  const isTime = live.side === 'previous' && elapsed(live.tried, now) >= TRY_CURRENT_MS
  if (isTime && repeatable) {
    return { beginning: { side: other, trial: true, repeatable }, live: { ...live, tried: now } }
  }
  return { beginning: { side: live.side, trial: false, repeatable }, live }
}

/**
 * The upstream has accepted one of them. That proves something only when it had rejected the same
 * call with the other one: what is public is accepted with any. So a call that can be repeated says
 * nothing for those that cannot, and a trial makes nobody sure.
 */
export function accepted(live: Live, side: Side, { began, now }: Heard): Live {
  const proved = side !== began.side
  const isLive = side === live.side
  if (proved || began.trial) {
    const sure = proved ? now : -Infinity
    if (isLive) return proved ? { ...live, accepted: now, doubted: null } : live
    return { side, since: now, tried: now, accepted: sure, doubted: null }
  }
  return isLive && !began.repeatable ? { ...live, accepted: now, doubted: null } : live
}

/** The upstream has rejected one of them, and the other was not tried with that call. */
export function doubt(live: Live, side: Side, { began, now }: Heard): Live {
  const isSure = elapsed(live.accepted, now) < SURE_MS
  if (side !== live.side || isSure) return live
  return { ...live, doubted: began.repeatable ? 'by all' : 'by uploads' }
}

/** Of which call, and when. */
export interface Heard {
  readonly began: Beginning
  readonly now: number
}
