/**
 * What a call asks for in the words of its API: for the record, for a person who approves it, and as
 * the provider's rules for operations judge it.
 */
export interface Operation {
  /**
   * `mutation createIssue`, `tools/call search`, `s3:PutObject`, `git push refs/heads/x`: at most
   * `LONGEST_NAME` printable characters. Tokens in it are taken out where it is shown.
   */
  readonly name: string
  readonly ruling: Ruling
}

/** null: nothing is said of the operation, and method and path decide alone. */
export type Ruling = null | AllowedOperation | DeniedOperation

export interface AllowedOperation {
  readonly is: 'allow'
  /** In place of what the method alone would say. A path rule that says `sensitive: true` holds on. */
  readonly sensitive: boolean
  /** For the operator: `graphql.sensitive[2]`, or `graphql` where no entry spoke. */
  readonly rule: string
}

export interface DeniedOperation {
  readonly is: 'deny'
  readonly rule: string
  readonly reason: string
  /** Denied by name: a 403. Else it is not in a list that is complete: a 404. */
  readonly listed: boolean
}

export const LONGEST_NAME = 200
