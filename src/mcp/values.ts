import { isList, isObject, Numeral } from '../content/json.ts'
import type { Json } from '../content/json.ts'

/**
 * A value as schemas check it: plain objects and lists. A number that a double does not hold becomes
 * the nearest that it does.
 */
export function plain(value: Json): unknown {
  if (value instanceof Numeral) return Number(value.text)
  if (isList(value)) return value.map(plain)
  if (!isObject(value)) return value
  // Defines each name, `__proto__` too, as a member of its own.
  return Object.fromEntries(Array.from(value, ([name, each]) => [name, plain(each)]))
}

/** A value as JSON text again, every number with the digits that it was sent with. */
export function written(value: Json): string {
  if (value instanceof Numeral) return value.text
  if (isList(value)) return `[${value.map(written).join(',')}]`
  if (!isObject(value)) return JSON.stringify(value)
  const members = Array.from(value, ([name, each]) => `${JSON.stringify(name)}:${written(each)}`)
  return `{${members.join(',')}}`
}
