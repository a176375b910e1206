import { isDotSegment } from './base-url.ts'
import { shortened, Wrong } from './problem.ts'

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

/**
 * A pattern of `allow` or `deny` as it was written, if it can match anything. How it matches is
 * for the policy to say: src/policy/pattern.ts.
 */
export function patternText(text: string): string | Wrong {
  const rule = RULES.find(([wrong]) => wrong.test(text))
  const why = rule?.[1] ?? whyNotSegments(text)
  return why === null ? text : new Wrong(`${why}; found ${shortened(text)}`)
}

function whyNotSegments(text: string): string | null {
  if (text.split('/').some(isDotSegment)) return 'no dot segments: such a path is always refused'
  if (!/[{}]/.test(text.replaceAll(PLACEHOLDER, ''))) return null
  return 'a placeholder is a name in braces, such as {owner}'
}
