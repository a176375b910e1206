import type { Window } from '../limits/bucket.ts'

/** `write` is every call that policy allows; `read` only those that are not sensitive. */
export type Access = 'read' | 'write'

/** Which calls wait for a person. */
export type ApprovalMode = 'none' | 'sensitive' | 'all'

/** A grant's own allow rule. It narrows what the provider's rules allow, and never adds to it. */
export interface GrantRule {
  /** Upper case; `*` is any method, and GET answers for HEAD. */
  readonly methods: readonly string[]
  /** As in a provider file: docs/providers.md. */
  readonly pattern: string
}

/** What a grant lets its agent do at one provider. */
export interface GrantedProvider {
  /** Lower case. */
  readonly provider: string
  readonly access: Access
  /** null: whatever the provider allows. */
  readonly allow: readonly GrantRule[] | null
  /** Patterns that hold for every reading of the path. */
  readonly deny: readonly string[]
}

/** What an operator allowed beside `providers`, because the agent asked: docs/mcp.md. */
export interface Widening extends GrantedProvider {
  /** Of the request for it: `ar_…`. */
  readonly id: string
  /** Unix ms; null: as long as the grant. */
  readonly until: number | null
}

/** One token of a grant. The token itself is nowhere. */
export interface GrantToken {
  /** SHA-256 of the whole token, lower-case hex. */
  readonly hash: string
  /** Unix ms. */
  readonly created: number
  /** Unix ms; null until a rotation has replaced it. */
  readonly until: number | null
}

/** "This agent, of this tenant and project, may do these things at these providers until then." */
export interface Grant {
  /** `gr_`, the tenant's tag, 20 random digits. */
  readonly id: string
  readonly tenant: string
  readonly project: string | null
  readonly agent: string
  readonly providers: readonly GrantedProvider[]
  /** From where it may be used. Empty: it needs a host entry that covers the address. */
  readonly cidrs: readonly string[]
  /** Unix ms. */
  readonly created: number
  /** Unix ms; the first moment at which it no longer holds. */
  readonly expires: number
  /** Unix ms, or null. */
  readonly revoked: number | null
  /** Calls in all; null: as many as it likes. */
  readonly max_calls: number | null
  readonly rate_limits: readonly Window[]
  readonly approval: ApprovalMode
  /** How long a call waits for its approval before it is refused, 0 to 60 s. */
  readonly approval_hold_seconds: number
  readonly note: string
  /** Not there in grants that nothing was ever added to. */
  readonly widened?: readonly Widening[]
  /** The newest first: the one that holds, and the one that it replaced. */
  readonly tokens: readonly GrantToken[]
}

export type GrantState = 'active' | 'expired' | 'revoked'

/** The longest that a grant may be given or renewed for: 90 days, in seconds. */
export const LONGEST_GRANT_S = 90 * 24 * 60 * 60

/** Why a token of this grant does not hold, or null when it does. */
export function grantProblem(
  grant: Grant,
  hash: string,
  now: number,
): 'expired' | 'revoked' | 'replaced' | null {
  const token = grant.tokens.find((each) => each.hash === hash)
  if (!token || (token.until !== null && now >= token.until)) return 'replaced'
  const state = stateOf(grant, now)
  return state === 'active' ? null : state
}

/** What has become of a grant. One that was revoked is that, also after its end. */
export function stateOf({ revoked, expires }: Grant, now: number): GrantState {
  if (revoked !== null) return 'revoked'
  return now < expires ? 'active' : 'expired'
}

/** Whether a call under this grant waits for a person. */
export function wantsApproval({ approval }: Grant, sensitive: boolean): boolean {
  return approval === 'all' || (approval === 'sensitive' && sensitive)
}
