import type { Call } from '../call.ts'
import type { Forwarding, Provider, Rule } from '../catalog.ts'
import { wantsApproval } from '../grants/grant.ts'
import { narrowedBy } from '../grants/narrow.ts'
import type { Caller } from '../identity.ts'
import { pausedBy, scopeKey } from '../pauses/pause.ts'
import { Refusal } from '../refusal.ts'
import type { RefusalCode } from '../refusal.ts'
import { readingsOf, spellingsOf } from './path.ts'
import { arrange, denials, speaksFor } from './rules.ts'
import type { Rules } from './rules.ts'

declare const issued: unique symbol

/** Proof that policy allowed one call. `decide` alone makes them, and no secret opens without one. */
export interface Permit extends Route {
  readonly [issued]: true
  readonly caller: Caller
  readonly provider: Provider
  readonly call: Call
  /** What a timed approval covers. */
  readonly pattern: string
  /** A person has to say yes first. */
  readonly approval: boolean
}

/** How a call is treated once nothing denies it. */
export interface Route {
  /** What decided: `allow[3]`, or `default` where no rule spoke. */
  readonly rule: string
  readonly category: string
  readonly sensitive: boolean
  /** Seconds; 0 is never. */
  readonly cache_ttl: number
  /** Whom a cached answer may be given to: this caller, or every caller of its tenant. */
  readonly cache_scope: 'caller' | 'tenant'
}

/** A value, so that the record and a simulation can ask why. `reason` is for the operator. */
export type Decision = { readonly allow: true; readonly permit: Permit } | Denial

export interface Denial {
  readonly allow: false
  readonly code: RefusalCode
  /** For the agent. */
  readonly message: string
  readonly rule: string
  readonly reason: string
  readonly sensitive: boolean
}

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Whether a method changes nothing (RFC 9110 §9.2.1; TRACE is never forwarded). */
export function isSafe(method: string): boolean {
  return SAFE.has(method)
}

/** The whole policy. Pure: same caller, provider and call, same answer. */
export function decide(caller: Caller, provider: Provider, call: Call): Decision {
  const out = outOfReach(caller, provider)
  if (out) return out
  const policy = policyOf(provider)
  const readings = readingsOf(call.path)
  const denied = policy.deny(readings)
  if (denied >= 0) {
    return deny('PROXY_PATH_DENIED', 'the path is denied', {
      rule: `deny[${denied}]`,
      reason: `${provider.forwarding.deny[denied]} denies it`,
    })
  }
  const route = routeOf(provider, call, { policy, readings })
  if (!route) {
    return deny('PROXY_NO_ROUTE', 'no rule allows this method and path', {
      rule: 'allow',
      reason: 'allowlist mode, and no rule matches',
    })
  }
  return narrowed(caller, provider, call, { route, readings })
}

/** What is refused whatever the path: a pause, another tenant's provider, a missing grant. */
function outOfReach(caller: Caller, provider: Provider): Denial | null {
  const { host, tenant, agent } = caller
  const { name } = provider
  const paused = pausedBy(caller.pauses, { tenant, agent, provider: name })
  if (paused) {
    const rule = `pause ${scopeKey(paused.scope)}`
    return deny('PROXY_PAUSED', 'paused by an operator', { rule, reason: 'paused' })
  }
  if (provider.tenant !== null && provider.tenant !== tenant) {
    return mayNotUse(`provider ${name}.tenant`, `${name} belongs to another tenant`)
  }
  if (host?.providers && !host.providers.includes(name)) {
    return mayNotUse(`host ${host.id}.providers`, `${name} is not in the host's list`)
  }
  const wants = grantWantedBy(caller, provider)
  if (wants === null) return null
  return deny('PROXY_GRANT_REQUIRED', 'this call needs a grant', {
    rule: wants,
    reason: 'no grant was presented',
  })
}

function mayNotUse(rule: string, reason: string): Denial {
  return deny('PROXY_PROVIDER_DENIED', 'this caller may not use the provider', { rule, reason })
}

/** The host entry and the grant only take away from what the provider's policy allows. */
function narrowed(
  caller: Caller,
  provider: Provider,
  call: Call,
  { route, readings }: { readonly route: Route; readonly readings: readonly string[] },
): Decision {
  const { host, grant } = caller
  const { sensitive } = route
  if (sensitive && host && !host.can_call_sensitive) {
    return deny('PROXY_SENSITIVE_DENIED', 'this caller may not make sensitive calls', {
      rule: `host ${host.id}.can_call_sensitive`,
      reason: `sensitive by ${route.rule}`,
      sensitive,
    })
  }
  const { method, path } = call
  const asked = { provider: provider.name, method, path, readings, sensitive }
  const under = grant && narrowedBy(grant, asked)
  if (under && !under.ok) {
    const { rule, reason } = under
    return deny('PROXY_GRANT_DENIED', 'the grant does not allow this', { rule, reason, sensitive })
  }
  const pattern = patternIn(provider, route, under?.pattern ?? null) ?? path
  const approval = grant !== null && wantsApproval(grant, sensitive)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place permits are made
  return { allow: true, permit: { ...route, caller, provider, call, pattern, approval } as Permit }
}

