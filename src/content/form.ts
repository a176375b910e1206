import { Unreadable } from './content.ts'
import { textOf } from './json.ts'
import { checkCount } from './pairs.ts'
import type { Pair } from './pairs.ts'

/**
 * The pairs of a query, without its `?`, or of a form (https://url.spec.whatwg.org/#urlencoded-parsing).
 * One that servers read in several ways has no name or no value: it is refused where a rule asks for it.
 * `plus` is what a `+` stands for in a value.
 * @throws Unreadable for more than `MOST_FIELDS`
 */
export function pairsOf(text: string, plus: ' ' | '+'): readonly Pair[] {
  const pairs = text.split('&').filter((pair) => pair !== '')
  checkCount(pairs.length)
  return pairs.map((pair) => pairOf(pair, plus))
}

/** @throws Unreadable */
export function readForm(bytes: Uint8Array): readonly Pair[] {
  const text = textOf(bytes)
  // A server that guesses would take it for JSON, or XML.
  if (/^[\s\uFEFF]*[{[<"]/.test(text)) throw bad('it looks like something else')
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(text)) throw bad('a control character')
  const pairs = pairsOf(text, ' ')
  // The field that says in which character set the others are (HTML 4.10.21.5).
  if (pairs.some(({ names }) => names.includes('_charset_'))) throw bad('"_charset_"')
  return pairs
}

/** Some servers part pairs at `;` too. A value is as it is after its percent codes are decoded once. */
function pairOf(pair: string, plus: ' ' | '+'): Pair {
  const names = pair.split(';').map((part) => part.split('=', 1)[0] ?? '')
  const at = pair.indexOf('=')
  if (at < 0 || names.length > 1) return { names, name: null, value: null }
  const value = unescaped(pair.slice(at + 1), plus)
  return {
    names,
    name: unescaped(pair.slice(0, at), ' '),
    value: value === null ? null : { is: 'text', text: value },
  }
}

/** Percent-decoded once; null for what is no code, or not UTF-8. */
function unescaped(text: string, plus: ' ' | '+'): string | null {
  try {
    return decodeURIComponent(text.replaceAll('+', plus === ' ' ? '%20' : '%2B'))
  } catch {
    return null
  }
}

function bad(why: string): Unreadable {
  return new Unreadable(`the body is not a form that can be read in one way: ${why}`)
}
