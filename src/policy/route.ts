import type { Call } from '../call.ts'
import type { Forwarding, Provider, Rule } from '../catalog.ts'
import { isUpgrade } from '../websocket/upgrade.ts'
import { spellingsOf } from './path.ts'
import { arrange, denials, speaksFor } from './rules.ts'
import type { Rules } from './rules.ts'

/** How a call is treated once nothing denies it. */
export interface Route {
  /** What decided: `allow[3]`, or `default` where no rule spoke. */
  readonly rule: string
  readonly category: string
  readonly sensitive: boolean
  /** A rule says itself that it is sensitive: what is asked for does not change that. */
  readonly strict: boolean
  /** Seconds; 0 is never. */
  readonly cache_ttl: number
  /** Whom a cached answer may be given to: this caller, or every caller of its tenant. */
  readonly cache_scope: 'caller' | 'tenant'
}

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Whether a method changes nothing (RFC 9110 §9.2.1; TRACE is never forwarded). */
export function isSafe(method: string): boolean {
  return SAFE.has(method)
}

/** What a web socket is to a provider: what its file says, else by the mode. */
export function websocketOf({ websocket, forwarding }: Provider): 'allow' | 'sensitive' | 'deny' {
  return websocket ?? (forwarding.mode === 'allowlist' ? 'deny' : 'sensitive')
}

/** As the call would be without its upgrade. An open socket can do anything, and is nothing to cache. */
function upgraded(provider: Provider, route: Route): Route {
  const stricter = !route.sensitive && websocketOf(provider) === 'sensitive'
  const rule = stricter && route.rule === 'default' ? 'websocket' : route.rule
  return { ...route, rule, cache_ttl: 0, sensitive: route.sensitive || stricter }
}

/** The first allow rule that speaks for the call; in allowlist mode null when there is none. */
export function routeOf(provider: Provider, call: Call, arranged: Arranged): Route | null {
  const route = routeIn(provider, call, arranged)
  return route && isUpgrade(call.request) ? upgraded(provider, route) : route
}

interface Arranged {
  readonly policy: Policy
  readonly readings: readonly string[]
}

function routeIn(
  { forwarding }: Provider,
  call: Call,
  { policy, readings }: Arranged,
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
  return stricter < 0
    ? found
    : { ...found, rule: `allow[${stricter}]`, sensitive: true, strict: true }
}

/** As the rule says, and where it says nothing, as the mode does. */
function ruled(forwarding: Forwarding, rule: Rule, index: number, method: string): Route {
  const allowlist = forwarding.mode === 'allowlist'
  const otherwise = allowlist ? NEUTRAL : unruled(forwarding, method)
  return {
    rule: `allow[${index}]`,
    category: rule.category ?? forwarding.default_category,
    sensitive: rule.sensitive ?? otherwise.sensitive,
    strict: rule.sensitive === true,
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
    strict: false,
    cache_ttl: method === 'GET' ? forwarding.default_cache_ttl : 0,
    cache_scope: 'caller',
  }
}

/** The rules of one provider, arranged. */
export interface Policy {
  readonly allow: Rules
  /**
   * The index of a sensitive rule that some reading matches, before `limit`, or -1: another spelling
   * of a path does not make a call less sensitive.
   */
  readonly sensitive: (readings: readonly string[], method: string, limit: number) => number
  /** The index of the deny pattern that holds for any reading, or -1. */
  readonly deny: (readings: readonly string[]) => number
  /**
   * Whether some reading is the path where the provider's tokens are minted: its answer is a
   * credential. A rule of `allow` that names that very path takes it on itself.
   */
  readonly mints: (readings: readonly string[]) => boolean
}

const policies = new WeakMap<Provider, Policy>()

/** Rules are arranged when a provider is first called, not at start: there may be thousands. */
export function policyOf(provider: Provider): Policy {
  const known = policies.get(provider)
  if (known) return known
  const { allow, deny: denied } = provider.forwarding
  const policy: Policy = {
    allow: arrange(allow.map(({ pattern }) => pattern)),
    sensitive: sensitiveIn(allow),
    deny: denials(denied),
    mints: mintsIn(provider),
  }
  policies.set(provider, policy)
  return policy
}

function mintsIn({ credential, forwarding }: Provider): Policy['mints'] {
  const { token_path: path } = credential
  if (path === undefined || forwarding.allow.some(({ pattern }) => pattern === path)) {
    return () => false
  }
  const among = denials([path])
  return (readings) => among(readings) >= 0
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
