import { liveIn } from '../widening/widening.ts'
import { stateOf } from './grant.ts'
import type { Grant, GrantedProvider, GrantState, Widening } from './grant.ts'

/** What an operator asks for, checked by a schema already. */
export interface GrantInput extends Omit<
  Grant,
  'id' | 'created' | 'expires' | 'revoked' | 'tokens' | 'widened'
> {
  /** Seconds. */
  readonly expires_in: number
}

/** What an operator may do to a grant that exists. */
export type GrantChange =
  /** It ends so many seconds from now, sooner or later than it did. */
  | { readonly is: 'renew'; readonly expires_in: number }
  | { readonly is: 'revoke' }
  /** `hash` is of the new token; the old one lives for another `overlap` seconds. */
  | { readonly is: 'rotate'; readonly hash: string; readonly overlap: number }

/** A grant as operators see it: no hash, times in ISO. */
export interface GrantView extends Omit<
  Grant,
  'created' | 'expires' | 'revoked' | 'tokens' | 'widened'
> {
  readonly state: GrantState
  readonly created_at: string
  readonly expires_at: string
  readonly revoked_at: string | null
  readonly tokens: readonly { readonly created_at: string; readonly valid_until: string | null }[]
  /** What was added to it and holds. */
  readonly widened: readonly WideningView[]
}

/** `until` in ISO; null: as long as the grant. */
export interface WideningView extends Omit<Widening, 'until' | 'deny'> {
  readonly until: string | null
}

/** A new grant with its first token. */
export function newGrant(
  { expires_in, ...input }: GrantInput,
  { id, hash, now }: { readonly id: string; readonly hash: string; readonly now: number },
): Grant {
  return {
    ...input,
    providers: input.providers.map(lowered),
    id,
    created: now,
    expires: now + expires_in * 1000,
    revoked: null,
    tokens: [{ hash, created: now, until: null }],
  }
}

/** The grant after a change at that moment. One that is revoked stays exactly as it is. */
export function changed(grant: Grant, change: GrantChange, now: number): Grant {
  if (change.is === 'renew') return renewed(grant, change.expires_in, now)
  if (change.is === 'rotate') return rotated(grant, change.hash, change.overlap, now)
  return revoked(grant, now)
}

/** Ends so many seconds from now. An expired grant holds again, with the token that it had. */
export function renewed(grant: Grant, expires_in_s: number, now: number): Grant {
  return grant.revoked === null ? { ...grant, expires: now + expires_in_s * 1000 } : grant
}

/**
 * Has a new token. The one that it replaces lives on for so many seconds, and never longer than it
 * would have; the one before that ends now, so no more than two ever hold.
 */
export function rotated(grant: Grant, hash: string, overlap_s: number, now: number): Grant {
  if (grant.revoked !== null) return grant
  const old = grant.tokens[0]
  const replaced = old ? [{ ...old, until: now + overlap_s * 1000 }] : []
  return { ...grant, tokens: [{ hash, created: now, until: null }, ...replaced] }
}

/** Holds no longer, with any token. The first moment of it stays. */
export function revoked(grant: Grant, now: number): Grant {
  return grant.revoked === null ? { ...grant, revoked: now } : grant
}

export function viewOf(grant: Grant, now: number): GrantView {
  const { created, expires, revoked: ended, tokens, widened: _widened, ...rest } = grant
  return {
    ...rest,
    state: stateOf(grant, now),
    created_at: iso(created),
    expires_at: iso(expires),
    revoked_at: ended === null ? null : iso(ended),
    tokens: tokens.map((token) => ({
      created_at: iso(token.created),
      valid_until: token.until === null ? null : iso(token.until),
    })),
    widened: wideningsOf(grant, now),
  }
}

/** What was added to a grant and holds at that moment. */
export function wideningsOf(grant: Grant, now: number): readonly WideningView[] {
  return liveIn(grant, now).map(({ deny: _deny, until, ...rest }) => ({
    ...rest,
    until: until === null ? null : iso(until),
  }))
}

function lowered(granted: GrantedProvider): GrantedProvider {
  return { ...granted, provider: granted.provider.toLowerCase() }
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
