/**
 * One call, allowed or refused, as it is recorded: control-plane.md §4. Names and never values:
 * no header value, query value, body, key or token.
 */
export interface Event {
  readonly id: string
  readonly at: string
  readonly tenant: string | null
  readonly project: string | null
  readonly agent: string | null
  readonly host: string | null
  readonly client: string | null
  /** The identifier of the grant, or null for a call without one. */
  readonly grant: string | null
  readonly provider: string | null
  readonly method: string
  readonly path: string | null
  readonly query_keys: readonly string[]
  /** What the call does, where its API says so outside method and path. */
  readonly operation: string | null
  readonly category: string | null
  readonly sensitive: boolean
  readonly decision: 'allow' | 'deny'
  /** Why it was refused, or null. */
  readonly reason: string | null
  /** The rule that decided, or null when the call did not come so far. */
  readonly rule: string | null
  /** The identifier of the approval that was used, or null when none was wanted. */
  readonly approval: string | null
  /** Where the credential was put on the request. */
  readonly mode: 'edge'
  readonly secret_read: boolean
  /** The agent never gets a credential. */
  readonly secret_exposed: false
  /** How often the upstream's answer repeated a credential, which was taken out. */
  readonly echoes_scrubbed: number
  /** null: the call is only about to be forwarded. */
  readonly status: number | null
  readonly code: string | null
  readonly cache: string
  /** Until response headers. */
  readonly duration_ms: number
  /** As declared by `Content-Length`; null when the body has no declared length. */
  readonly bytes_in: number | null
  readonly bytes_out: number | null
}

/**
 * An event in canonical form (canonical.ts), as it is printed, sent and hashed: a text costs less on its
 * way than thirty members do.
 */
export type EventText = string

/** The members of `event` have to stand in alphabetical order, as those of `eventOf` do. */
export function eventText(event: Event): EventText {
  return JSON.stringify(event)
}
