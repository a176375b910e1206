/** What a team's endpoint answers from now on. */
export interface TeamAnswer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Zero bytes in place of `body`. */
  readonly zeros?: number
  readonly delay_ms?: number
  /** The headers come, and of the body never more than its first half. */
  readonly stalls?: boolean
}

/** What the endpoint was asked. */
export interface TeamAsked {
  /** How often for the keys. */
  readonly keys: number
  /** Every other path that was asked for. */
  readonly elsewhere: readonly string[]
  /** Headers of the last request for the keys. */
  readonly headers: Readonly<Record<string, unknown>>
}
