import type { CustomHeadersAuth } from './config.ts'
import { opened, placeHeaders } from './credential.ts'
import type { Scheme } from './scheme.ts'

/** Several headers at once, for upstreams whose credential has more than one part. */
export const customHeaders: Scheme<CustomHeadersAuth> = {
  secrets: ({ headers }) => headers.map(({ secret }) => secret),
  slots: ({ headers }) => ({ headers: headers.map(({ name }) => name.toLowerCase()), params: [] }),
  sign: (draft, { headers }, credentials) => {
    placeHeaders(
      draft.headers,
      headers.map(({ name, secret }) => [name, opened(secret, credentials)] as const),
    )
  },
}
