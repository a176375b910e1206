import { decoded } from '../query.ts'

/** Longer paths are refused. The platform itself takes 16 KB of URL at the edge. */
const MAX_PATH = 8192

/** No escape, no parameter, no double or final slash: there is one way to read such a path. */
const PLAIN = /^(?:\/[\w.~!$&'()*+,=:@-]+)*\/?$/

/** Escapes that must not be left after decoding once: separators, dots, `%` itself, control bytes. */
const ENCODED_TWICE = /%(?:2e|2f|5c|25|7f|[01][0-9a-f])/i

/** What a path says, and whether that can be told at all. */
export type PathCheck =
  | { readonly ok: true; readonly encodedSlash: boolean }
  | { readonly ok: false; readonly why: string }

/**
 * Refuses every path that two parsers may read in two ways: bad or double escapes, control bytes,
 * backslashes, dot segments in any spelling, invalid UTF-8, over-long input. An encoded slash is
 * reported, not refused: that is the provider's to say.
 */
export function checkPath(path: string): PathCheck {
  if (path.length > MAX_PATH) return bad(`longer than ${MAX_PATH} bytes`)
  const once = path.includes('%') ? strictlyDecoded(path) : path
  if (once === null) return bad('an escape that is not valid UTF-8')
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u001f\u007f-\u009f]/.test(once)) return bad('a control character')
  if (once.includes('\\')) return bad('a backslash')
  if (ENCODED_TWICE.test(fold(once))) return bad('a separator or dot that is encoded twice')
  if (hasDotSegment(once)) return bad('a dot segment')
  return { ok: true, encodedSlash: /%2f/i.test(path) }
}

/**
 * Every way in which some server might read the path, lower-case and each once: decoded, with
 * `%2F` as a slash, with runs of slashes as one, without a final slash, without `;parameters`,
 * with compatibility characters (U+FF0F for a slash) folded. A deny rule holds for any of them.
 */
export function readingsOf(path: string): readonly string[] {
  if (PLAIN.test(path) && !/[./](?:\/|$)/.test(path)) return [caseless(path)]
  const once = decoded(path)
  const twice = decoded(fold(once))
  const forms = new Set([path, once, twice, decoded(fold(twice))])
  // Each change leaves alone what it made itself, so a set that grows while it is walked ends.
  for (const change of CHANGES) {
    for (const form of forms) forms.add(change(form))
  }
  return [...new Set([...forms].map(caseless))]
}

/** A deny pattern in the spellings that `readingsOf` produces for the path that it names. */
export function spellingsOf(pattern: string): readonly string[] {
  const lower = caseless(pattern)
  const plain = caseless(fold(decoded(pattern)))
  return [...new Set([lower, plain, withoutFinalSlash(lower), withoutFinalSlash(plain)])]
}

function bad(why: string): PathCheck {
  return { ok: false, why }
}

/** Percent-decodes once; null when an escape is malformed or not UTF-8. */
function strictlyDecoded(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}

/** `.` and `..`, also with blanks, `;parameters` or compatibility characters around them. */
function hasDotSegment(once: string): boolean {
  if (!/[.\u2024\u2025\u2026\uff0e\ufe52\ufe30%\uff05\ufe6a]/.test(once)) return false
  return [once, decoded(fold(once))]
    .map(fold)
    .flatMap((form) => form.split('/'))
    .some((segment) => /^\s*\.{1,2}\s*(?:;|$)/.test(segment))
}

/** Upper case first: that folds letters, such as the dotless i, which lower case alone leaves. */
function caseless(text: string): string {
  return text.toUpperCase().toLowerCase()
}

function fold(text: string): string {
  return text.normalize('NFKC')
}

function withoutParameters(text: string): string {
  return text.replaceAll(/;[^/]*/g, '')
}

function collapsed(text: string): string {
  return text.replaceAll(/\/{2,}/g, '/')
}

function withoutFinalSlash(text: string): string {
  let end = text.length
  while (end > 1 && text[end - 1] === '/') end -= 1
  return text.slice(0, end)
}

/** Some servers read an encoded `?` or `#` as the end of the path. */
function cut(text: string): string {
  return text.replace(/[?#].*$/s, '') || '/'
}

/**
 * Windows and IIS take blanks and dots at the end of a segment for nothing. Not by an expression: it
 * would begin anew at each dot of a long run that does not end there.
 */
function trimmed(text: string): string {
  return text.split('/').map(withoutTail).join('/')
}

function withoutTail(segment: string): string {
  let end = segment.length
  while (end > 0 && /[.\s]/.test(segment.charAt(end - 1))) end -= 1
  return segment.slice(0, end)
}

const CHANGES = [fold, cut, withoutParameters, trimmed, collapsed, withoutFinalSlash]
