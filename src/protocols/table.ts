import type { AwsProvider } from './aws_provider.ts'
import type { GitRules } from './git_refs.ts'
import type { GraphqlRules } from './graphql_rules.ts'
import type { McpProtocol } from './mcp.ts'
import type { Protocol } from './protocol.ts'

/** Every protocol by the key of a provider file that switches it on; null: no provider does. */
export interface Protocols {
  readonly git: Protocol<GitRules> | null
  readonly graphql: Protocol<GraphqlRules> | null
  readonly mcp: McpProtocol | null
  /** Of every provider with `aws_sigv4`. */
  readonly aws: Protocol<AwsProvider> | null
}
