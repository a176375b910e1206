import type { Access, GrantRule } from '../grants/grant.ts'

/** What an agent asks for: more than its grant allows it, at one provider. */
export interface Wish {
  /** Lower case. */
  readonly provider: string
  readonly access: Access
  /** null: whatever the provider allows. */
  readonly allow: readonly GrantRule[] | null
  /** Seconds from the decision on; null: as long as the grant. */
  readonly duration: number | null
}

/** Who asks, and why. */
export interface AccessAsk extends Wish {
  /** The grant's id. */
  readonly grant: string
  readonly grant_note: string
  readonly project: string | null
  readonly agent: string
  /** In the agent's words, redacted. */
  readonly reason: string
}

export type AccessState = 'pending' | 'approved' | 'denied' | 'expired'

/** A question to a person and what became of it. */
export interface AccessRequest {
  /** `ar_`, the tenant's tag, 20 random digits. A grant's widening has the same. */
  readonly id: string
  /** SHA-256 of the grant and the wish: asking again is the same question. */
  readonly key: string
  readonly ask: AccessAsk
  readonly state: AccessState
  /** Unix ms. */
  readonly created: number
  /** Unix ms: until then it can be decided; approved, until then it holds; denied, it stays denied. */
  readonly expires: number
  /** Unix ms, or null. */
  readonly decided: number | null
  /** The operator who decided. */
  readonly by: string | null
}

/** How a request stands at a moment: what is pending, approved or denied ends when it expires. */
export function stateAt({ state, expires }: AccessRequest, now: number): AccessState {
  return now < expires ? state : 'expired'
}
