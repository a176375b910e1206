import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'

import { LONGEST_NAME } from '../operation.ts'
import type { PushCommand } from './git_commands.ts'

/** Room for what is said of the refs that are not written out. */
const ROOM = 60

/**
 * `git push refs/heads/x :refs/heads/old`, a deletion with the colon that git itself writes it with.
 * Where there are more refs than fit, as many as do, the number of the others and a digest of all, so
 * that no other push has the same name.
 */
export function nameOfPush(commands: readonly PushCommand[]): string {
  const refs = commands.map(({ ref, deletes }) => printable(deletes ? `:${ref}` : ref))
  const whole = ['git push', ...refs].join(' ')
  if (whole.length <= LONGEST_NAME) return whole
  let name = 'git push'
  let shown = 0
  for (const ref of refs) {
    if (name.length + 1 + ref.length > LONGEST_NAME - ROOM) break
    name += ` ${ref}`
    shown += 1
  }
  const digest = bytesToHex(sha256(utf8ToBytes(refs.join(' ')))).slice(0, 32)
  return `${name} and ${refs.length - shown} more (sha256 ${digest}…)`
}

/** Refs may be in any script. What is no letter, mark, digit, sign or symbol is shown as its number. */
function printable(ref: string): string {
  return ref.replaceAll(
    /[^\p{L}\p{M}\p{N}\p{P}\p{S}]|\p{Default_Ignorable_Code_Point}/gu,
    (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`,
  )
}
