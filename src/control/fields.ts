import * as v from 'valibot'

import { parseRange } from '../address.ts'
import { METHODS, patternFault } from '../policy/written.ts'

/**
 * The single values that inputs are made of. Each says in words what it expects: that is what a
 * refusal quotes, and it never quotes what was sent.
 */
const DAY_S = 86_400
const METHOD = 'a method such as GET, or "*"'
const CIDR = 'an address or a range such as 203.0.113.0/24'

/** An isolation boundary. */
export const tenant = word(/^[a-zA-Z0-9_-]{1,64}$/, '1 to 64 letters, digits, "_" or "-"')

export const project = word(
  /^[a-zA-Z0-9_.@/-]{1,100}$/,
  '1 to 100 letters, digits, "_", ".", "@", "/" or "-"',
)

export const agent = word(
  /^[a-zA-Z0-9_.@:/+-]{1,100}$/,
  '1 to 100 letters, digits, "_", ".", "@", ":", "/", "+" or "-"',
)

/** In lower case, as the catalog has it. */
export const provider = v.pipe(
  word(/^[a-zA-Z0-9_-]{1,100}$/, 'the name of a provider'),
  v.toLowerCase(),
)

export const grantId = word(/^gr_[a-zA-Z0-9]{1,60}$/, 'the id of a grant: "gr_" and what follows')

export const approvalId = word(
  /^ap_[a-zA-Z0-9]{1,60}$/,
  'the id of an approval: "ap_" and what follows',
)

export const accessId = word(
  /^ar_[a-zA-Z0-9]{1,60}$/,
  'the id of a request for access: "ar_" and what follows',
)

/** The id of a host entry. */
export const hostId = word(/^[\x21-\x7e]{1,100}$/, 'the id of an entry of hosts.yaml')

/** Free text for people. Control characters would reach their terminals. */
export const note = v.pipe(
  v.string(),
  v.maxLength(500, 'at most 500 characters'),
  v.check(isPlain, 'text without control characters'),
)

/** A method in upper case, or `*` for any. */
export const method = v.pipe(
  v.string(),
  v.maxLength(32, METHOD),
  v.toUpperCase(),
  v.check((text) => text === '*' || METHODS.includes(text), METHOD),
)

/** As in `forwarding.allow` of a provider file. */
export const pattern = v.pipe(
  v.string(),
  v.maxLength(512, 'at most 512 characters'),
  v.check((text) => patternFault(text) === null, 'a path pattern such as /v1/**'),
)

/** An address or a range. */
export const cidr = v.pipe(
  v.string(),
  v.maxLength(64, CIDR),
  v.check((text) => parseRange(text) !== null, CIDR),
)

/** Of a grant, seconds: at most 90 days. */
export const lifetime = whole(1, 90 * DAY_S)

/** How long the token before a rotation lives on, seconds. */
export const overlap = whole(0, DAY_S)

/** What an upstream takes for a token: it becomes part of a header. */
export const tokenValue = word(
  /^[\x21-\x7e]{1,8192}$/,
  '1 to 8192 visible ASCII characters, without spaces',
)

/** What an earlier answer called `next`. */
export const cursor = word(/^[\x21-\x7e]{1,300}$/, 'the "next" of an earlier answer')

/** A date, or a moment with its zone. Becomes the one form that records have: UTC, milliseconds. */
export const moment = v.pipe(
  word(
    /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d))?$/,
    'a date or a date and time with zone, such as 2026-11-22T10:00:00Z',
  ),
  v.check((text) => !Number.isNaN(Date.parse(text)), 'a date that exists'),
  v.transform((text) => new Date(text).toISOString()),
)

/** A whole number of JSON. */
export function whole(least: number, most: number) {
  const what = `a whole number from ${least} to ${most}`
  return v.pipe(v.number(what), v.integer(what), v.minValue(least, what), v.maxValue(most, what))
}

/** A whole number of a query string, in digits. */
export function digits(least: number, most: number) {
  const what = `a whole number from ${least} to ${most}`
  return v.pipe(
    v.string(what),
    v.regex(/^\d{1,15}$/, what),
    v.transform(Number),
    v.number(),
    v.integer(what),
    v.minValue(least, what),
    v.maxValue(most, what),
  )
}

/** Text of one form. */
export function word(form: RegExp, what: string) {
  return v.pipe(v.string(what), v.regex(form, what))
}

/** At most so many of a thing. */
export function list<const Item extends v.GenericSchema>(item: Item, least: number, most: number) {
  const what = least === 0 ? `a list of at most ${most}` : `a list of ${least} to ${most}`
  return v.pipe(v.array(item, what), v.minLength(least, what), v.maxLength(most, what))
}

function isPlain(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- these are what it looks for
  return text.isWellFormed() && !/[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]/.test(text)
}
