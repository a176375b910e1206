import { z } from 'zod'

import type { Condition, Conditions, FieldCondition, Scalar } from '../../src/content/conditions.ts'
import type { Steps } from '../../src/content/fields.ts'
import { numberIn, Numeral } from '../../src/content/json.ts'
import { ALWAYS, atMostOne } from './exactly-one.ts'
import { bodySteps, querySteps } from './field-steps.ts'
import { patternProgram } from './pattern-program.ts'
import { Wrong } from './problem.ts'
import { checked, expected, flag, given, list, value } from './value.ts'
import type { Value } from './value.ts'
import { isMapping, Word } from './word.ts'

/** A decimal number, which a field of a form may say too: no exponent, no other base. */
const DECIMAL = /^-?(?:0|[1-9][0-9_]*)(?:\.[0-9]+)?$/

const number = value((found) => {
  const read = numberOf(found)
  return read ?? new Wrong(expected('a number such as 5000 or 0.5', found, true))
})

/** What a field is compared with: a text in quotes is a text, `5000` a number, `true` a boolean. */
function scalarOf(found: unknown): Scalar | Wrong {
  if (!(found instanceof Word)) {
    return typeof found === 'string' ? found : new Wrong(expected('a value', found, false))
  }
  if (/^(?:true|false)$/.test(found.text)) return found.text === 'true'
  const read = numberOf(found)
  if (read !== null) return read
  if (found.kind === 'null') return new Wrong('expected a value; "absent: true" is for none')
  return new Wrong(`this may be read in two ways; as a text it is in quotes: "${found.text}"`)
}

const scalar: Value<Scalar> = value(scalarOf)

function numberOf(found: unknown): number | null {
  const read = found instanceof Word ? found.text : ''
  if (!DECIMAL.test(read)) return null
  const written = numberIn(read.replaceAll('_', ''))
  return written instanceof Numeral ? null : written
}

const conditionShape = {
  equals: scalar.optional(),
  in: list(scalar).optional(),
  matches: checked('a regular expression', patternProgram).optional(),
  lte: number.optional(),
  gte: number.optional(),
  absent: flag.optional(),
  required: flag.optional(),
}

const condition = z.preprocess(
  (found, context) => {
    if (isMapping(found)) return given(found)
    const read = scalarOf(found)
    if (!(read instanceof Wrong)) return { equals: found }
    context.issues.push({ code: 'custom', message: read.message, input: found })
    return z.NEVER
  },
  z
    .strictObject(conditionShape)
    .superRefine(atMostOne('equals', 'in'), ALWAYS)
    .superRefine((found, context) => {
      const message = context.issues.length === 0 ? faultOf(found) : null
      if (message !== null) context.addIssue({ code: 'custom', message })
    })
    .transform(({ equals, in: among, absent, ...rest }): Condition => {
      const all = equals === undefined ? among : [equals]
      return {
        ...(all && { in: [...new Set(all)] }),
        ...(absent && { absent }),
        ...(rest.matches && { matches: rest.matches }),
        ...(rest.lte !== undefined && { lte: rest.lte }),
        ...(rest.gte !== undefined && { gte: rest.gte }),
        ...(rest.required !== undefined && { required: rest.required }),
      }
    }),
)

interface Found {
  readonly in?: readonly Scalar[] | undefined
  readonly lte?: number | undefined
  readonly gte?: number | undefined
  readonly absent?: boolean | undefined
  readonly required?: boolean | undefined
}

/** What makes a condition one that says nothing, or that nothing meets. */
const FAULTS: readonly (readonly [(found: Found, keys: number) => boolean, string])[] = [
  [(_, keys) => keys === 0, `expected a condition: ${Object.keys(conditionShape).join(', ')}`],
  [({ absent }) => absent === false, '"absent: false" is "required: true"'],
  [({ absent }, keys) => absent === true && keys > 1, 'what is absent meets no other condition'],
  [
    ({ required }, keys) => required === false && keys === 1,
    '"required: false" alone says nothing',
  ],
  [({ in: among }) => among?.length === 0, 'expected a value or more under "in"'],
  [({ gte, lte }) => (gte ?? -Infinity) > (lte ?? Infinity), 'no number is as large and as small'],
]

function faultOf(found: Found): string | null {
  return FAULTS.find(([isSo]) => isSo(found, Object.keys(found).length))?.[1] ?? null
}

function conditions(fieldSteps: (field: string) => Steps | Wrong, what: string) {
  const name = checked(what, (text) => {
    const read = fieldSteps(text)
    return read instanceof Wrong ? read : text
  })
  // A field without a condition is left for `condition` to refuse.
  return z.record(name, condition).transform((found, context): Conditions => {
    const entries = Object.entries(found)
    if (entries.length === 0) {
      context.issues.push({ code: 'custom', message: `expected ${what}`, input: found })
    }
    return entries.map(([field, each]) => ({ field, steps: stepsIn(fieldSteps(field)), ...each }))
  })
}

function stepsIn(read: Steps | Wrong): FieldCondition['steps'] {
  return read instanceof Wrong ? [] : read
}

/** What the body of a call has to say. */
export const bodyConditions = conditions(bodySteps, 'a field of the body and its condition')

/** What the query of a call has to say. */
export const queryConditions = conditions(querySteps, 'a parameter of the query and its condition')
