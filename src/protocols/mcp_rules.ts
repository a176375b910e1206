import type { Conditions } from '../content/conditions.ts'
import type { Lists } from './listed.ts'

/** `mcp` of a provider file. In the entries of its lists `*` is any characters. */
export interface McpRules {
  /** A pattern. Another spelling of the path is the same path. */
  readonly path: string
  /** Of `tools/call`, by the name of the tool. */
  readonly tools: Lists
  /** What the arguments of a tool have to be. Every entry that is for the tool holds. */
  readonly arguments: readonly { readonly tool: string; readonly conditions: Conditions }[]
  /** Of every other method. */
  readonly methods: Lists
  /** As `forwarding` says it. */
  readonly treat_writes_as_sensitive: boolean
}
