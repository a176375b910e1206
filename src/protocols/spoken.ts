import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'

import { LONGEST_NAME } from '../operation.ts'

/** Of the digest of what a name had to leave out. */
const DIGITS = 32

/**
 * The name of an operation in printable characters and no longer than a name may be. What has to be
 * left out is in its digest: an approval of the one is none of another that begins like it.
 */
export function spoken(text: string): string {
  const shown = text.replaceAll(/[^\x20-\x7e]/g, '?')
  if (shown === text && text.length <= LONGEST_NAME) return text
  const digest = bytesToHex(sha256(utf8ToBytes(text))).slice(0, DIGITS)
  return `${shown.slice(0, LONGEST_NAME - DIGITS - 5)} ... ${digest}`
}
