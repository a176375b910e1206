import type { Edit } from './case.ts'
import { GRANT_NAMES } from './grants.ts'
import { COOLED } from './providers.ts'
import type { Random } from './random.ts'

/** What most calls are made of. */
const USUAL = ['Host: fuzz.test', 'X-Fuzz: {{id}}']

const CALLED = (
  'plain plain plain bearer bearer slashes basic keyheader keyquery custom hmac hmacbody cookies cached ' +
  'strict small counted granted acme stored badsecret nosecret override'
).split(' ')

const NAMES_OF_NOTHING = [
  '',
  'nothing',
  '__proto__',
  'constructor',
  'toString',
  'a,b',
  'pl%61in',
  'PLAIN',
  '../plain',
  'plain ',
  'pl\xe9in',
  '*',
]

const WORDS = (
  'a b Z 0 . .. ... ; / // \\ | ~ ! $ & = + , @ : * ( ) [ ] { } ^ ` " < > % %2 %zz %2e %2E %2f %2F ' +
  "%5c %25 %252e %252F %00 %0a %20 %41 %c3%a9 %ff %EF%BC%8F %EF%BC%8E %E2%80%A5 ? ?? # ' p plain " +
  'admin Admin %61dmin _outpost healthz _method api_key API_KEY[] api.key http://x ftp://y //z \xc3\xa9 \xe9 \t ' +
  'read write shared guarded k1 mint'
).split(' ')

/** Those that no server takes offence at. */
const TAME = WORDS.filter(
  (word) => !/[\\^`"<>{}\t\xe9]|%00|%ff|%0a|%5c|%25|%2e|%2f|^\.+$/i.test(word),
)

const ADDRESSES = [
  '127.0.0.1',
  '127.0.0.1',
  '127.0.0.1',
  '127.0.0.1',
  '127.0.0.1',
  '127.0.0.1',
  '127.0.0.1',
  '127.0.0.1',
  '127.0.0.2',
  '127.0.0.2',
  '127.0.0.3',
  '127.0.0.4',
  '127.0.0.5',
  '127.0.0.6',
  '127.0.0.7',
  '127.0.0.9',
]

/** Addresses as a proxy may write them, right and wrong. */
export const FORWARDED = [
  '198.51.100.7',
  '203.0.113.9',
  '2001:db8::1',
  '[2001:db8::1]',
  '::ffff:198.51.100.7',
  '198.51.100.7:80',
  '0198.51.100.7',
  '0xc6.51.100.7',
  '3325256711',
  '198.51.100',
  'unknown',
  '',
  '198.51.100.7, 127.0.0.4',
  '127.0.0.4',
  '::',
  '1::2::3',
  '198.51.100.256',
  'fe80::1%eth0',
  '2001:db8::1/64',
  '198.51.100.7\t',
]

export function usual(): string[] {
  return [...USUAL]
}

export function address(r: Random): string {
  return r.pick(ADDRESSES)
}

/** A provider that the client names, and how. */
export interface Naming {
  readonly provider: string
  readonly headers: readonly string[]
  readonly prefix: string
}

export function naming(r: Random, provider = r.pick(CALLED)): Naming {
  const name = r.chance(0.08) ? r.pick(NAMES_OF_NOTHING) : provider
  const by = (headers: string[], prefix = ''): Naming => ({ provider: name, headers, prefix })
  return r.of(
    () => by([`X-Provider: ${name}`]),
    () => by([`X-Provider: ${name}`]),
    () => by([], `/p/${name}`),
    () => by([], `/p/${name}`),
    () => by([`X-Broker: ${name.toUpperCase()}`]),
    () => by([`Host: ${name}.fuzz.test`]),
    () =>
      r.chance(0.7)
        ? by([`X-Provider: ${name}`])
        : r.of(
            () => by([]),
            () => by([`X-Provider: ${name}`, `X-Broker: ${r.pick(CALLED)}`]),
            () => by([`X-Provider: ${name}`, `X-Provider: ${name}`]),
            () => by([`X-Provider: ${name}`, `Host: ${r.pick(CALLED)}.fuzz.test`]),
          ),
  )
}

/** The one `Host` that a call has: a later line goes before the usual one. */
export function withHost(lines: readonly string[]): string[] {
  const hosts = lines.filter((line) => /^host:/i.test(line))
  const first = lines.findIndex((line) => /^host:/i.test(line))
  return hosts.length < 2 ? [...lines] : lines.filter((_, index) => index !== first)
}

/** Header lines and query pairs by which a client says who it is. */
export function showing(r: Random): {
  readonly headers: readonly string[]
  readonly query: string
} {
  const grant = `{{grant:${r.pick(GRANT_NAMES)}}}`
  const shown = (...headers: string[]) => ({ headers, query: '' })
  return r.of(
    () => shown('X-Outpost-Auth: {{key}}'),
    () => shown('X-Outpost-Auth: {{key}}'),
    () => shown('Authorization: Bearer {{key}}'),
    () => shown(`X-Outpost-Auth: ${grant}`),
    () => shown(`Authorization: Bearer ${grant}`),
    () => shown(`Authorization: token ${grant}`),
    () => shown(`Authorization: Basic {{pair:${grant.slice(2, -2)}}}`),
    () => shown(`X-Api-Key: ${grant}`),
    () => ({ headers: [], query: `api_key=${grant}` }),
    () => ({
      headers: ['X-Outpost-Auth: {{key}}'],
      query: r.pick([
        'API_KEY=1',
        'api%5Fkey[]=x',
        '_method=PUT',
        'api_key={{key}}',
        `api_key=${grant}`,
      ]),
    }),
    () =>
      r.of(
        () => shown(),
        () => shown('X-Outpost-Auth: wrong'),
        () => shown('X-Outpost-Auth:'),
        () => shown('X-Outpost-Auth: {{key}}', 'X-Outpost-Auth: {{key}}'),
        () => shown(`X-Outpost-Auth: {{key}}`, `Authorization: Bearer ${grant}`),
        () =>
          shown(`Authorization: Bearer ${grant}`, `X-Api-Key: {{grant:${r.pick(GRANT_NAMES)}}}`),
        () => shown('Authorization: Basic !!!', 'X-Outpost-Auth: {{key}}'),
        () => shown('Authorization: Bearer {{admin}}'),
        () => shown(`X-Outpost-Auth: op_${'x'.repeat(43)}`),
      ),
  )
}

/** A path, with a query or without. */
export function target(r: Random): string {
  const simple = `/${r.some(['a', 'b', 'read', 'v1', `k${r.below(COOLED)}`, 'x%20y', '\x7e'], 4).join('/')}`
  const query = r.chance(0.3)
    ? `?${r.some(r.chance(0.7) ? TAME : WORDS, 4).join(r.pick(['&', '=', '', ';']))}`
    : ''
  return r.of(
    () => simple + query,
    () => simple,
    () => simple,
    () => simple + query,
    () => `/${r.some(TAME, 8).join('')}`,
    () => `/${r.some(r.chance(0.5) ? TAME : WORDS, 6).join('/')}${query}`,
    () =>
      r.of(
        () => `/${r.some(WORDS, 8).join('')}`,
        () => r.some(WORDS, 5).join(''),
        () => `/${printable(r, 24)}`,
        () => `/${'a'.repeat(r.pick([2000, 8191, 8192, 16_000, 17_000]))}`,
        () => `http://${r.pick(['fuzz.test', 'x', 'plain.fuzz.test', 'a@b', '[::1]:1'])}${simple}`,
      ),
  )
}

