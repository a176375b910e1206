import { arrange, denials, speaksFor } from '../policy/rules.ts'
import type { Grant, GrantedProvider, GrantRule, Widening } from './grant.ts'

/** A call that the provider's own policy lets through. */
export interface NarrowCall {
  /** Lower case. */
  readonly provider: string
  readonly method: string
  /** As sent. */
  readonly path: string
  /** `readingsOf(path)`. */
  readonly readings: readonly string[]
  readonly sensitive: boolean
}

/** What a grant says of a call. `rule` and `reason` are for the operator. */
export type Narrowed =
  | {
      readonly ok: true
      /** The grant's own allow pattern that spoke; null where it leaves that to the provider. */
      readonly pattern: string | null
      readonly rule: string
    }
  | { readonly ok: false; readonly rule: string; readonly reason: string }

/**
 * Whether the grant lets the call through that policy lets through already. Denials hold for any
 * reading of the path; what is allowed is matched on the path as it is sent. A widening allows what it
 * says, but nothing that the grant itself denies. It must be one that holds: see `asOf`.
 */
export function narrowedBy(grant: Grant, call: NarrowCall): Narrowed {
  const granted = grantedIn(grant, call.provider)
  const own = granted ? says(granted, call, whereIs(grant, granted)) : outside(grant, call.provider)
  if (own.ok || (granted && arrangedOf(granted).deny(call.readings) >= 0)) return own
  for (const wider of widenedIn(grant, call.provider)) {
    const more = says(wider, call, `grant ${grant.id}.widened ${wider.id}`)
    if (more.ok) return more
  }
  return own
}

function whereIs(grant: Grant, granted: GrantedProvider): string {
  return `grant ${grant.id}.providers[${grant.providers.indexOf(granted)}]`
}

/** What one entry of a grant says by itself. */
function says(granted: GrantedProvider, call: NarrowCall, where: string): Narrowed {
  const { deny, allow } = arrangedOf(granted)
  if (granted.access !== 'write' && call.sensitive) {
    return no(`${where}.access`, `a sensitive call, and access is ${granted.access}`)
  }
  const denied = deny(call.readings)
  if (denied >= 0) return no(`${where}.deny[${denied}]`, `${granted.deny[denied]} denies it`)
  if (granted.allow === null) return { ok: true, pattern: null, rule: where }

  const allowed = allow(call)
  const rule = granted.allow[allowed]
  if (!rule) return no(`${where}.allow`, 'no rule of the grant matches')
  return { ok: true, pattern: rule.pattern, rule: `${where}.allow[${allowed}]` }
}

/** What the grant says of a provider, by its lower-case name. */
export function grantedIn(grant: Grant, name: string): GrantedProvider | undefined {
  return grant.providers.find(({ provider }) => provider === name)
}

/** Whether the grant says anything of a provider, by its lower-case name. */
export function isFor(grant: Grant, name: string): boolean {
  return grantedIn(grant, name) !== undefined || widenedIn(grant, name).length > 0
}

/** What was added to a grant for a provider. */
export function widenedIn({ widened }: Grant, name: string): readonly Widening[] {
  return widened?.filter(({ provider }) => provider === name) ?? NOTHING_ADDED
}

const NOTHING_ADDED: readonly Widening[] = []

/** The answer for a provider that the grant is not for. */
export function outside(grant: Grant, name: string): Extract<Narrowed, { ok: false }> {
  return no(`grant ${grant.id}.providers`, `${name} is not in the grant`)
}

function no(rule: string, reason: string): Extract<Narrowed, { ok: false }> {
  return { ok: false, rule, reason }
}

/** Each gives the index of the first entry that speaks for the call, or -1. */
interface Arranged {
  readonly deny: (readings: readonly string[]) => number
  readonly allow: (call: NarrowCall) => number
}

/** An isolate keeps a grant for some seconds: its rules are arranged once for all of its calls. */
const arrangements = new WeakMap<GrantedProvider, Arranged>()

function arrangedOf(granted: GrantedProvider): Arranged {
  const known = arrangements.get(granted)
  if (known) return known
  const made = { deny: denials(granted.deny), allow: rulesIn(granted.allow ?? []) }
  arrangements.set(granted, made)
  return made
}

function rulesIn(rules: readonly GrantRule[]): Arranged['allow'] {
  const arranged = arrange(rules.map(({ pattern }) => pattern))
  return ({ method, path }) =>
    arranged.first(path, (index) => speaksFor(rules[index]?.methods ?? [], method))
}
