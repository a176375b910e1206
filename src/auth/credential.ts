import { reveal } from '../secret.ts'
import type { Credentials, SecretRef } from './scheme.ts'

/** RFC 9110 §5.5, for a whole value: no control character but the tab, nothing above a byte. */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

/** The text of one value of the credential. Called by `sign` alone, for as long as it runs. */
export function opened(ref: SecretRef, credentials: Credentials): string {
  return reveal(credentials.open(ref))
}

/**
 * Sets these headers in place of every header that a server may take for one of them: other case,
 * or another separator, since CGI and WSGI fold `X-Api-Key` and `X_Api.Key` into one variable.
 * @throws Error without the value in its message, which the runtime's own would show.
 */
export function placeHeaders(
  headers: Headers,
  values: readonly (readonly [string, string])[],
): void {
  const places = new Set(values.map(([name]) => folded(name)))
  const taken = Array.from(headers.keys()).filter((name) => places.has(folded(name)))
  for (const name of taken) headers.delete(name)
  for (const [name, value] of values) {
    if (!FIELD_VALUE.test(value)) throw new Error('the secret is not a legal header value')
    headers.set(name, value)
  }
}

function folded(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '-')
}