/** Bytes that may stand in a request target. */
export function printable(r: Random, most: number): string {
  return String.fromCharCode(...r.times(r.below(most), () => 0x21 + r.below(0xff - 0x21)))
}

/** Changes to what would be written, in one call of three. */
export function edits(r: Random, share = 0.3): Edit[] {
  if (!r.chance(share)) return []
  return r.times(1 + r.below(3), () => ({
    at: r.next() * r.pick([1, 1, 0.3]),
    drop: r.pick([0, 0, 1, 1, 2, 8, 40]),
    add: r.of(
      () => '',
      () =>
        r.pick([
          '\r\n',
          '\n',
          '\r',
          '\0',
          ' ',
          '\t',
          ':',
          ',',
          '%',
          '\r\n\r\n',
          '\r\n ',
          'HTTP/1.1',
          '0',
          '\xff',
          '\xc3\x28',
        ]),
      () => r.bytes(6),
    ),
  }))
}

/** A text in parts. */
export function inParts(r: Random, text: string): string[] {
  if (text === '') return []
  const at = r.chance(0.5) ? text.length : 1 + r.below(text.length)
  // Not within a name that stands for something.
  const isOpen = text.lastIndexOf('{{', at - 1) > text.lastIndexOf('}}', at - 2)
  const cut = isOpen ? text.indexOf('}}', at - 1) + 2 : at
  return [text.slice(0, cut), text.slice(cut)].filter(Boolean)
}

export function chunked(r: Random, parts: readonly string[]): string[] {
  const extension = r.chance(0.05) ? ';x=y' : ''
  const chunks = parts
    .filter(Boolean)
    .map((part) => `${part.length.toString(16)}${extension}\r\n${part}\r\n`)
  return [...chunks, r.chance(0.05) ? '0\r\nX-Trailer: t\r\n\r\n' : '0\r\n\r\n']
}
