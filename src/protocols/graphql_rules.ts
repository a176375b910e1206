import type { Lists } from './listed.ts'

/**
 * `graphql` of a provider file. The entries of its lists are `query`, `mutation` or `subscription`, or
 * one of these with a field of the root, in which `*` is any characters: `mutation.delete*`.
 */
export interface GraphqlRules extends Lists {
  /** A pattern. Another spelling of the path is the same path. */
  readonly path: string
  /** Fields in fields. null: no limit but that of the parser. */
  readonly max_depth: number | null
  /** Of the whole document, with fragments in their places. */
  readonly max_aliases: number | null
  readonly max_root_fields: number | null
  /** The documents that a client may name instead of sending them, by id or SHA-256. */
  readonly persisted: Readonly<Record<string, string>>
  /** As `forwarding` says it. */
  readonly treat_writes_as_sensitive: boolean
}
