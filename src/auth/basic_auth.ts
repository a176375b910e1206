import type { BasicAuth } from './config.ts'
import { base64, opened, placeHeaders } from './credential.ts'
import type { Credentials, Scheme } from './scheme.ts'

/** RFC 7617 with the UTF-8 charset of its §2.1. */
export const basicAuth: Scheme<BasicAuth> = {
  secrets: ({ username, password }) => [username, password],
  slots: () => ({ headers: ['authorization'], params: [] }),
  sign: (draft, auth, credentials) => {
    const pair = `${userOf(auth, credentials)}:${opened(auth.password, credentials)}`
    placeHeaders(draft.headers, [['authorization', `Basic ${base64(pair)}`]])
  },
}

/**
 * A user that the file names beside a password that it does not, such as `x-access-token`, is no
 * secret: opened as one, it would be taken out of every answer that has the word.
 */
function userOf({ username, password }: BasicAuth, credentials: Credentials): string {
  return 'value' in username && !('value' in password)
    ? username.value
    : opened(username, credentials)
}
