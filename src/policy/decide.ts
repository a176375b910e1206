import type { Call } from '../call.ts'
import type { Provider } from '../catalog.ts'
import { Unreadable } from '../content/content.ts'
import type { Content } from '../content/content.ts'
import { wantsApproval } from '../grants/grant.ts'
import { isFor, narrowedBy, outside } from '../grants/narrow.ts'
import type { Caller } from '../identity.ts'
import type { DeniedOperation, Operation } from '../operation.ts'
import { pausedBy, scopeKey } from '../pauses/pause.ts'
import { spokenIn } from '../protocols/index.ts'
import type { Spoken } from '../protocols/index.ts'
import { deny } from './decision.ts'
import type { Decision, Denial, Permit, Unread } from './decision.ts'
import { withDeeds } from './deeds.ts'
import { readingsOf } from './path.ts'
import { policyOf, routeOf } from './route.ts'
import type { Policy, Route, Routed as RoutedCall } from './route.ts'

/**
 * The whole policy. Pure: same caller, provider, call and content, same answer. `content` is what was
 * read of the body; null: nothing yet, and where a rule has to see it, the answer is `Unread`.
 */
export function decide(
  caller: Caller,
  provider: Provider,
  call: Call,
  content: Content | null,
): Decision | Unread {
  const judge = (each: Call) => decideOwn(caller, provider, each, content)
  return withDeeds(judge(call), provider, { call, content, judge })
}

/** Of the call by itself. */
function decideOwn(
  caller: Caller,
  provider: Provider,
  call: Call,
  content: Content | null,
): Decision | Unread {
  const out = outOfReach(caller, provider)
  if (out) return out
  const policy = policyOf(provider)
  const readings = readingsOf(call.path)
  const denied = deniedPath(provider, policy, readings)
  if (denied) return denied
  const found = routeOf(provider, call, { policy, readings, content })
  return found.is === 'route'
    ? operated(caller, provider, call, { route: found.route, readings, content })
    : unrouted(found)
}

interface Found {
  readonly route: Route
  readonly readings: readonly string[]
  readonly content: Content | null
}

/** What the provider says of the operation, where method, path and content are let through. */
function operated(
  caller: Caller,
  provider: Provider,
  call: Call,
  { route, readings, content }: Found,
): Decision | Unread {
  const spoken = spokenIn(provider, call)
  const unread = content ? null : unreadOf(spoken)
  if (unread) return unread
  const operation = operationOf(spoken, content)
  if (operation instanceof Unreadable) return unreadable(operation)
  if (operation?.ruling?.is === 'deny') return ruledOut(operation.name, operation.ruling)
  return narrowed(caller, provider, call, { route: routed(route, operation), readings, operation })
}

function unrouted(found: Exclude<RoutedCall, { is: 'route' }>): Denial | Unread {
  if (found.is === 'unread') return { allow: null }
  if (found.is === 'refused') {
    const { code, message, rule, reason } = found
    return deny(code, message, { rule, reason })
  }
  return deny('PROXY_NO_ROUTE', 'no rule allows this method and path', {
    rule: 'allow',
    reason: 'allowlist mode, and no rule matches',
  })
}

function deniedPath(
  { forwarding }: Provider,
  policy: Policy,
  readings: readonly string[],
): Denial | null {
  const denied = policy.deny(readings)
  const why =
    denied >= 0
      ? { rule: `deny[${denied}]`, reason: `${forwarding.deny[denied]} denies it` }
      : { rule: 'token_path', reason: "it is where the provider's tokens are minted" }
  if (denied < 0 && !policy.mints(readings)) return null
  return deny('PROXY_PATH_DENIED', 'the path is denied', why)
}

function unreadOf(spoken: Spoken | null): Unread | null {
  if (!spoken || spoken.wants === 'nothing') return null
  const { wants, enough } = spoken
  return wants === 'head' && enough ? { allow: null, enough } : { allow: null }
}

