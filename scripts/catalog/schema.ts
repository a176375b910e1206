import { z } from 'zod'

import type { Forwarding, Provider, Rule } from '../../src/catalog.ts'
import type { Window } from '../../src/limits/bucket.ts'
import { AUTH_KEYS } from './auth-schema.ts'
import { bindingName } from './auth-value.ts'
import { baseUrl } from './base-url.ts'
import { distinctHeaders } from './distinct.ts'
import type { Homes } from './explain.ts'
import { GIT_KEYS, gitRules } from './git-schema.ts'
import { graphqlRules, graphqlShape } from './graphql-schema.ts'
import { fieldValue, forwardableHeader, headerName, settableHeader } from './header-name.ts'
import { LAYOUT_KEYS, layout } from './layout-schema.ts'
import { mcpRules, mcpShape } from './mcp-schema.ts'
import { providerName } from './provider-name.ts'
import { category, pattern, rule, ruleShape } from './rule-schema.ts'
import { checked, choice, flag, given, list, text, whole } from './value.ts'

const MAX_WAIT_MS = 600_000

/** Bounds within which the limiter's arithmetic is exact. */
const MAX_CAPACITY = 1_000_000
const MAX_WINDOW_MS = 31 * 24 * 3_600_000

/** Whom a provider or a host belongs to. */
export const tenantName = text({
  what: 'a name of 1 to 64 letters, digits, "_" and "-"',
  test: /^[a-zA-Z0-9_-]{1,64}$/,
  show: true,
})

const prose = text({ what: 'text' })

const window: z.ZodType<Window> = z.preprocess(
  (found) => given(found),
  z.strictObject({ capacity: whole(1, MAX_CAPACITY), window_ms: whole(1, MAX_WINDOW_MS) }),
)

const DEFAULT_LIMITS: Record<string, Window[]> = {
  default: [
    { capacity: 50, window_ms: 1000 },
    { capacity: 500, window_ms: 60_000 },
  ],
}

const forwardingShape = {
  mode: choice(['transparent', 'allowlist']).default('transparent'),
  allow: list(rule).default([]),
  deny: list(pattern).default([]),
  treat_writes_as_sensitive: flag.default(true),
  default_cache_ttl: whole(0).default(0),
  default_category: category.default('default'),
  queue_timeout_ms: whole(0, MAX_WAIT_MS).optional(),
  rate_limits: z.record(category, list(window)).default(DEFAULT_LIMITS),
  upstream_429: choice(['pass', 'envelope']).default('pass'),
}

const forwarding = z.preprocess(
  (found) => given(found, ['allow', 'deny', 'rate_limits']),
  z.strictObject(forwardingShape).transform((found): Forwarding => ({
    ...found,
    allow: found.mode === 'allowlist' ? found.allow.map(decided) : found.allow,
    queue_timeout_ms: found.queue_timeout_ms ?? null,
  })),
)

/** A list of what is allowed is complete: a rule that is silent is not about sensitive calls. */
function decided(each: Rule): Rule {
  return { ...each, sensitive: each.sensitive ?? false }
}

const providerShape = {
  name: providerName,
  base_url: checked('a URL such as https://api.example.com', baseUrl),
  description: prose.default(''),
  docs_url: prose.default(''),
  enabled: flag.default(true),
  /** `lineage.ts` has followed it before a file comes here. */
  extends: providerName.optional(),
  tenant: tenantName.optional(),
  default_headers: z.record(settableHeader, fieldValue).superRefine(distinctHeaders).default({}),
  strip_response_headers: list(headerName).default([]),
  forward_request_headers: list(forwardableHeader).default([]),
  forward_cookies: flag.default(false),
  encoded_slash: choice(['refuse', 'allow']).default('refuse'),
  allow_method_override: flag.default(false),
  require_grant: flag.default(false),
  timeout_ms: whole(1, MAX_WAIT_MS).default(30_000),
  max_body_bytes: whole(1).optional(),
  scrub: choice(['auto', 'always', 'off']).default('auto'),
  on_echo: choice(['redact', 'block']).default('redact'),
  git: gitRules.optional(),
  layout: layout.default([]),
  mtls: bindingName.optional(),
  /** `auth-schema.ts` reads it, so that what is wrong with the rest does not hide its problems. */
  auth: z.unknown().optional(),
  forwarding: forwarding.prefault({}),
  graphql: graphqlRules.optional(),
  mcp: mcpRules.optional(),
}

/** A provider file with its defaults, but for `auth` and `extends` and what follows from them. */
export type ProviderFile = Omit<Provider, 'auth' | 'credential' | 'alias_of'> & {
  readonly enabled: boolean
}

const COLLECTIONS = [
  'default_headers',
  'strip_response_headers',
  'forward_request_headers',
  'forwarding',
]

/** `src/catalog.ts` says what a provider is; this says what a provider file may contain. */
export const providerFile: z.ZodType<ProviderFile> = z.preprocess(
  (found) => given(found, COLLECTIONS),
  z.strictObject(providerShape).transform(({ auth: _auth, extends: _base, ...found }) => ({
    ...found,
    tenant: found.tenant ?? null,
    strip_response_headers: found.strip_response_headers.map((name) => name.toLowerCase()),
    max_body_bytes: found.max_body_bytes ?? null,
    graphql: found.graphql ? { ...found.graphql, ...writesIn(found) } : null,
    mcp: found.mcp ? { ...found.mcp, ...writesIn(found) } : null,
    git: found.git ?? null,
    mtls: found.mtls ?? null,
  })),
)

/** For the rules of protocols, where it is not the method that tells a write. */
function writesIn({ forwarding: { treat_writes_as_sensitive } }: { forwarding: Forwarding }) {
  return { treat_writes_as_sensitive }
}

/** Where each key of a provider file belongs; the outer level wins where a key is at home in two. */
export const PROVIDER_HOMES: Homes = new Map([
  ...Object.keys(graphqlShape).map((key) => [key, 'under "graphql"'] as const),
  ...Object.keys(mcpShape).map((key) => [key, 'under "mcp"'] as const),
  ...LAYOUT_KEYS.map((key) => [key, 'in an entry of "layout"'] as const),
  ...GIT_KEYS.map((key) => [key, 'under "git"'] as const),
  ...Object.keys(ruleShape).map((key) => [key, 'in a rule of "forwarding.allow"'] as const),
  ...AUTH_KEYS.map((key) => [key, 'under "auth"'] as const),
  ...Object.keys(forwardingShape).map((key) => [key, 'under "forwarding"'] as const),
  ...Object.keys(providerShape).map((key) => [key, 'at the top level'] as const),
])

/** The same for keys that stand under `auth`, where each type has its own. */
export const AUTH_HOMES: Homes = new Map(
  [...PROVIDER_HOMES].filter(([, home]) => home !== 'under "auth"'),
)
