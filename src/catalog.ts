import type { Auth } from './auth/config.ts'
import type { PluginClass } from './auth/plugin.ts'
import type { SecretRef, Slots } from './auth/scheme.ts'
import type { Schemes } from './auth/signer.ts'
import type { Conditions } from './content/conditions.ts'
import type { Layout } from './layout.ts'
import type { Window } from './limits/bucket.ts'
import type { GitRules } from './protocols/git_refs.ts'
import type { GraphqlRules } from './protocols/graphql_rules.ts'
import type { McpRules } from './protocols/mcp_rules.ts'

/**
 * One upstream API: a file of `providers/` with every default filled in. The keys are those of the
 * YAML (docs/providers.md), so that reading one explains the other.
 */
export interface Provider {
  readonly name: string
  /** The only tenant that may call it. null: every tenant may. */
  readonly tenant: string | null
  /** The provider at the root of what it extends: one API, other secrets. null: it is no alias. */
  readonly alias_of: string | null
  readonly description: string
  readonly docs_url: string
  /** Scheme, host and path prefix, without a trailing slash: `https://slack.com/api`. */
  readonly base_url: string
  readonly default_headers: Readonly<Record<string, string>>
  /** Lower case. */
  readonly strip_response_headers: readonly string[]
  /** Lower case: credential-like headers of the agent's that may pass. */
  readonly forward_request_headers: readonly string[]
  readonly forward_cookies: boolean
  readonly encoded_slash: 'refuse' | 'allow'
  readonly allow_method_override: boolean
  readonly require_grant: boolean
  /** Until response headers arrive, counted from the last byte of the request body. */
  readonly timeout_ms: number
  readonly max_body_bytes: number | null
  /** Which answers are searched for the credential: what may be text, all, or none but their headers. */
  readonly scrub: 'auto' | 'always' | 'off'
  /** What becomes of an answer that repeats it. */
  readonly on_echo: 'redact' | 'block'
  /** How a call that names it by host name is taken apart: empty, or complete. */
  readonly layout: readonly Layout[]
  /** Git over HTTP, and to which refs it may push. null: its requests are like any others. */
  readonly git: GitRules | null
  /** The binding whose client certificate its connections are made with. null: none. */
  readonly mtls: string | null
  readonly auth: Auth
  readonly credential: Credential
  readonly forwarding: Forwarding
  /** Where GraphQL is spoken, and which of it is let through. */
  readonly graphql: GraphqlRules | null
  /** The same of MCP. */
  readonly mcp: McpRules | null
}

/** What `auth` implies, worked out at build time. */
export interface Credential extends Slots {
  readonly secrets: readonly SecretRef[]
  /** `some`: of which calls, the scheme says. */
  readonly reads_body: boolean | 'some'
  /** Tokens are minted for it, which takes OUTPOST_MASTER_KEY. */
  readonly mints?: boolean
  /** Where they are minted, as patterns, when that is below `base_url`: not for agents. */
  readonly token_paths?: readonly string[]
}

export interface Forwarding {
  readonly mode: 'transparent' | 'allowlist'
  readonly allow: readonly Rule[]
  readonly deny: readonly string[]
  readonly treat_writes_as_sensitive: boolean
  readonly default_cache_ttl: number
  readonly default_category: string
  /** null: the `RATE_LIMIT_QUEUE_TIMEOUT` of the installation. */
  readonly queue_timeout_ms: number | null
  readonly rate_limits: Readonly<Record<string, readonly Window[]>>
  /** What an agent gets for the upstream's own 429: its answer, or our envelope around it. */
  readonly upstream_429: 'pass' | 'envelope'
}

/** One entry of `forwarding.allow`. null: not said in the YAML, so the mode's default holds. */
export interface Rule {
  /** Upper case; `*` is any method. */
  readonly methods: readonly string[]
  readonly pattern: string
  readonly category: string | null
  /** Seconds. */
  readonly cache_ttl: number | null
  readonly sensitive: boolean | null
  /** Whom a cached answer may be given to: the caller, or every caller of its tenant. */
  readonly cache_scope: 'caller' | 'tenant'
  /** Where these do not hold, the rule does not match, and the next one is looked at. */
  readonly when: { readonly query: Conditions; readonly body: Conditions } | null
  /** What has to hold of a call that matches; else it is refused. */
  readonly query: Conditions
  readonly body: Conditions
  /** A person has to say yes first. */
  readonly approval: boolean
  readonly deny: boolean
}

/** One entry of `hosts.yaml`: who may call from where. */
export interface Host {
  readonly id: string
  readonly cidrs: readonly string[]
  readonly can_call_sensitive: boolean
  readonly auth_token_env: string | null
  readonly description: string
  /** null: all. */
  readonly providers: readonly string[] | null
  readonly tenant: string | null
  readonly require_grant: boolean
}

/** Everything that was compiled in. */
export interface Catalog {
  /** By lower-case name. A map, so that no name (`constructor`) is there by accident. */
  readonly providers: ReadonlyMap<string, Provider>
  /** In file order. */
  readonly hosts: readonly Host[]
  /** By `module` of the provider's auth. */
  readonly plugins: ReadonlyMap<string, PluginClass>
  /** Those that the providers name. */
  readonly schemes: Partial<Schemes>
}
