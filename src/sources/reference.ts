/** A reference, `scheme://a/b/c#field`, taken apart. */
export interface Reference {
  /** What stands between the slashes, as it is written. */
  readonly parts: readonly string[]
  /** What follows `#`; null when there is none. */
  readonly field: string | null
}

/** Longer is no name: an ARN of AWS has 2048 at most. */
const MAX_LENGTH = 2048

/**
 * Nothing in a reference is decoded, so what could be taken for an escape, a query or another
 * separator is no part of one. Nor is what nobody sees: controls, formats, strange spaces.
 */
const FORBIDDEN = /[%?\\]|\p{C}|\p{Zl}|\p{Zp}|(?! )\p{Zs}/u

/** Takes a reference apart that has the scheme. Nothing is checked. */
export function partsOf(uri: string, scheme: string): Reference {
  const rest = uri.slice(`${scheme}://`.length)
  const at = rest.indexOf('#')
  const path = at < 0 ? rest : rest.slice(0, at)
  return { parts: path.split('/'), field: at < 0 ? null : rest.slice(at + 1) }
}

/**
 * What is wrong with a reference whatever its scheme is: null when every part of it is a name that
 * can be read in one way only. The message repeats nothing of it.
 */
export function problemOf(uri: string, scheme: string): string | null {
  if (!uri.startsWith(`${scheme}://`)) return `does not begin with ${scheme}://`
  if (uri.length > MAX_LENGTH) return `is longer than ${MAX_LENGTH} characters`
  if (FORBIDDEN.test(uri)) {
    return 'has a character that no name may have: %, ?, \\, a control character, a space that is none of the keyboard'
  }
  const { parts, field } = partsOf(uri, scheme)
  if (field?.includes('#')) return 'has more than one #'
  const names = field === null ? parts : [...parts, field]
  if (names.includes('')) return 'has an empty part'
  if (names.some((name) => name === '.' || name === '..')) return 'has a part that is . or ..'
  if (names.some((name) => name !== name.trim())) return 'has a part with a space at its end'
  return null
}

/** The parts as a path of a URL, without a slash in front. A server that decodes it has the parts again. */
export function pathOf(parts: readonly string[]): string {
  return parts.map(encodeURIComponent).join('/')
}