/** The patterns that let the call through, the provider's and the grant's; null when none spoke. */
function patternIn(
  { forwarding }: Provider,
  { rule }: Route,
  granted: string | null,
): string | null {
  const at = /^allow\[(\d+)\]$/.exec(rule)?.[1]
  const own = at === undefined ? undefined : forwarding.allow[Number(at)]?.pattern
  if (own === undefined || granted === null || own === granted) return own ?? granted
  return `${own} within ${granted}`
}

/** The permit, or the refusal that the agent gets. */
export function permitted(decision: Decision): Permit {
  if (decision.allow) return decision.permit
  throw new Refusal(decision.code, decision.message, { reason: decision.reason })
}

function deny(
  code: RefusalCode,
  message: string,
  why: { rule: string; reason: string; sensitive?: boolean },
): Denial {
  return { allow: false, code, message, sensitive: false, ...why }
}

function grantWantedBy(caller: Caller, provider: Provider): string | null {
  const { host, grant, grantRequired } = caller
  if (grant) return null
  if (host?.require_grant) return `host ${host.id}.require_grant`
  if (provider.require_grant) return `provider ${provider.name}.require_grant`
  return grantRequired ? 'REQUIRE_GRANT' : null
}

/** The first allow rule that speaks for the call; in allowlist mode null when there is none. */
function routeOf(
  { forwarding }: Provider,
  call: Call,
  { policy, readings }: { readonly policy: Policy; readonly readings: readonly string[] },
): Route | null {
  const rules = forwarding.allow
  const allowlist = forwarding.mode === 'allowlist'
  const index = policy.allow.first(call.path, (at) => {
    const rule = rules[at]
    if (!rule || !speaksFor(rule.methods, call.method)) return false
    return !allowlist || call.path !== '/' || rule.pattern === '/'
  })
  const rule = rules[index]
  if (!rule && allowlist) return null
  const found = rule
    ? ruled(forwarding, rule, index, call.method)
    : unruled(forwarding, call.method)
  const stricter = policy.sensitive(readings, call.method, rule ? index : Infinity)
  return stricter < 0 ? found : { ...found, rule: `allow[${stricter}]`, sensitive: true }
}

/** As the rule says, and where it says nothing, as the mode does. */
function ruled(forwarding: Forwarding, rule: Rule, index: number, method: string): Route {
  const allowlist = forwarding.mode === 'allowlist'
  const otherwise = allowlist ? NEUTRAL : unruled(forwarding, method)
  return {
    rule: `allow[${index}]`,
    category: rule.category ?? forwarding.default_category,
    sensitive: rule.sensitive ?? otherwise.sensitive,
    cache_ttl: rule.cache_ttl ?? otherwise.cache_ttl,
    cache_scope: rule.cache_scope,
  }
}

const NEUTRAL = { sensitive: false, cache_ttl: 0 }

/** Transparent mode, where no rule speaks: by the method alone. */
function unruled(forwarding: Forwarding, method: string): Route {
  return {
    rule: 'default',
    category: forwarding.default_category,
    sensitive: forwarding.treat_writes_as_sensitive && !isSafe(method),
    cache_ttl: method === 'GET' ? forwarding.default_cache_ttl : 0,
    cache_scope: 'caller',
  }
}

interface Policy {
  readonly allow: Rules
  /**
   * The index of a sensitive rule that some reading matches, before `limit`, or -1: another spelling
   * of a path does not make a call less sensitive.
   */
  readonly sensitive: (readings: readonly string[], method: string, limit: number) => number
  /** The index of the deny pattern that holds for any reading, or -1. */
  readonly deny: (readings: readonly string[]) => number
}

/** Rules are arranged when a provider is first called, not at start: there may be thousands. */
const policies = new WeakMap<Provider, Policy>()

function policyOf(provider: Provider): Policy {
  const known = policies.get(provider)
  if (known) return known
  const { allow, deny: denied } = provider.forwarding
  const policy: Policy = {
    allow: arrange(allow.map(({ pattern }) => pattern)),
    sensitive: sensitiveIn(allow),
    deny: denials(denied),
  }
  policies.set(provider, policy)
  return policy
}

function sensitiveIn(rules: readonly Rule[]): Policy['sensitive'] {
  const spelt = rules.flatMap(({ pattern, sensitive }, index) =>
    sensitive === true ? spellingsOf(pattern).map((spelling) => ({ spelling, index })) : [],
  )
  if (spelt.length === 0) return () => -1
  const arranged = arrange(spelt.map(({ spelling }) => spelling))
  return (readings, method, limit) => {
    for (const reading of readings) {
      const found = arranged.first(reading, (at) => {
        const index = spelt[at]?.index ?? Infinity
        return index < limit && speaksFor(rules[index]?.methods ?? [], method)
      })
      if (found >= 0) return spelt[found]?.index ?? -1
    }
    return -1
  }
}
