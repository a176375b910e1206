import type { ApiKeyPathAuth } from './config.ts'
import { opened } from './credential.ts'
import { PLACE } from './scheme.ts'
import type { Scheme } from './scheme.ts'

/**
 * The key in the path, where the agent's stood, as Telegram's bots want it:
 * https://core.telegram.org/bots/api#making-requests
 */
export const apiKeyPath: Scheme<ApiKeyPathAuth> = {
  secrets: ({ secret }) => [secret],
  slots: ({ paths }) => ({ headers: [], params: [], paths }),
  sign: (draft, { secret }, credentials) => {
    const [before = '', behind, ...more] = draft.path.split(PLACE)
    if (behind === undefined || more.length > 0) throw new Error('no one place in the path')
    draft.path = before + inSegment(opened(secret, credentials)) + behind
  },
}

/**
 * As a piece of one segment (RFC 3986 §3.3), which URL parsing leaves as it is. A `:` may stand there,
 * and Telegram's tokens have one.
 * @throws Error without the value, for one that is none or would be read as a dot segment.
 */
function inSegment(key: string): string {
  if (/^\.{0,2}$/.test(key) || !key.isWellFormed()) throw new Error('no key that a path can hold')
  return encodeURIComponent(key).replaceAll('%3A', ':')
}
