/**
 * Query strings as bytes: never parsed into an object and written again, since what is forwarded,
 * and what is signed, has to be what the agent sent. A query is given without its `?`.
 *
 * A parameter is *named* `key` when any server might read it as `key`: see `readings`.
 */

/** Nobody decodes a key this often. */
const MAX_DECODINGS = 8

/** A key which has one reading only: itself. */
const SIMPLE = /^[a-z0-9_]*$/

const decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true })

/**
 * The query without the parameters named so in any spelling; every other byte stays as it is.
 * Where `;` makes a sub-pair such as `a=1;key=x`, that alone goes, but a pair that begins with
 * such a name goes whole: behind `key=x;y` a server may see the one value `x;y`.
 */
export function withoutParams(query: string, names: readonly string[]): string {
  if (query === '' || names.length === 0) return query
  const unwanted = new Set(names.map(nameOf))
  return query
    .split('&')
    .flatMap((pair) => withoutSubPairs(pair, unwanted))
    .join('&')
}

/** Whether a parameter is named like one of these, in any spelling. */
export function hasParam(query: string, ...names: readonly string[]): boolean {
  return paramsNamed(query, names).length > 0
}

/** A parameter that is named so, with its value decoded once as a form would be. */
export interface Param {
  readonly param: string
  readonly value: string
}

/**
 * The parameters that are named like one of these, in any spelling and in order. One pass, however
 * many names: what strangers send is looked through for the parameters of all providers.
 */
export function paramsNamed(query: string, names: readonly string[]): Param[] {
  if (query === '' || names.length === 0) return []
  const wanted = new Map(names.map((name) => [nameOf(name), name]))
  return query.split('&').flatMap((pair) => paramsIn(pair, wanted))
}

/**
 * The query with one more parameter at its end, encoded so that neither `new URL` nor `fetch`
 * changes a byte of it. They would write an apostrophe as `%27`, so it is written so here.
 */
export function appendParam(query: string, name: string, value: string): string {
  const pair = `${encoded(name)}=${encoded(value)}`
  return query === '' ? pair : `${query}&${pair}`
}

function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replaceAll("'", '%27')
}

/** The pair, as a list of one, without its unwanted sub-pairs; or none when it goes whole. */
function withoutSubPairs(pair: string, unwanted: ReadonlySet<string>): string[] {
  const [first = '', ...rest] = pair.split(';')
  if (isNamed(first, unwanted)) return []
  return [[first, ...rest.filter((part) => !isNamed(part, unwanted))].join(';')]
}

function paramsIn(pair: string, wanted: ReadonlyMap<string, string>): Param[] {
  const [first = '', ...rest] = pair.split(';')
  const named = (part: string, whole: string) =>
    [...new Set(readingsOf(part).flatMap((name) => wanted.get(name) ?? []))].map((param) => ({
      param,
      value: valueOf(whole),
    }))
  return [...named(first, pair), ...rest.flatMap((part) => named(part, part))]
}

function valueOf(pair: string): string {
  const at = pair.indexOf('=')
  return at === -1 ? '' : decoded(pair.slice(at + 1).replaceAll('+', ' '))
}

function isNamed(pair: string, names: ReadonlySet<string>): boolean {
  return readingsOf(pair).some((name) => names.has(name))
}

/** Of the key of a pair. */
function readingsOf(pair: string): readonly string[] {
  const at = pair.indexOf('=')
  return readings(at === -1 ? pair : pair.slice(0, at))
}

/** A configured name in the form that `readings` has. */
function nameOf(name: string): string {
  return withSeparator(plain(name))
}

/**
 * The names that one key on the wire may have for a server: percent-decoded however often, in any
 * case, Unicode width or padding; `_`, `.`, `-` and space alike (PHP); up to a NUL (C). Brackets are
 * an array's or a hash's (`key[]`, `key[0]`, Rack's `[key]`), or part of the name, since PHP takes
 * one that is never closed for `_`.
 */
function readings(key: string): readonly string[] {
  if (SIMPLE.test(key)) return [key]
  const name = plain(key)
  const outer = name.replace(/^[\s[\]]+/, '').replace(/[[\]].*$/s, '')
  return [withSeparator(outer.trim()), withSeparator(name.trimStart())]
}

function withSeparator(name: string): string {
  return name.replaceAll(/[ .[-]/g, '_')
}

/** Upper case first: that folds letters, such as the dotless i, which lower case alone leaves. */
function plain(key: string): string {
  const [untilNul = ''] = settled(key).split('\0')
  return untilNul.replaceAll('+', ' ').toUpperCase().toLowerCase()
}

function settled(key: string): string {
  let text = key
  for (let round = 0; round < MAX_DECODINGS; round += 1) {
    const next = decoded(text).normalize('NFKC')
    if (next === text) break
    text = next
  }
  return text
}

/** Percent-decoded once. What is no valid escape stays, and bytes that are not UTF-8 become U+FFFD. */
export function decoded(text: string): string {
  return text.replaceAll(/(?:%[0-9a-f]{2})+/gi, (escapes) =>
    decoder.decode(Uint8Array.from(escapes.slice(1).split('%'), (hex) => Number.parseInt(hex, 16))),
  )
}
