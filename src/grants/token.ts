import { sha256 } from '@noble/hashes/sha2.js'

import { sha256 as digest } from '../digest.ts'

const utf8 = new TextEncoder()

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** The most multiples of 62 that fit into a byte. A byte from there on is thrown away. */
const UNBIASED = 256 - (256 % DIGITS.length)

/** 62^43 is just above 2^256. */
const TOKEN_DIGITS = 43
const ID_DIGITS = 20
const TAG_DIGITS = 6

/** That many bytes nobody can foretell: `crypto.getRandomValues`. */
export type Random = (count: number) => Uint8Array

/** `op_` and 43 digits, each of 62 equally likely: 256 bits. It is shown once and stored nowhere. */
export function newToken(random: Random): string {
  return `op_${randomDigits(TOKEN_DIGITS, random)}`
}

/** SHA-256 of the whole token text, lower-case hex: what is stored, and compared. */
export function tokenHash(token: string): Promise<string> {
  return digest(utf8.encode(token))
}

/** `gr_`, `ap_` or `ar_`, the tag of the tenant, and 20 random digits: 119 bits. */
export function newId(prefix: 'gr' | 'ap' | 'ar', tenant: string, random: Random): string {
  return `${prefix}_${tagOf(tenant)}${randomDigits(ID_DIGITS, random)}`
}

/**
 * Six digits that stand for the tenant in every id, so that an id finds its tenant's object. Two
 * tenants may share one: it points somewhere and proves nothing.
 */
export function tagOf(tenant: string): string {
  let left = 0n
  for (const byte of sha256(utf8.encode(tenant)).subarray(0, 8)) left = left * 256n + BigInt(byte)
  let tag = ''
  for (; tag.length < TAG_DIGITS; left /= 62n) tag += DIGITS[Number(left % 62n)] ?? ''
  return tag
}

/** The tag in an id; null when it is no id of ours. */
export function tagIn(id: string): string | null {
  return /^(?:gr|ap|ar)_([0-9A-Za-z]{6})[0-9A-Za-z]{20}$/.exec(id)?.[1] ?? null
}

/** Digits without bias: a remainder of a whole byte would favour the first eight of them. */
function randomDigits(count: number, random: Random): string {
  let digits = ''
  while (digits.length < count) {
    for (const byte of random(count - digits.length)) {
      if (byte < UNBIASED) digits += DIGITS[byte % DIGITS.length] ?? ''
    }
  }
  return digits.slice(0, count)
}
