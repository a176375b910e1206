import type { Call } from '../call.ts'
import type { Forwarding, Provider, Rule } from '../catalog.ts'
import type { Content } from '../content/content.ts'
import { Unreadable } from '../content/content.ts'
import { Asked, NotRead } from './asked.ts'
import { spellingsOf } from './path.ts'
import { arrange, denials, speaksFor } from './rules.ts'
import type { Rules } from './rules.ts'

/** How a call is treated once nothing denies it. */
export interface Route {
  /** What decided: `allow[3]`, or `default` where no rule spoke. */
  readonly rule: string
  readonly category: string
  readonly sensitive: boolean
  /** Others that hold too: since it cannot be told that they do not, or for what is done beside. */
  readonly also: readonly string[]
  /** A rule says itself that it is sensitive: what is asked for does not change that. */
  readonly strict: boolean
  /** A rule says that a person has to say yes first. */
  readonly approval: boolean
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

/** What the rules say of a call. */
export type Routed =
  | { readonly is: 'route'; readonly route: Route }
  /** Allowlist mode, and no rule matches. */
  | { readonly is: 'none' }
  /** A rule in question asks for the body, which has not been read. */
  | { readonly is: 'unread' }
  | Refused

export interface Refused {
  readonly is: 'refused'
  readonly code: 'PROXY_PATH_DENIED' | 'PROXY_BAD_REQUEST'
  /** For the agent: which field, and what was expected of it. Never what was found. */
  readonly message: string
  readonly rule: string
  readonly reason: string
}

interface Read {
  readonly policy: Policy
  readonly readings: readonly string[]
  /** null: not read yet. */
  readonly content: Content | null
}

/** The first allow rule that speaks for the call, and what stricter ones before it say. */
export function routeOf({ forwarding }: Provider, call: Call, read: Read): Routed {
  const asked = new Asked(call, read.content)
  try {
    return routed(forwarding, call, read, asked)
  } catch (error) {
    if (error instanceof NotRead) return { is: 'unread' }
    if (!(error instanceof Unreadable)) throw error
    const said = { message: error.message, reason: error.message }
    return { is: 'refused', code: 'PROXY_BAD_REQUEST', rule: `allow[${asked.at}]`, ...said }
  }
}

function routed(forwarding: Forwarding, call: Call, read: Read, asked: Asked): Routed {
  const { allow: rules, mode } = forwarding
  const index = matching(forwarding, call, read.policy, asked)
  const rule = rules[index]
  if (!rule && mode === 'allowlist') return { is: 'none' }
  const stricter = read.policy.stricter(read.readings, call.method, rule ? index : Infinity)
  const also = stricter.filter((at) => isSaid(rules[at], at, asked))
  let route = rule ? ruled(forwarding, rule, index, call.method) : unruled(forwarding, call.method)
  for (const at of rule ? [...also, index] : also) {
    const each = rules[at]
    const refused = each && refusedBy(each, at, asked)
    if (refused) return refused
    if (each) route = withGuard(route, each, at)
  }
  return { is: 'route', route: { ...route, also: also.map((at) => `allow[${at}]`) } }
}

function isSaid(rule: Rule | undefined, index: number, asked: Asked): boolean {
  return rule !== undefined && asked.isFor(rule, index) !== 'fails'
}

/** The index of the first rule for this method and path that is for this call; -1: there is none. */
function matching(
  { allow, mode }: Forwarding,
  { method, path }: Call,
  policy: Policy,
  asked: Asked,
): number {
  let index = -1
  do {
    const after = index
    index = policy.allow.first(path, (at) => {
      const rule = allow[at]
      if (!rule || at <= after || !speaksFor(rule.methods, method)) return false
      return mode !== 'allowlist' || path !== '/' || rule.pattern === '/'
    })
    const rule = allow[index]
    if (rule && asked.isFor(rule, index) === 'holds') return index
  } while (index >= 0)
  return -1
}

function refusedBy(rule: Rule, index: number, asked: Asked): Refused | null {
  const refused = { is: 'refused', code: 'PROXY_PATH_DENIED' } as const
  if (rule.deny) {
    const reason = `${rule.pattern} is denied by a rule`
    return { ...refused, message: 'the call is denied', rule: `allow[${index}]`, reason }
  }
  const unmet = asked.unmet(rule, index)
  if (!unmet) return null
  const { place, expected, why } = unmet
  return {
    ...refused,
    message: `${place} ${expected}`,
    rule: `allow[${index}].${place}`,
    reason: `${REASONS[why]}; it ${expected}`,
  }
}

const REASONS = {
  missing: 'it is not there',
  other: 'it is something else',
  unclear: 'it is of a type that cannot be compared',
}

/** What a rule adds to the treatment of a call. None takes away from what another one says. */
function withGuard(route: Route, { sensitive, approval }: Rule, index: number): Route {
  const adds = (sensitive === true && !route.strict) || (approval && !route.approval)
  if (!adds) return route
  return {
    ...route,
    rule: `allow[${index}]`,
    sensitive: route.sensitive || sensitive === true,
    strict: route.strict || sensitive === true,
    approval: route.approval || approval,
  }
}

/** As the rule says, and where it says nothing, as the mode does. */
function ruled(forwarding: Forwarding, rule: Rule, index: number, method: string): Route {
  const allowlist = forwarding.mode === 'allowlist'
  const otherwise = allowlist ? NEUTRAL : unruled(forwarding, method)
  return {
    rule: `allow[${index}]`,
    category: rule.category ?? forwarding.default_category,
    sensitive: rule.sensitive ?? otherwise.sensitive,
    also: NONE,
    approval: rule.approval,
    strict: rule.sensitive === true,
    cache_ttl: rule.cache_ttl ?? otherwise.cache_ttl,
    cache_scope: rule.cache_scope,
  }
}

const NONE: readonly string[] = []
const NEUTRAL = { sensitive: false, cache_ttl: 0 }

/** Transparent mode, where no rule speaks: by the method alone. */
function unruled(forwarding: Forwarding, method: string): Route {
  return {
    rule: 'default',
    category: forwarding.default_category,
    sensitive: forwarding.treat_writes_as_sensitive && !isSafe(method),
    also: NONE,
    approval: false,
    strict: false,
    cache_ttl: method === 'GET' ? forwarding.default_cache_ttl : 0,
    cache_scope: 'caller',
  }
}

/** The rules of one provider, arranged. */
export interface Policy {
  readonly allow: Rules
  /**
   * The rules before `limit` that take something from a call, and that some reading matches: another
   * spelling of a path, and a `when` of which it cannot be told whether it holds, do not make a call
   * less sensitive, nor spare it what a rule requires. In order.
   */
  readonly stricter: (
    readings: readonly string[],
    method: string,
    limit: number,
  ) => readonly number[]
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
    stricter: stricterIn(allow),
    deny: denials(denied),
    mints: mintsIn(provider),
  }
  policies.set(provider, policy)
  return policy
}

