import { z } from 'zod'

import { didYouMean } from './nearest.ts'
import { shortened, Wrong } from './problem.ts'
import { booleanOf, isEmpty, isMapping, isNull, Word } from './word.ts'
import type { Tree } from './word.ts'

/** One value of a file, read by a function that returns it or says what is wrong with it. */
export type Value<T> = z.ZodPipe<z.ZodUnknown, z.ZodTransform<T>>

export function value<T>(read: (found: unknown) => T | Wrong): Value<T> {
  return z.unknown().transform((found, context): T => {
    const result = read(found)
    if (!(result instanceof Wrong)) return result
    context.issues.push({ code: 'custom', message: result.message, input: found })
    return z.NEVER
  })
}

interface TextRule {
  /** After "expected": `a name such as github`. */
  readonly what: string
  readonly test?: RegExp
  /** Whether what was found may be shown. Never where a secret could stand by mistake. */
  readonly show?: boolean
}

/** Text, with or without quotes: `2022-11-28`, `1.0` and `no` are what they look like. */
export function text({ what, test = /[^]/, show = false }: TextRule): Value<string> {
  return value((found) => {
    const read = textOf(found)
    if (read !== null && test.test(read)) return read
    return new Wrong(expected(what, found, show))
  })
}

/** Text that a function checks, and brings into its one form. */
export function checked<T>(what: string, read: (text: string) => T | Wrong): Value<T> {
  return value((found) => {
    const raw = textOf(found)
    return raw === null ? new Wrong(expected(what, found, false)) : read(raw)
  })
}

/** `true` and `false`, or the `yes`, `no`, `on`, `off` of YAML 1.1. Never a quoted one. */
export const flag = value((found) => {
  const read = booleanOf(found)
  if (read !== undefined) return read
  const hint = typeof found === 'string' && /^(?:true|false|yes|no|on|off)$/i.test(found)
  return new Wrong(
    expected('true or false', found, true) +
      (hint ? '; remove the quotes: a text is never true' : ''),
  )
})

/** A whole number: `60000`, `60_000`, or either of them in quotes. */
export function whole(least: number, most = Number.MAX_SAFE_INTEGER): Value<number> {
  const limits =
    most === Number.MAX_SAFE_INTEGER ? `, ${least} or more` : ` from ${least} to ${most}`
  return value((found) => {
    const read = textOf(found) ?? ''
    const number = /^[-+]?(?:0|[1-9][\d_]*)$/.test(read) ? Number(read.replaceAll('_', '')) : NaN
    if (Number.isSafeInteger(number) && number >= least && number <= most) return number
    return new Wrong(expected(`a whole number${limits}`, found, true))
  })
}

/** One of a few words. */
export function choice<const T extends string>(words: readonly T[]): Value<T> {
  return value((found) => {
    const read = textOf(found)
    const word = words.find((each) => each === read)
    if (word !== undefined) return word
    return new Wrong(expected(listed(words), found, true) + didYouMean(read ?? '', words))
  })
}

/** A list of values; nothing after the key is an empty list. */
export function list<T extends z.ZodType>(item: T): z.ZodPreprocess<z.ZodArray<T>> {
  return z.preprocess((found) => (isEmpty(found) ? [] : found), z.array(item))
}

/**
 * What a map says, less the keys that it expressly leaves out: `tenant: null`, and those of
 * `collections` with nothing after them, whose entries somebody has commented out. Keys of `needed`
 * are left alone, for the schema to refuse.
 */
export function given(
  found: unknown,
  collections: readonly string[] = [],
  needed: readonly string[] = [],
): unknown {
  if (found instanceof Word) return found.kind === 'null' ? null : found.text
  if (!isMapping(found)) return found
  const kept = Object.entries(found).filter(([key, each]) => {
    const leftOut = isNull(each) || (collections.includes(key) && isEmpty(each))
    return !leftOut || needed.includes(key)
  })
  return Object.fromEntries(kept)
}

/** `expected a list, found "x"`: what was found is shown only if it cannot be a secret. */
export function expected(what: string, found: unknown, show: boolean): string {
  if (found === undefined) return `missing; expected ${what}`
  return `expected ${what}, found ${described(found, show)}`
}

/** `"a", "b" or "c"`. */
export function listed(words: readonly string[]): string {
  const quoted = words.map((word) => JSON.stringify(word))
  return [quoted.slice(0, -1).join(', '), ...quoted.slice(-1)].filter(Boolean).join(' or ')
}

/** The text of a scalar, whatever YAML may take it for; null for nothing, a list or a map. */
export function textOf(found: unknown): string | null {
  if (typeof found === 'string') return found
  return found instanceof Word && found.kind !== 'null' ? found.text : null
}

const KINDS: Readonly<Record<Word['kind'], string>> = {
  bool: 'a boolean',
  number: 'a number',
  null: 'nothing',
}

function described(found: unknown, show: boolean): string {
  if (found === null || isEmpty(found)) return 'nothing'
  if (Array.isArray(found)) return 'a list'
  if (found instanceof Word) return show ? found.text : KINDS[found.kind]
  if (found === '') return 'an empty text'
  if (typeof found === 'string') return show ? shortened(found) : 'a text'
  return 'a map'
}

export type { Tree }
