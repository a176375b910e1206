const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

const RANDOM_DIGITS = 16

/** Random bytes for a good many identifiers: the call that fetches them costs more than they do. */
const pool = new Uint8Array(RANDOM_DIGITS * 256)
let used = pool.length

/** A ULID (github.com/ulid/spec): 48 bits of Unix milliseconds, 80 random bits, sorts by time. */
export function ulid(now: number): string {
  let time = ''
  for (let left = now, digit = 0; digit < 10; digit++, left = Math.floor(left / 32)) {
    time = (ALPHABET[left % 32] ?? '') + time
  }
  if (used === pool.length) {
    crypto.getRandomValues(pool)
    used = 0
  }
  let random = ''
  for (const end = used + RANDOM_DIGITS; used < end; used += 1) {
    random += ALPHABET[(pool[used] ?? 0) % 32] ?? ''
  }
  return time + random
}
