import { z } from 'zod'

import type { NamedSetting, Setting, Template } from '../../src/auth/config.ts'
import { distinctHeaders } from './distinct.ts'
import { AT_KEY } from './exactly-one.ts'
import { validated } from './explain.ts'
import type { Fault } from './explain.ts'
import { plainWord } from './plain-word.ts'
import { Wrong } from './problem.ts'
import type { Path } from './problem.ts'
import { orReference, reference } from './secret-ref.ts'
import { expected, textOf } from './value.ts'
import type { Value } from './value.ts'
import { isMapping, isNull, Word } from './word.ts'

/** Keys that make a map the place of a secret, where it has no others. */
const OF_A_PLACE: ReadonlySet<string> = new Set(['env', 'secret', 'value', 'previous'])

/** Characters that cannot stand in a header, nor mean anything elsewhere. */
const CONTROL = /\p{Cc}/u

/** A text, which is no secret, or a map that says where a secret is kept. */
export const setting = orReference((found): Setting | Wrong => {
  const read = textOf(found)
  const what = 'a text, or a map such as { env: NAME }'
  if (read === null) return new Wrong(expected(what, found, false))
  return CONTROL.test(read) ? new Wrong('a control character cannot be here') : read
})

/** The same for what has to be of a form, such as a number; of a secret nobody knows that here. */
export function settingOf(what: string, test: RegExp) {
  return orReference((found): Setting | Wrong => {
    const read = textOf(found)
    if (read !== null && test.test(read)) return read
    return new Wrong(expected(`${what}, or a map such as { env: NAME }`, found, false))
  })
}

/** A map of names to settings, in order. */
export function namedSettings(name: Value<string>) {
  return z
    .record(name, setting)
    .superRefine(distinctHeaders)
    .transform((found): readonly NamedSetting[] =>
      Object.entries(found).map(([each, value]) => ({ name: each, value })),
    )
}

/** JSON, written as YAML, where a map such as `{ env: NAME }` is the place of a secret. */
export const template = z.unknown().transform((found, context): Template => {
  const read = templateOf(found, [])
  if (!isFaults(read)) return read
  for (const { path, at, message } of read.faults) {
    const params = at === 'key' ? AT_KEY : {}
    context.issues.push({ code: 'custom', path: [...path], message, params, input: found })
  }
  return z.NEVER
})

/** A map of the same, whatever its keys are. */
export const templates = z.record(z.string(), template)

interface Faults {
  readonly faults: readonly Fault[]
}

function isFaults(read: Template | Faults): read is Faults {
  return typeof read === 'object' && read !== null && 'faults' in read
}

function templateOf(found: unknown, path: Path): Template | Faults {
  if (typeof found === 'string') return found
  if (found instanceof Word) {
    if (isNull(found)) return null
    const read = plainWord(found)
    return read instanceof Wrong ? faulty(path, read.message) : read
  }
  if (Array.isArray(found)) return listOf(found, path)
  if (!isMapping(found)) return faulty(path, expected('a value', found, false))
  return isPlace(found) ? placeOf(found, path) : mapOf(found, path)
}

function listOf(found: readonly unknown[], path: Path): Template | Faults {
  const read = found.map((each, index) => templateOf(each, [...path, index]))
  const faults = read.flatMap((each) => (isFaults(each) ? each.faults : []))
  return faults.length > 0 ? { faults } : read.flatMap((each) => (isFaults(each) ? [] : [each]))
}

function mapOf(found: Readonly<Record<string, unknown>>, path: Path): Template | Faults {
  const read = Object.entries(found).map(
    ([key, each]) => [key, templateOf(each, [...path, key])] as const,
  )
  const faults = read.flatMap(([, each]) => (isFaults(each) ? each.faults : []))
  if (faults.length > 0) return { faults }
  const of = read.flatMap(([key, each]) => (isFaults(each) ? [] : [[key, each] as const]))
  return { of: Object.fromEntries(of) }
}

function isPlace(found: Readonly<Record<string, unknown>>): boolean {
  const keys = Object.keys(found)
  return keys.length > 0 && keys.every((key) => OF_A_PLACE.has(key))
}

function placeOf(found: unknown, path: Path): Template | Faults {
  const { data, faults } = validated(reference, found, new Map())
  if (data) return { from: data }
  return { faults: faults.map((each) => ({ ...each, path: [...path, ...each.path] })) }
}

function faulty(path: Path, message: string): Faults {
  return { faults: [{ path, at: 'value', message }] }
}
