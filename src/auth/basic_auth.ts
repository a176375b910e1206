import type { BasicAuth } from './config.ts'
import { opened, placeHeaders } from './credential.ts'
import type { Scheme } from './scheme.ts'

const encoder = new TextEncoder()

/** RFC 7617 with the UTF-8 charset of its §2.1. */
export const basicAuth: Scheme<BasicAuth> = {
  secrets: ({ username, password }) => [username, password],
  slots: () => ({ headers: ['authorization'], params: [] }),
  sign: (draft, { username, password }, credentials) => {
    const pair = `${opened(username, credentials)}:${opened(password, credentials)}`
    placeHeaders(draft.headers, [['authorization', `Basic ${base64(pair)}`]])
  },
}

/** Base64 of the UTF-8 bytes. `btoa` alone throws, naming the text, on anything above U+00FF. */
function base64(text: string): string {
  return btoa(Array.from(encoder.encode(text), (byte) => String.fromCharCode(byte)).join(''))
}
