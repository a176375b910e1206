import { didYouMean } from './nearest.ts'
import { shortened, Wrong } from './problem.ts'
import { checked } from './value.ts'

/** What workerd's HTTP parser knows; any other method is answered 501 before we see it. */
const METHODS: readonly string[] = (
  'GET HEAD POST PUT PATCH DELETE OPTIONS QUERY PURGE ACL BAN CHECKOUT COPY LOCK MERGE ' +
  'MKACTIVITY MKCOL MOVE MSEARCH NOTIFY PROPFIND PROPPATCH REPORT SEARCH SUBSCRIBE UNLOCK ' +
  'UNSUBSCRIBE'
).split(' ')

const REFUSED = ['CONNECT', 'TRACE', 'TRACK']

/** A method in upper case, or `*` for any. */
export const methodName = checked('a method such as GET, or "*"', (text): string | Wrong => {
  const method = text.toUpperCase()
  if (method === '*' || METHODS.includes(method)) return method
  if (REFUSED.includes(method)) return new Wrong(`${method} is always refused`)
  const hint = didYouMean(method, METHODS) || '; expected one such as GET, or "*"'
  return new Wrong(`unknown method ${shortened(text)}${hint}`)
})
