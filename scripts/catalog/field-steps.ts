import type { Steps } from '../../src/content/fields.ts'
import { LONGEST_FIELD, wordsOf, wordsOfSteps } from '../../src/content/spelling.ts'
import { shortened, Wrong } from './problem.ts'

const NAMES = /(?:\\.|[^.[\]\\])+|\.|\[\]|[^]/g

/**
 * A field of a body: names with dots between them, `[]` for every item of a list. `\.` is a dot of a
 * name. `customer.id`, `items[].price`, `[].id`, `filter\.name`.
 */
export function bodySteps(field: string): Steps | Wrong {
  if (
    !/^(?:(?:\\[.\\]|[^.[\]\\])+|(?=\[\]))(?:\[\])*(?:\.(?:\\[.\\]|[^.[\]\\])+(?:\[\])*)*$/.test(
      field,
    )
  ) {
    return wrong(field, 'expected a field such as amount, customer.id or items[].price')
  }
  const steps = (field.match(NAMES) ?? [])
    .filter((token) => token !== '.')
    .map((token) => (token === '[]' ? null : token.replaceAll(/\\(.)/g, '$1')))
  return legible(field, steps)
}

/** A name of a query as it is sent: `limit`, `created[gte]`; `types[]` for every one of these. */
export function querySteps(field: string): Steps | Wrong {
  if (!/^[^[\]&=;+%]+(?:\[[^[\]&=;+%]+\])*(?:\[\])?$/.test(field)) {
    return wrong(field, 'expected the name of a parameter such as limit, created[gte] or types[]')
  }
  const [name = '', ...parts] = field.split('[')
  return legible(field, [name, ...parts.map((part) => (part === ']' ? null : part.slice(0, -1)))])
}

/** A name of signs alone has no other spelling that could be looked for, and an index is no name. */
function legible(field: string, steps: Steps): Steps | Wrong {
  const names = steps.filter((step) => step !== null)
  if (names.some((name) => wordsOf(name).length === 0 || /^[0-9]+$/.test(name))) {
    return wrong(field, 'expected names with a letter in them')
  }
  if (wordsOfSteps(steps).join('').length > LONGEST_FIELD) {
    return wrong(field, `expected at most ${LONGEST_FIELD} characters`)
  }
  const isText = steps.every(
    // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
    (step) => step === null || (!/[\u0000-\u001f\u007f]/.test(step) && step.isWellFormed()),
  )
  return isText ? steps : wrong(field, 'a control character in a field')
}

function wrong(field: string, message: string): Wrong {
  return new Wrong(`${message}, found ${shortened(field)}`)
}
