import { reveal, UnfitSecret } from '../secret.ts'
import type { Credentials, SecretRef } from './scheme.ts'

/** RFC 9110 §5.5, for a whole value: no control character but the tab, nothing above a byte. */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

/** The text of one value of the credential. Called by `sign` alone, for as long as it runs. */
export function opened(ref: SecretRef, credentials: Credentials): string {
  return reveal(credentials.open(ref))
}

/**
 * Sets these headers. Nothing of the agent's is in their place any more, in any spelling: the draft
 * was made without it.
 * @throws UnfitSecret, without the value, which the runtime's own error would show.
 */
export function placeHeaders(
  headers: Headers,
  values: readonly (readonly [string, string])[],
): void {
  for (const [name, value] of values) {
    if (!FIELD_VALUE.test(value)) throw new UnfitSecret()
    headers.set(name, value)
  }
}

/** Base64 of the UTF-8 bytes. `btoa` alone throws, naming the text, on anything above U+00FF. */
export function base64(text: string): string {
  return new TextEncoder().encode(text).toBase64()
}
