import type { Conditions } from '../content/conditions.ts'
import type { Ruling } from '../operation.ts'
import { fits, ruled } from './listed.ts'
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

/** What the lists say of calling a tool, whatever its arguments. */
export function toolRuling(name: string, rules: McpRules): Ruling {
  return refusedAs403(
    ruled([{ name, writes: true }], rules.tools, {
      matches: fits,
      caseless: true,
      place: 'mcp.tools',
      treat_writes_as_sensitive: rules.treat_writes_as_sensitive,
    }),
  )
}

/** To a client of MCP a 404 says that its session is over, and it would begin another. */
export function refusedAs403(ruling: Ruling): Ruling {
  return ruling?.is === 'deny' ? { ...ruling, listed: true } : ruling
}
