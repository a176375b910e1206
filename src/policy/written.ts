/** What workerd's HTTP parser knows; any other method is answered 501 before we see it. */
export const METHODS: readonly string[] = (
  'GET HEAD POST PUT PATCH DELETE OPTIONS QUERY PURGE ACL BAN CHECKOUT COPY LOCK MERGE ' +
  'MKACTIVITY MKCOL MOVE MSEARCH NOTIFY PROPFIND PROPPATCH REPORT SEARCH SUBSCRIBE UNLOCK ' +
  'UNSUBSCRIBE'
).split(' ')

const RULES: readonly (readonly [RegExp, string])[] = [
  [/^(?!\/)/, 'a pattern begins with "/"'],
  [/\?/, 'a pattern is matched with the path alone: no "?" and no query'],
  [/#/, 'a pattern is matched with the path alone: no "#"'],
  [/\\/, 'no backslash: such a path is always refused'],
  // oxlint-disable-next-line no-control-regex -- these are what it looks for
  [/[\x00-\x20\x7f]/, 'no spaces or control characters; a space in a path is %20'],
  [/%(?![0-9a-fA-F]{2})/, '"%" must be followed by two hexadecimal digits'],
  [/%(?:5c|7f|[01][0-9a-f])/i, 'a path with this percent code is always refused'],
  [/\*\*\*/, '"*" is one segment and "**" any number; "***" is neither'],
]

const PLACEHOLDER = /\{[A-Za-z0-9_-]+\}/g

/** A segment that some server takes for `.` or `..`: encoded dots, and parameters after them. */
const DOT_SEGMENT = /^(?:\.|%2e){1,2}(?:;.*)?$/i

/**
 * Why a pattern of `allow` or `deny` can match nothing as it is written; null when it can. What it
 * matches is for `pattern.ts` to say.
 */
export function patternFault(text: string): string | null {
  const rule = RULES.find(([wrong]) => wrong.test(text))
  if (rule) return rule[1]
  if (text.split('/').some(isDotSegment)) return 'no dot segments: such a path is always refused'
  if (!/[{}]/.test(text.replaceAll(PLACEHOLDER, ''))) return null
  return 'a placeholder is a name in braces, such as {owner}'
}

/** Whether one segment of a path is `.` or `..` to any server. */
export function isDotSegment(segment: string): boolean {
  return DOT_SEGMENT.test(segment)
}
