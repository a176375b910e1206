import * as v from 'valibot'

import { METHODS } from '../policy/written.ts'
import { lifetime, list, note, provider, word } from './fields.ts'
import { access, rule } from './grant_schema.ts'

/** The arguments of the tools of `/_outpost/mcp`. Their JSON Schemas are in src/mcp/texts.ts. */
const MOST_NAMES = 100
const LONGEST_VALUE = 8192

const QUERY_TEXT = word(/^[\x21\x22\x24-\x7e]{0,8192}$/, 'a query string, percent-encoded')
const scalar = v.union(
  [v.pipe(v.string(), v.maxLength(LONGEST_VALUE)), v.number(), v.boolean()],
  'a text, a number or true or false',
)

const MOST_HEADERS = 50

/** Names that a schema of records would leave out without a word. */
const LOST = ['__proto__', 'prototype', 'constructor']

const query = v.union(
  [
    QUERY_TEXT,
    v.pipe(
      names(MOST_NAMES),
      v.record(
        v.pipe(v.string(), v.maxLength(LONGEST_VALUE)),
        v.union([scalar, v.pipe(v.array(scalar), v.maxLength(MOST_NAMES))]),
      ),
    ),
  ],
  'a query string, or an object of names and values',
)

const headers = v.pipe(
  names(MOST_HEADERS),
  v.record(
    word(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/, 'the name of a header'),
    word(/^[\t\x20-\x7e]{0,4096}$/, 'a value of visible ASCII characters'),
  ),
  v.check(isOnceEach, 'each header once'),
)

/** An object with so many names at most, and none that would be lost. */
function names(most: number) {
  return v.custom<Readonly<Record<string, unknown>>>((value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
    const all = Object.keys(value)
    return all.length <= most && !all.some((name) => LOST.includes(name))
  }, `an object of at most ${most} names and their values`)
}

function isOnceEach(given: Readonly<Record<string, string>>): boolean {
  const all = Object.keys(given)
  return new Set(all.map((name) => name.toLowerCase())).size === all.length
}

/** `request`, but for its body. */
export const requestArguments = v.strictObject({
  method: v.pipe(
    v.string(),
    v.toUpperCase(),
    v.check((text) => METHODS.includes(text), 'a method such as GET'),
  ),
  provider,
  path: word(
    /^\/[\x21\x22\x24-\x3e\x40-\x7e]{0,8191}$/,
    'a path that begins with "/", without query, percent-encoded',
  ),
  query: v.exactOptional(query, ''),
  headers: v.exactOptional(headers, {}),
})

export type RequestArguments = v.InferOutput<typeof requestArguments>

/** So many rules a person still reads. */
const MOST_RULES = 20

/** `request_access`: what a grant may have, said in its words. */
export const accessArguments = v.strictObject({
  provider,
  access,
  allow: v.exactOptional(v.nullable(list(rule, 1, MOST_RULES)), null),
  reason: v.pipe(note, v.minLength(1, 'the reason')),
  duration: v.exactOptional(v.nullable(lifetime), null),
})

/** `list_capabilities`. */
export const capabilitiesArguments = v.strictObject({ provider: v.exactOptional(provider) })
