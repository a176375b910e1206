import { matchesWhole } from './automaton.ts'
import type { Program } from './automaton.ts'
import { jsonFields } from './fields.ts'
import type { Fields, Leaf, Steps } from './fields.ts'
import { numberIn, Numeral } from './json.ts'
import type { Json } from './json.ts'
import { foldedValue } from './spelling.ts'

export type Scalar = string | number | boolean

/** What a field has to be. All that is given here holds together. */
export interface Condition {
  /** One of these. */
  readonly in?: readonly Scalar[]
  /** The whole text. */
  readonly matches?: Program
  readonly lte?: number
  readonly gte?: number
  /** It must not be there. */
  readonly absent?: true
  /** False: it need not be there. */
  readonly required?: boolean
}

export interface FieldCondition extends Condition {
  /** As it stands in the YAML: `items[].price`. */
  readonly field: string
  readonly steps: Steps
}

export type Conditions = readonly FieldCondition[]

/** Unclear: of another type than is asked for, null, or of items of which some hold and some do not. */
export type Verdict = 'holds' | 'fails' | 'unclear'

/** The first condition that does not hold. Never says what was found. */
export interface Failure {
  readonly field: string
  /** `has to be at most 5000`. */
  readonly expected: string
  readonly why: 'missing' | 'other' | 'unclear'
}

/**
 * What does not hold of a JSON value, such as the arguments of a tool; null: all holds.
 * @throws Unreadable where a field is there in another spelling
 */
export function check(conditions: Conditions, value: Json): Failure | null {
  return failureIn(conditions, jsonFields(value))
}

/** The same of a form, a query. @throws Unreadable */
export function failureIn(conditions: Conditions, fields: Fields): Failure | null {
  for (const condition of conditions) {
    const leaves = fields.find(condition.steps)
    const verdict = together(leaves.map((leaf) => judge(condition, leaf)))
    if (verdict === 'holds') continue
    const missing = verdict === 'fails' && leaves.some(({ is }) => is === 'nothing')
    const why = verdict === 'unclear' ? 'unclear' : 'other'
    const { field } = condition
    return { field, expected: expectationOf(condition), why: missing ? 'missing' : why }
  }
  return null
}

/** Whether all hold: one that clearly does not is enough to say no. @throws Unreadable */
export function verdictOf(conditions: Conditions, fields: Fields): Verdict {
  return all(
    conditions.map((condition) =>
      together(fields.find(condition.steps).map((leaf) => judge(condition, leaf))),
    ),
  )
}

function all(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes('fails')) return 'fails'
  return verdicts.includes('unclear') ? 'unclear' : 'holds'
}

/** Of the items of a list: they all hold, or none does, or it is unclear. */
function together(verdicts: readonly Verdict[]): Verdict {
  const [first = 'unclear'] = verdicts
  return verdicts.every((each) => each === first) ? first : 'unclear'
}

function judge(condition: Condition, leaf: Leaf): Verdict {
  if (leaf.is === 'blocked') return 'unclear'
  if (leaf.is === 'nothing') return mayBeMissing(condition) ? 'holds' : 'fails'
  // Null is a value to some servers, and nothing to others.
  if (leaf.is === 'value' && leaf.value === null) return 'unclear'
  return condition.absent ? 'fails' : all(judged(condition, leaf))
}

function mayBeMissing({ absent, required }: Condition): boolean {
  return absent === true || required === false
}

function judged({ in: among, matches, lte, gte }: Condition, leaf: Leaf): readonly Verdict[] {
  return [
    ...(among === undefined ? [] : [oneOf(among, leaf)]),
    ...(matches === undefined ? [] : [matched(matches, leaf)]),
    ...(lte === undefined ? [] : [compared(leaf, (number) => number <= lte)]),
    ...(gte === undefined ? [] : [compared(leaf, (number) => number >= gte)]),
  ]
}

/** Fails only where no server would take the value for one of these. */
function oneOf(among: readonly Scalar[], leaf: Leaf): Verdict {
  const verdicts = among.map((each) => same(each, leaf))
  if (verdicts.includes('holds')) return 'holds'
  return verdicts.includes('unclear') ? 'unclear' : 'fails'
}

function same(wanted: Scalar, leaf: Leaf): Verdict {
  if (typeof wanted === 'number') return compared(leaf, (number) => number === wanted)
  if (typeof wanted === 'boolean') {
    const found = booleanIn(leaf)
    if (found === null) return 'unclear'
    return found === wanted ? 'holds' : 'fails'
  }
  const text = textIn(leaf)
  if (text === wanted) return 'holds'
  return text === null || foldedValue(text) === foldedValue(wanted) ? 'unclear' : 'fails'
}

function matched(program: Program, leaf: Leaf): Verdict {
  const text = textIn(leaf)
  // A reader written in C ends the text there.
  if (text === null || text.includes('\0')) return 'unclear'
  return matchesWhole(program, text) ? 'holds' : 'fails'
}

function compared(leaf: Leaf, holds: (number: number) => boolean): Verdict {
  const number = numberOf(leaf)
  if (number === null) return 'unclear'
  return holds(number) ? 'holds' : 'fails'
}

function numberOf(leaf: Leaf): number | null {
  if (leaf.is === 'text') return decimalIn(leaf.text)
  return leaf.is === 'value' && typeof leaf.value === 'number' ? leaf.value : null
}

/** A plain decimal: no exponent, no sign but a minus, no zero before another digit, no blank. */
function decimalIn(text: string): number | null {
  if (!/^-?(?:0|[1-9][0-9]{0,20})(?:\.[0-9]{1,20})?$/.test(text)) return null
  const number = numberIn(text)
  return number instanceof Numeral ? null : number
}

function booleanIn(leaf: Leaf): boolean | null {
  if (leaf.is === 'value') return typeof leaf.value === 'boolean' ? leaf.value : null
  if (leaf.is !== 'text') return null
  return leaf.text === 'true' || (leaf.text === 'false' ? false : null)
}

function textIn(leaf: Leaf): string | null {
  if (leaf.is === 'text') return leaf.text
  return leaf.is === 'value' && typeof leaf.value === 'string' ? leaf.value : null
}

/** In words, for the agent and for the operator. */
export function expectationOf({
  in: among,
  matches,
  lte,
  gte,
  absent,
  required,
}: Condition): string {
  if (absent) return 'must not be there'
  const parts = [
    ...(among === undefined ? [] : [among.map((each) => JSON.stringify(each)).join(' or ')]),
    ...(matches === undefined ? [] : [`a text that matches ${matches.source}`]),
    ...(lte === undefined ? [] : [`at most ${lte}`]),
    ...(gte === undefined ? [] : [`at least ${gte}`]),
  ]
  if (parts.length === 0) return 'must be there'
  return `has to be ${parts.join(' and ')}${required === false ? ', if it is there' : ''}`
}
