import { folded, forwardable } from '../../src/headers.ts'
import { shortened, Wrong } from './problem.ts'
import { checked, expected, text, textOf, value } from './value.ts'
import type { Value } from './value.ts'

/** RFC 9110 §5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** RFC 9110 §5.5, for one value: no control character but the tab, no space at either end. */
const FIELD_VALUE = /^(?![ \t])[\t\x20-\x7e\x80-\xff]*(?<![ \t])$/

/** Those of RFC 9110 §7.6.1 and of the message's own framing, and the proxy's own. */
const NEVER_SET: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-broker',
  'x-provider',
])

/** Why a configuration cannot set this header; null when it can. */
export function whyNotSettable(name: string): string | null {
  if (!TOKEN.test(name)) return `${shortened(name)} is not a header name`
  const plain = folded(name)
  if (NEVER_SET.has(plain)) return `"${name}" is a header that only the proxy itself sets`
  return plain.startsWith('x-outpost-') ? `"${name}" is the proxy's own and never sent` : null
}

/** The name of any header, as it was written. */
export const headerName = text({ what: 'the name of a header', test: TOKEN, show: true })

/** A header that `default_headers` or `auth` puts on the upstream request. */
export const settableHeader: Value<string> = checked('the name of a header', (name) => {
  const why = whyNotSettable(name)
  return why === null ? name : new Wrong(why)
})

/**
 * A header of the agent's that `forward_request_headers` lets through, in lower case. The request
 * path itself is asked whether it would: what a file says and nothing heeds is an error.
 */
export const forwardableHeader: Value<string> = checked('the name of a header', (name) => {
  if (!TOKEN.test(name)) return new Wrong(`${shortened(name)} is not a header name`)
  const lower = name.toLowerCase()
  const rules = { slots: new Set<string>(), permitted: [lower], cookies: false }
  if (forwardable(new Headers([[lower, 'x']]), rules).has(lower)) return lower
  const hint = folded(lower) === 'cookie' ? '; for cookies write forward_cookies: true' : ''
  return new Wrong(`"${name}" is never forwarded, whatever this list says${hint}`)
})

/** The value of a header. It may be a secret, so it is never shown. */
export const fieldValue: Value<string> = value((found) => {
  const read = textOf(found)
  if (read === null) return new Wrong(expected('the value of a header', found, false))
  return FIELD_VALUE.test(read) ? read : new Wrong(whyNotValue(read))
})

/** What comes before a secret in a header: a scheme and its space, or nothing. */
export const prefix: Value<string> = value((found) => {
  const read = textOf(found)
  if (read === null) return new Wrong(expected('what comes before the secret', found, false))
  const start = read.replace(/ +$/, '')
  return FIELD_VALUE.test(start) ? read : new Wrong(whyNotValue(start))
})

function whyNotValue(read: string): string {
  if (/[\r\n]/.test(read)) return 'a header value cannot contain a line break'
  if (/^[ \t]|[ \t]$/.test(read)) return 'a header value cannot begin or end with a space'
  return 'a header value cannot contain a control character, or one above U+00FF'
}
