import { stateOf } from '../grants/grant.ts'
import type { Grant } from '../grants/grant.ts'
import { stateAt } from './access_request.ts'
import type { AccessRequest } from './access_request.ts'
import { WAITS_MS } from './asking.ts'
import { liveIn, MOST_WIDENINGS, narrowedTo, widenedBy } from './widening.ts'

/** What a person says. */
export interface AccessAnswer {
  readonly approve: boolean
  /** Seconds, in place of what the agent asked for; null: as it asked. */
  readonly expires_in: number | null
}

export type AccessDecision =
  /** `grant`: as it is from now on; null where it stays as it was. */
  | { readonly is: 'decided'; readonly request: AccessRequest; readonly grant: Grant | null }
  /** It does not wait any more. */
  | { readonly is: 'settled'; readonly state: ReturnType<typeof stateAt> }
  /** The grant holds no more, or is wide enough already. */
  | { readonly is: 'ended' }
  | { readonly is: 'full' }

/** Who decides, and when, Unix ms. */
interface Act {
  readonly by: string
  readonly now: number
}

/**
 * An operator's answer. A yes widens the grant, for as long as was asked for and never beyond its own
 * end. A no to what was approved takes that back.
 */
export function decidedAccess(
  request: AccessRequest,
  grant: Grant | null,
  { approve, expires_in }: AccessAnswer,
  { by, now }: Act,
): AccessDecision {
  const state = stateAt(request, now)
  if (state !== 'pending' && (approve || state !== 'approved')) return { is: 'settled', state }
  if (!approve) return denied({ ...request, state }, grant, { by, now })
  if (!grant || stateOf(grant, now) !== 'active') return { is: 'ended' }
  if (liveIn(grant, now).length >= MOST_WIDENINGS) return { is: 'full' }
  const { provider, access, allow, duration } = request.ask
  const until = untilOf(grant, expires_in ?? duration, now)
  const widening = { id: request.id, provider, access, allow, deny: [], until }
  const expires = until ?? grant.expires
  return {
    is: 'decided',
    request: { ...request, state: 'approved', expires, decided: now, by },
    grant: widenedBy(grant, widening, now),
  }
}

/** null: as long as the grant. */
function untilOf({ expires }: Grant, lasts_s: number | null, now: number): number | null {
  return lasts_s === null ? null : Math.min(expires, now + lasts_s * 1000)
}

/** What was approved for months may be asked for again in a day. */
function denied(request: AccessRequest, grant: Grant | null, { by, now }: Act): AccessDecision {
  const expires = Math.min(request.expires, now + WAITS_MS)
  const back = request.state === 'approved' && grant ? narrowedTo(grant, request.id) : null
  return {
    is: 'decided',
    request: { ...request, state: 'denied', expires, decided: now, by },
    grant: back,
  }
}
