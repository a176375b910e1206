import type { Event } from './event.ts'

/** A record before it has its place in the chain. */
export type NewRecord =
  /** A whole call, refused or not sensitive. */
  | { readonly kind: 'call'; readonly event: Event }
  /** A sensitive call before it is forwarded. */
  | { readonly kind: 'opened'; readonly event: Event }
  /** Its end; `opened` is the `seq` of its opening. */
  | { readonly kind: 'closed'; readonly opened: number; readonly event: Event }
  | { readonly kind: 'control'; readonly control: Control }
  | {
      readonly kind: 'refusals'
      readonly refusals: {
        readonly since: string
        readonly until: string
        readonly counts: Readonly<Record<string, number>>
      }
    }

/** What an operator did. Names and ids; never a token, a key or a value of a call. */
export interface Control {
  readonly at: string
  /** `grant.created` … */
  readonly action: string
  readonly by: string
  readonly target: string
  readonly details: Readonly<Record<string, string | number | boolean | null>>
}

/**
 * A record in the chain. `hash` is the lower-case hex SHA-256 of prev ‖ canonical(record without
 * prev and hash), prev as its 64 hex characters.
 */
export type LedgerRecord = NewRecord & {
  readonly seq: number
  readonly tenant: string
  /** ISO, never goes back. */
  readonly recorded: string
  readonly prev: string
  readonly hash: string
}

/** The end of a chain. */
export interface Head {
  readonly seq: number
  readonly hash: string
}
