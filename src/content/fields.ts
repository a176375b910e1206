import { Unreadable } from './content.ts'
import { isList, isObject } from './json.ts'
import type { Json, JsonObject } from './json.ts'
import { overlap, wordsOf, wordsOfSteps } from './spelling.ts'

/** Where a field is: names from the top; null is every item of a list. */
export type Steps = readonly (string | null)[]

/** What stands at a field. */
export type Leaf =
  | { readonly is: 'value'; readonly value: Json }
  /** Of a form or a query, where a number is a text too. */
  | { readonly is: 'text'; readonly text: string }
  | { readonly is: 'file' }
  | { readonly is: 'nothing' }
  /** On the way there is something else than an object, or than a list. */
  | { readonly is: 'blocked' }

export const NOTHING: Leaf = { is: 'nothing' }
const BLOCKED: Leaf = { is: 'blocked' }

/** Something with fields: a JSON value, a form, a query. */
export interface Fields {
  /**
   * What stands there: one, or one for each item of a list.
   * @throws Unreadable where some server would find something else there, or more
   */
  readonly find: (steps: Steps) => readonly Leaf[]
}

/** A body that is not there. */
export const NO_FIELDS: Fields = { find: () => [NOTHING] }

export function jsonFields(value: Json): Fields {
  return {
    find(steps) {
      const found: Leaf[] = []
      walk(value, steps, found)
      return found.length === 0 ? [NOTHING] : found
    },
  }
}

function walk(value: Json, steps: Steps, found: Leaf[]): void {
  const [step, ...rest] = steps
  if (step === undefined) {
    found.push({ is: 'value', value })
  } else if (step === null) {
    if (!isList(value)) found.push(BLOCKED)
    else for (const item of value) walk(item, rest, found)
  } else if (isObject(value)) {
    onlySpelling(value, steps, step)
    const inner = value.get(step)
    if (inner === undefined) found.push(NOTHING)
    else walk(inner, rest, found)
  } else {
    found.push(BLOCKED)
  }
}

/** Go, for one, takes `Amount` for `amount`, and of two the last. @throws Unreadable */
function onlySpelling(object: JsonObject, steps: Steps, name: string): void {
  const words = wordsOfSteps(steps)
  for (const key of object.keys()) {
    if (key !== name && overlap(wordsOf(key), words)) throw spelledOtherwise([name])
  }
}

/** The name is the rule's, not the caller's. */
export function spelledOtherwise(steps: Steps): Unreadable {
  const name = steps.find((step) => step !== null) ?? ''
  return new Unreadable(`"${name}" is there twice, or in a way that can be read in two ways`)
}
