import { Unreadable } from './content.ts'
import { isList, isObject } from './json.ts'
import type { Json, JsonObject } from './json.ts'
import { overlap, wordsOf } from './spelling.ts'

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
  const words = remembered()
  return {
    find(steps) {
      const found: Leaf[] = []
      walk(value, steps, { found, words })
      return found.length === 0 ? [NOTHING] : found
    },
  }
}

type Words = (name: string) => readonly string[]

/** Each name is taken apart once, however many conditions and items there are. */
function remembered(): Words {
  const known = new Map<string, readonly string[]>()
  return (name) => {
    let words = known.get(name)
    if (!words) known.set(name, (words = wordsOf(name)))
    return words
  }
}

interface Walk {
  readonly found: Leaf[]
  readonly words: Words
}

function walk(value: Json, steps: Steps, to: Walk): void {
  const [step, ...rest] = steps
  if (step === undefined) {
    to.found.push({ is: 'value', value })
  } else if (step === null) {
    if (!isList(value)) to.found.push(BLOCKED)
    else for (const item of value) walk(item, rest, to)
  } else if (isObject(value)) {
    onlySpelling(value, steps, to.words)
    const inner = value.get(step)
    if (inner === undefined) to.found.push(NOTHING)
    else walk(inner, rest, to)
  } else {
    to.found.push(BLOCKED)
  }
}

/** Go, for one, takes `Amount` for `amount`, and of two the last. @throws Unreadable */
function onlySpelling(object: JsonObject, steps: Steps, words: Words): void {
  const [name] = steps
  const wanted = steps.flatMap((step) => (step === null ? [] : words(step)))
  for (const key of object.keys()) {
    if (key !== name && overlap(words(key), wanted)) throw spelledOtherwise(steps)
  }
}

/** The name is the rule's, not the caller's. */
export function spelledOtherwise(steps: Steps): Unreadable {
  const name = steps.find((step) => step !== null) ?? ''
  return new Unreadable(`"${name}" is there twice, or in a way that can be read in two ways`)
}
