import { expect, it } from 'vitest'

import { nearest } from '../../scripts/catalog/nearest.ts'
import { booleanOf, plainScalar, Word } from '../../scripts/catalog/word.ts'

/** What `yaml.safe_load` of PyYAML 6.0.3 makes of each: these are the booleans of old installations. */
const BOOLEANS: Readonly<Record<string, boolean>> = {
  true: true,
  True: true,
  TRUE: true,
  yes: true,
  Yes: true,
  YES: true,
  on: true,
  On: true,
  ON: true,
  false: false,
  False: false,
  FALSE: false,
  no: false,
  No: false,
  NO: false,
  off: false,
  Off: false,
  OFF: false,
}

it.each(Object.entries(BOOLEANS))('reads %s as %s where it is not quoted', (text, expected) => {
  expect(booleanOf(plainScalar(text))).toBe(expected)
  expect(booleanOf(text)).toBeUndefined()
})

/** PyYAML 6.0.3 reads these as text. */
it.each(['y', 'n', 'Y', 'N', 'tRUE', 'yES', 'oN', 'enabled', 'truee', '1', '0', ''])(
  'does not read %s as a boolean',
  (text) => {
    expect(booleanOf(plainScalar(text))).toBeUndefined()
  },
)

it.each([
  ['', 'null'],
  ['~', 'null'],
  ['null', 'null'],
  ['NULL', 'null'],
  ['60_000', 'number'],
  ['-1', 'number'],
  ['1.5e3', 'number'],
  ['.5', 'number'],
  ['0x1F', 'number'],
  ['0777', 'number'],
])('takes %s for %s', (text, kind) => {
  expect(plainScalar(text)).toEqual(new Word(text, kind as Word['kind']))
})

it.each(['nil', '1.2.3', '10.0.0.0/8', '2022-11-28', '12:30', 'a1', '_1', 'e5', '::1'])(
  'takes %s for text',
  (text) => {
    expect(plainScalar(text)).toBe(text)
  },
)

const KNOWN = ['env', 'deny', 'allow', 'base_url', 'auth_token_env', 'rate_limits']

it.each([
  ['deni', 'deny'],
  ['dney', 'deny'],
  ['evn', 'env'],
  ['baseURL', 'base_url'],
  ['base-url', 'base_url'],
  ['rate_limit', 'rate_limits'],
  ['auth_token', 'auth_token_env'],
  ['allowed', 'allow'],
  ['x', null],
  ['', null],
  ['headers', null],
])('finds that %s was meant to be %s', (word, expected) => {
  expect(nearest(word, KNOWN)).toBe(expected)
})