function operationOf(
  spoken: Spoken | null,
  content: Content | null,
): Operation | Unreadable | null {
  try {
    return spoken && spoken.read(content)
  } catch (error) {
    if (error instanceof Unreadable) return error
    throw error
  }
}

/** A body, or another part of a call, that cannot be read in one way. */
function unreadable({ message }: Unreadable): Denial {
  return deny('PROXY_BAD_REQUEST', message, { rule: 'unreadable', reason: message })
}

function ruledOut(operation: string, { rule, reason, listed }: DeniedOperation): Denial {
  return listed
    ? deny('PROXY_PATH_DENIED', 'the operation is denied', { rule, reason, operation })
    : deny('PROXY_NO_ROUTE', 'no rule allows this operation', { rule, reason, operation })
}

/** What the provider says of the operation goes before what the method alone would say. */
function routed(route: Route, operation: Operation | null): Route {
  const { ruling } = operation ?? {}
  if (ruling?.is !== 'allow') return route
  const sensitive = route.strict || ruling.sensitive
  return { ...route, sensitive, cache_ttl: ruling.sensitive ? 0 : route.cache_ttl }
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
  if (grant && !isFor(grant, name)) return notGranted(outside(grant, name), false)
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

interface Routed {
  readonly route: Route
  readonly readings: readonly string[]
  readonly operation: Operation | null
}

/** The host entry and the grant only take away from what the provider's policy allows. */
function narrowed(
  caller: Caller,
  provider: Provider,
  call: Call,
  { route, readings, operation }: Routed,
): Decision {
  const { host, grant } = caller
  const { sensitive } = route
  const name = operation?.name ?? null
  if (sensitive && host?.can_call_sensitive === false) {
    return deny('PROXY_SENSITIVE_DENIED', 'this caller may not make sensitive calls', {
      rule: `host ${host.id}.can_call_sensitive`,
      reason: `sensitive by ${ruleOf(route, operation)}`,
      sensitive,
      operation: name,
    })
  }
  if (!grant && route.approval) {
    return deny('PROXY_GRANT_REQUIRED', 'a person has to approve this call, which needs a grant', {
      rule: `${ruleOf(route, operation)}.approval`,
      reason: 'no grant was presented',
      sensitive,
      operation: name,
    })
  }
  if (!grant) return allow(caller, provider, call, { route, operation, granted: null })
  const { method, path } = call
  const under = narrowedBy(grant, { provider: provider.name, method, path, readings, sensitive })
  if (under.ok) return allow(caller, provider, call, { route, operation, granted: under.pattern })
  return notGranted(under, sensitive, name)
}

function notGranted(
  { rule, reason }: Pick<Denial, 'rule' | 'reason'>,
  sensitive: boolean,
  operation: string | null = null,
): Denial {
  const why = { rule, reason, sensitive, operation }
  return deny('PROXY_GRANT_DENIED', 'the grant does not allow this', why)
}

/** What decided: of the path, and of the operation where something was said of it. */
function ruleOf({ rule }: Route, operation: Operation | null): string {
  const { ruling } = operation ?? {}
  return ruling ? `${rule} ${ruling.rule}` : rule
}

function allow(
  caller: Caller,
  provider: Provider,
  call: Call,
  { route, operation, granted }: Omit<Routed, 'readings'> & { readonly granted: string | null },
): Decision {
  const permit = {
    ...route,
    rule: ruleOf(route, operation),
    caller,
    provider,
    call,
    pattern: patternIn(provider, route, granted),
    approval:
      route.approval || (caller.grant !== null && wantsApproval(caller.grant, route.sensitive)),
    operation: operation?.name ?? null,
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place permits are made
  return { allow: true, permit: permit as Permit }
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

function grantWantedBy(caller: Caller, provider: Provider): string | null {
  const { host, grant, grantRequired } = caller
  if (grant) return null
  if (host?.require_grant) return `host ${host.id}.require_grant`
  if (provider.require_grant) return `provider ${provider.name}.require_grant`
  return grantRequired ? 'REQUIRE_GRANT' : null
}
