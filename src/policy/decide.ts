import type { Call } from '../call.ts'
import type { Provider } from '../catalog.ts'
import { wantsApproval } from '../grants/grant.ts'
import { grantedIn, narrowedBy, outside } from '../grants/narrow.ts'
import type { Caller } from '../identity.ts'
import { pausedBy, scopeKey } from '../pauses/pause.ts'
import { Refusal } from '../refusal.ts'
import type { RefusalCode } from '../refusal.ts'
import { isUpgrade } from '../websocket/upgrade.ts'
import { readingsOf } from './path.ts'
import { policyOf, routeOf, websocketOf } from './route.ts'
import type { Route } from './route.ts'

declare const issued: unique symbol

/** Proof that policy allowed one call. `decide` alone makes them, and no secret opens without one. */
export interface Permit extends Route {
  readonly [issued]: true
  readonly caller: Caller
  readonly provider: Provider
  readonly call: Call
  /** The patterns that let it through, which a timed approval covers; null: the path itself. */
  readonly pattern: string | null
  /** A person has to say yes first. */
  readonly approval: boolean
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
  if (policy.mints(readings)) {
    return deny('PROXY_PATH_DENIED', 'the path is denied', {
      rule: 'token_path',
      reason: "it is where the provider's tokens are minted",
    })
  }
  if (isUpgrade(call.request) && websocketOf(provider) === 'deny') {
    return deny('PROXY_PATH_DENIED', 'web sockets are denied', {
      rule: 'websocket',
      reason:
        provider.websocket === null ? 'allowlist mode, and nothing allows it' : 'it says deny',
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

/**
 * What is refused whatever the path: a pause, another tenant's provider, one that the host entry or
 * the grant is not for, a missing grant. Who is refused here learns nothing of the provider's rules.
 */
function outOfReach(caller: Caller, provider: Provider): Denial | null {
  const { host, grant, tenant, agent } = caller
  const { name, alias_of } = provider
  const paused = pausedBy(caller.pauses, { tenant, agent, provider: name, alias_of })
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
  if (grant && !grantedIn(grant, name)) return notGranted(outside(grant, name), false)
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
  if (sensitive && host?.can_call_sensitive === false) {
    return deny('PROXY_SENSITIVE_DENIED', 'this caller may not make sensitive calls', {
      rule: `host ${host.id}.can_call_sensitive`,
      reason: `sensitive by ${route.rule}`,
      sensitive,
    })
  }
  if (!grant) return allow(caller, provider, call, { route, granted: null })
  const { method, path } = call
  const under = narrowedBy(grant, { provider: provider.name, method, path, readings, sensitive })
  if (under.ok) return allow(caller, provider, call, { route, granted: under.pattern })
  return notGranted(under, sensitive)
}

function notGranted({ rule, reason }: Pick<Denial, 'rule' | 'reason'>, sensitive: boolean): Denial {
  return deny('PROXY_GRANT_DENIED', 'the grant does not allow this', { rule, reason, sensitive })
}

function allow(
  caller: Caller,
  provider: Provider,
  call: Call,
  { route, granted }: { readonly route: Route; readonly granted: string | null },
): Decision {
  const pattern = patternIn(provider, route, granted)
  const approval = caller.grant !== null && wantsApproval(caller.grant, route.sensitive)
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
