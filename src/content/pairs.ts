import { NOTHING, spelledOtherwise } from './fields.ts'
import type { Fields, Leaf, Steps } from './fields.ts'
import { overlapJoined, wordsOf, wordsOfSteps } from './spelling.ts'

/** One field of a form or of a query. */
export interface Pair {
  /** Each name that some server may find in it, as sent. */
  readonly names: readonly string[]
  /** The one name, in brackets where it is one of many: `items[0][price]`; null: it cannot be told. */
  readonly name: string | null
  /** null: it cannot be told. */
  readonly value: Leaf | null
}

const INDEX = /^(?:0|[1-9][0-9]{0,5})$/

/**
 * The fields of a form or a query. A name has to be there in the rule's own spelling, `items[].price`
 * being `items[0][price]` and `types[]` being `types[]` or `types[0]`, and once.
 */
export function pairFields(pairs: readonly Pair[]): Fields {
  const worded = wordedOf(pairs)
  return { find: (steps) => leavesIn(worded, steps) }
}

/** Whether some server might find the field, or a part of it, or what it is part of, among these. */
export function speaking(pairs: readonly Pair[]): (steps: Steps) => boolean {
  const worded = wordedOf(pairs)
  return (steps) => {
    const field = wordsOfSteps(steps)
    return worded.some((each) => speaksOf(each, field))
  }
}

interface Worded extends Pair {
  readonly words: readonly (readonly string[])[]
}

function wordedOf(pairs: readonly Pair[]): readonly Worded[] {
  return pairs.map((pair) => ({ ...pair, words: pair.names.map(wordsOf) }))
}

function speaksOf({ words }: Worded, field: readonly string[]): boolean {
  return words.some((each) => overlapJoined(each, field))
}

function leavesIn(pairs: readonly Worded[], steps: Steps): readonly Leaf[] {
  const field = wordsOfSteps(steps)
  const list = steps.indexOf(null)
  // Of a list in a list, it cannot be told here which items have nothing.
  if (list !== steps.lastIndexOf(null)) throw spelledOtherwise(steps)
  const placed = pairs
    .filter((pair) => speaksOf(pair, field))
    .map((pair) => placeOf(pair, steps, list))
  const unnumbered = placed.filter(({ item }) => item === '')
  const byItem = new Map(placed.map(({ item, value }) => [item, value]))
  const isMixed = unnumbered.length > 0 && unnumbered.length < placed.length
  const isTwice = unnumbered.length === 0 && byItem.size < placed.length
  if (isMixed || isTwice) throw spelledOtherwise(steps)
  if (unnumbered.length > 0) return unnumbered.map(({ value }) => value)
  for (const item of itemsIn(pairs, steps, list)) {
    if (!byItem.has(item)) byItem.set(item, NOTHING)
  }
  return byItem.size === 0 ? [NOTHING] : [...byItem.values()]
}

/** @throws Unreadable where the name is another spelling, or the value cannot be told */
function placeOf(pair: Pair, steps: Steps, list: number) {
  const parts = partsOf(pair)
  if (!parts || !isAt(parts, steps) || !pair.value) throw spelledOtherwise(steps)
  return { item: list < 0 ? null : (parts[list] ?? null), value: pair.value }
}

/** The items of the list of which something is said. One of them may have nothing at the field. */
function itemsIn(pairs: readonly Worded[], steps: Steps, list: number): readonly string[] {
  if (list < 0 || list === steps.length - 1) return []
  return pairs.flatMap((pair) => itemOf(partsOf(pair), steps, list) ?? [])
}

/** `items[0][price]` in its parts; null where the brackets are not in order. */
function partsOf({ name }: Pair): readonly string[] | null {
  const [, first = '', rest = ''] = /^([^[\]]+)((?:\[[^[\]]*\])*)$/.exec(name ?? '') ?? []
  if (first === '') return null
  return [first, ...[...rest.matchAll(/\[([^[\]]*)\]/g)].map(([, part = '']) => part)]
}

/** Which item of the rule's list it is of: its index, or nothing between the brackets; else null. */
function itemOf(parts: readonly string[] | null, steps: Steps, list: number): string | null {
  const isIn = parts && steps.slice(0, list).every((step, at) => step === parts[at])
  return isIn ? (parts[list] ?? null) : null
}

function isAt(parts: readonly string[], steps: Steps): boolean {
  return parts.length === steps.length && steps.every((step, at) => isStep(parts, step, at))
}

function isStep(parts: readonly string[], step: string | null, at: number): boolean {
  const part = parts[at] ?? ''
  if (step !== null) return step === part
  return INDEX.test(part) || (part === '' && at === parts.length - 1)
}
