import { METHODS } from '../../src/policy/written.ts'
import { didYouMean } from './nearest.ts'
import { shortened, Wrong } from './problem.ts'
import { checked } from './value.ts'

const REFUSED = ['CONNECT', 'TRACE', 'TRACK']

/** A method in upper case, or `*` for any. */
export const methodName = checked('a method such as GET, or "*"', (text): string | Wrong => {
  const method = text.toUpperCase()
  if (method === '*' || METHODS.includes(method)) return method
  if (REFUSED.includes(method)) return new Wrong(`${method} is always refused`)
  const hint = didYouMean(method, METHODS) || '; expected one such as GET, or "*"'
  return new Wrong(`unknown method ${shortened(text)}${hint}`)
})
