import type { Host, Provider, Rule } from '../catalog.ts'
import { readFields } from '../control/input.ts'
import { capabilitiesArguments } from '../control/tool_schemas.ts'
import { wantsApproval } from '../grants/grant.ts'
import type { Grant, GrantedProvider } from '../grants/grant.ts'
import { grantedIn, widenedIn } from '../grants/narrow.ts'
import type { Caller } from '../identity.ts'
import { reachOf } from '../identity.ts'
import { pausedBy } from '../pauses/pause.ts'
import { Refusal } from '../refusal.ts'
import type { Asking, Said } from './tool.ts'
import { plain } from './values.ts'

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
  return {
    value: {
      tenant,
      project,
      agent,
      host: host?.id ?? null,
      grant: await grantIn(caller, deps),
      providers: found.map((provider) => providerFor(caller, provider)),
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

function ruleShown({ methods, pattern, sensitive }: Rule) {
  return { methods, pattern, ...(sensitive === null ? {} : { sensitive }) }
}
