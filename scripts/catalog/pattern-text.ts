import { patternFault } from '../../src/policy/written.ts'
import { shortened, Wrong } from './problem.ts'

/** A pattern of `allow` or `deny` as it was written, if it can match anything. */
export function patternText(text: string): string | Wrong {
  const why = patternFault(text)
  return why === null ? text : new Wrong(`${why}; found ${shortened(text)}`)
}