function mintsIn({ credential, forwarding }: Provider): Policy['mints'] {
  const named = (path: string) => forwarding.allow.some(({ pattern }) => pattern === path)
  const paths = (credential.token_paths ?? []).filter((path) => !named(path))
  if (paths.length === 0) return () => false
  const among = denials(paths)
  return (readings) => among(readings) >= 0
}

function stricterIn(rules: readonly Rule[]): Policy['stricter'] {
  const spelt = rules.flatMap((rule, index) =>
    isStrict(rule) ? spellingsOf(rule.pattern).map((spelling) => ({ spelling, index })) : [],
  )
  if (spelt.length === 0) return () => []
  const arranged = arrange(spelt.map(({ spelling }) => spelling))
  return (readings, method, limit) => {
    const found = new Set<number>()
    const isNew = (index: number) =>
      index < limit && !found.has(index) && speaksFor(rules[index]?.methods ?? [], method)
    for (const reading of readings) {
      let at = -1
      do {
        at = arranged.first(reading, (each) => isNew(spelt[each]?.index ?? Infinity))
        if (at >= 0) found.add(spelt[at]?.index ?? -1)
      } while (at >= 0)
    }
    return [...found].toSorted((a, b) => a - b)
  }
}

function isStrict({ sensitive, approval, deny, query, body }: Rule): boolean {
  return sensitive === true || approval || deny || query.length + body.length > 0
}
