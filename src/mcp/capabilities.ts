import type { Host, Provider, Rule } from '../catalog.ts'
import { readFields } from '../control/input.ts'
import { capabilitiesArguments } from '../control/tool_schemas.ts'
import { wantsApproval } from '../grants/grant.ts'
import type { Grant, GrantedProvider } from '../grants/grant.ts'
import { grantedIn, widenedIn } from '../grants/narrow.ts'
import type { Caller } from '../identity.ts'
import { reachOf } from '../identity.ts'
import { pausedBy } from '../pauses/pause.ts'
import type { Lists } from '../protocols/listed.ts'
import { Refusal } from '../refusal.ts'
import type { Asking, Said } from './tool.ts'
import { plain } from './values.ts'

/** So many providers are shown whole at a time. */
const MOST_WHOLE = 50
const BRIEF = 'Ask for one provider by its name to see its rules.'

/** Rules of a provider file that are shown of each provider. */
const MOST_RULES = 100

/**
 * What this caller may do, as `decide` will judge it. Nothing of secrets, of names of variables, of
 * other callers, and of providers that it may not use.
 * @throws Refusal 400 for a provider that it may not use.
 */
export async function capabilities({ caller, deps, args }: Asking): Promise<Said> {
  const asked = readFields(capabilitiesArguments, plain(args))
  const { tenant, project, agent, host } = caller
  const available = reachOf(caller, deps.catalog).available()
  const names = available.filter((name) => name === (asked.provider ?? name))
  if (asked.provider !== undefined && names.length === 0) {
    throw new Refusal('PROXY_UNKNOWN_PROVIDER', 'no such provider', { metadata: { available } })
  }
  const found = names.flatMap((name) => deps.catalog.providers.get(name) ?? [])
  const whole = found.map((provider) => providerFor(caller, provider))
  return {
    value: {
      tenant,
      project,
      agent,
      host: host?.id ?? null,
      grant: await grantIn(caller, deps),
      ...(found.length > MOST_WHOLE ? { next: BRIEF } : {}),
      providers: found.length > MOST_WHOLE ? whole.map(briefly) : whole,
    },
  }
}

async function grantIn({ grant }: Caller, deps: Asking['deps']) {
  if (!grant) return null
  const { id, expires, approval, approval_hold_seconds, max_calls, rate_limits } = grant
  // What cannot be told is left out: nothing hangs on it.
  const used = max_calls === null ? null : await deps.usedOf(grant).catch(() => null)
  return {
    id,
    expires_at: new Date(expires).toISOString(),
    approval,
    approval_hold_seconds,
    max_calls,
    calls_left: max_calls === null || used === null ? null : Math.max(0, max_calls - used),
    rate_limits,
  }
}

function briefly({ name, description, access, paused }: ReturnType<typeof providerFor>) {
  return { name, description, access, paused }
}

function providerFor(caller: Caller, provider: Provider) {
  const { name, description, docs_url, base_url, alias_of } = provider
  const { host, grant, tenant, agent, pauses } = caller
  const granted = grant && [grantedIn(grant, name) ?? [], widenedIn(grant, name)].flat()
  return {
    name,
    description,
    docs_url,
    base_url,
    host: new URL(base_url).host,
    access: mayWrite(granted, host) ? 'write' : 'read',
    paused: pausedBy(pauses, { tenant, agent, provider: name, alias_of }) !== null,
    approval: approvalsOf(grant),
    /** One of them has to let a call through, and the provider's rules. null: those alone. */
    grant_rules: granted?.map(({ access, allow, deny }) => ({ access, allow, deny })) ?? null,
    provider_rules: rulesOf(provider),
    operation_rules: operationsOf(provider),
    rate_limits: provider.forwarding.rate_limits,
  }
}

function mayWrite(granted: readonly GrantedProvider[] | null, host: Host | null): boolean {
  if (host?.can_call_sensitive === false) return false
  return granted === null || granted.some(({ access }) => access === 'write')
}

/** Whether reads and writes wait for a person. */
function approvalsOf(grant: Grant | null) {
  const wanted = (sensitive: boolean) => grant !== null && wantsApproval(grant, sensitive)
  return { reads: wanted(false), writes: wanted(true) }
}

function rulesOf({ forwarding }: Provider) {
  const { mode, treat_writes_as_sensitive, allow, deny } = forwarding
  return {
    only_what_is_listed: mode === 'allowlist',
    writes_are_sensitive: treat_writes_as_sensitive,
    allow: allow.slice(0, MOST_RULES).map(ruleShown),
    deny: deny.slice(0, MOST_RULES),
    more: Math.max(allow.length, deny.length) > MOST_RULES,
  }
}

/** Of a rule what an agent can go by; that the content of a call decides too is said, not how. */
function ruleShown({ methods, pattern, sensitive, when, query, body, approval, deny }: Rule) {
  const conditions = when !== null || query.length + body.length > 0
  return {
    methods,
    pattern,
    ...(sensitive === null ? {} : { sensitive }),
    ...(approval ? { approval } : {}),
    ...(deny ? { deny } : {}),
    ...(conditions ? { conditions } : {}),
  }
}

/** Rules that go by what a call says in the words of its API; null where there are none. */
function operationsOf({ git, graphql, mcp }: Provider) {
  return {
    git: git && { deny_push: git.deny_push },
    graphql: graphql && { path: graphql.path, ...listsOf(graphql) },
    mcp: mcp && { path: mcp.path, tools: listsOf(mcp.tools), methods: listsOf(mcp.methods) },
  }
}

function listsOf({ allow, sensitive, deny }: Lists) {
  return { allow, sensitive, deny }
}
