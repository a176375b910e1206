const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** A ULID (github.com/ulid/spec): 48 bits of Unix milliseconds, 80 random bits, sorts by time. */
export function ulid(now: number): string {
  let text = ''
  for (let left = now, digit = 0; digit < 10; digit++, left = Math.floor(left / 32)) {
    text = (ALPHABET[left % 32] ?? '') + text
  }
  for (const byte of crypto.getRandomValues(new Uint8Array(16))) text += ALPHABET[byte % 32] ?? ''
  return text
}
