import type { Forwarding, Rule } from '../../src/catalog.ts'
import type { Conditions } from '../../src/content/conditions.ts'
import { takesBody } from '../../src/incoming.ts'
import { parsePattern } from '../../src/policy/pattern.ts'
import { speaksFor } from '../../src/policy/rules.ts'
import type { Fault } from './explain.ts'

/** Rules that read the request, and do something else than they seem to say. For warnings. */
export function ruleDoubts({ mode, allow }: Forwarding): Fault[] {
  return allow.flatMap((rule, index) => {
    const path = ['forwarding', 'allow', index]
    const messages = [
      hiddenBy(rule, index, allow),
      ...(mode === 'transparent' ? [openBehind(rule, index, allow)] : []),
      withoutBody(rule),
    ]
    return messages.flatMap((message) => (message === null ? [] : [{ path, at: 'value', message }]))
  })
}

/** A rule that asks for something, and that no call reaches. */
function hiddenBy(rule: Rule, index: number, rules: readonly Rule[]): string | null {
  if (!saysMore(rule)) return null
  const by = rules.findIndex((each, at) => at < index && each.when === null && covers(each, rule))
  return by < 0 ? null : `never looked at: allow[${by}] speaks for these calls before it`
}

/** In transparent mode, what a rule is not for passes. */
function openBehind(rule: Rule, index: number, rules: readonly Rule[]): string | null {
  const { when, deny, approval, sensitive } = rule
  if (!when || deny || approval || sensitive === true) return null
  const next = rules.some((each, at) => at > index && each.when === null && covers(each, rule))
  if (next) return null
  return 'other calls to this path pass by the default of transparent mode: say what becomes of them in a rule without "when" behind it'
}

function withoutBody({ methods, body, when }: Rule): string | null {
  if (methods.some((method) => method === '*' || takesBody(method))) return null
  if (![...body, ...(when?.body ?? [])].some(isWanted)) return null
  return `a call by ${methods.join(' or ')} has no body: what is asked of it is never there`
}

function isWanted({ absent, required }: Conditions[number]): boolean {
  return absent !== true && required !== false
}

function saysMore({ when, query, body, approval, deny }: Rule): boolean {
  return when !== null || approval || deny || query.length + body.length > 0
}

/** Whether every call of the one is one of the other's, as far as their texts can tell. */
function covers(wide: Rule, narrow: Rule): boolean {
  if (!narrow.methods.every((method) => speaksFor(wide.methods, method))) return false
  if (wide.pattern === narrow.pattern) return true
  return !/[*{]/.test(narrow.pattern) && parsePattern(wide.pattern).matches(narrow.pattern)
}
