import { Unreadable } from './content.ts'
import { NOTHING, spelledOtherwise } from './fields.ts'
import type { Fields, Leaf, Steps } from './fields.ts'
import { beginningsOf, wordsOf, wordsOfSteps } from './spelling.ts'

/** One field of a form or of a query. */
export interface Pair {
  /** Each name that some server may find in it, as sent. */
  readonly names: readonly string[]
  /** The one name, in brackets where it is one of many: `items[0][price]`; null: it cannot be told. */
  readonly name: string | null
  /** null: it cannot be told. */
  readonly value: Leaf | null
}

/**
 * What PHP (`max_input_vars`, https://www.php.net/manual/en/info.configuration.php) and Express (qs,
 * `parameterLimit`) read at most by default: they leave out the rest.
 */
export const MOST_FIELDS = 1000

/** @throws Unreadable where a server may leave some out */
export function checkCount(fields: number): void {
  if (fields > MOST_FIELDS) throw new Unreadable(`there are more than ${MOST_FIELDS} fields`)
}

const INDEX = /^(?:0|[1-9][0-9]{0,5})$/

/**
 * The fields of a form or a query. A name has to be there in the rule's own spelling, `items[].price`
 * being `items[0][price]` and `types[]` being `types[]` or `types[0]`, and once.
 */
export function pairFields(pairs: readonly Pair[]): Fields {
  const named = new Named(pairs)
  return { find: (steps) => leavesIn(named, steps) }
}

/** Whether some server might find the field, or a part of it, or what it is part of, among these. */
export function speaking(pairs: readonly Pair[]): (steps: Steps) => boolean {
  const named = new Named(pairs)
  return (steps) => named.of(wordsOfSteps(steps)).length > 0
}

function leavesIn(named: Named, steps: Steps): readonly Leaf[] {
  const list = steps.indexOf(null)
  // Of a list in a list, it cannot be told here which items have nothing.
  if (list !== steps.lastIndexOf(null)) throw spelledOtherwise(steps)
  const placed = named.of(wordsOfSteps(steps)).map((pair) => placeOf(pair, steps, list))
  const unnumbered = placed.filter(({ item }) => item === '')
  const byItem = new Map(placed.map(({ item, value }) => [item, value]))
  const isMixed = unnumbered.length > 0 && unnumbered.length < placed.length
  const isTwice = unnumbered.length === 0 && byItem.size < placed.length
  if (isMixed || isTwice) throw spelledOtherwise(steps)
  if (unnumbered.length > 0) return unnumbered.map(({ value }) => value)
  for (const item of itemsIn(named, steps, list)) {
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
function itemsIn(named: Named, steps: Steps, list: number): readonly string[] {
  if (list < 1 || list === steps.length - 1) return []
  const inList = named.of(wordsOfSteps(steps.slice(0, list)))
  return inList.flatMap((pair) => itemOf(partsOf(pair), steps, list) ?? [])
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

/** Pairs by their names, so that a field is found without a look at each of them. */
class Named {
  readonly #pairs: readonly Pair[]
  /** By all the words of a name, and by its first words. */
  readonly #whole = new Map<string, number[]>()
  readonly #beginning = new Map<string, number[]>()

  constructor(pairs: readonly Pair[]) {
    this.#pairs = pairs
    const known = new Map<string, readonly string[]>()
    for (const [index, { names }] of pairs.entries()) {
      for (const name of new Set(names)) {
        let beginnings = known.get(name)
        if (!beginnings) known.set(name, (beginnings = beginningsOf(wordsOf(name))))
        for (const each of beginnings) add(this.#beginning, each, index)
        const whole = beginnings.at(-1)
        if (whole !== undefined) add(this.#whole, whole, index)
      }
    }
  }

  /**
   * Those that some server may take for the field of these words, for a part of it, or for what it is
   * part of. Words may have been joined: PHP reads `customer.id` and `customer[id` as `customer_id`.
   */
  of(field: readonly string[]): readonly Pair[] {
    const beginnings = beginningsOf(field)
    const indices = new Set(this.#beginning.get(beginnings.at(-1) ?? ''))
    for (const each of beginnings) {
      for (const index of this.#whole.get(each) ?? []) indices.add(index)
    }
    return [...indices].toSorted((a, b) => a - b).flatMap((index) => this.#pairs[index] ?? [])
  }
}

function add(to: Map<string, number[]>, key: string, index: number): void {
  const known = to.get(key)
  if (known) known.push(index)
  else to.set(key, [index])
}
