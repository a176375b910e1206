import type { CustomHeadersAuth } from './config.ts'
import { opened, placeHeaders } from './credential.ts'
import type { Scheme } from './scheme.ts'

/** Several headers at once, for upstreams whose credential has more than one part. */
export const customHeaders: Scheme<CustomHeadersAuth> = {
  secrets: ({ headers }) => headers.map(({ secret }) => secret),
  // Each is one value that was opened, or words of the file.
  secretWords: () => [],
  slots: ({ headers }) => ({ headers: headers.map(({ name }) => name.toLowerCase()), params: [] }),
  sign: (draft, { headers }, credentials) => {
    const beside = headers.some(({ secret }) => !('value' in secret))
    placeHeaders(
      draft.headers,
      headers.map(({ name, secret }) => {
        // Opened as a secret, a word of the file would be taken out of every answer that has it.
        const text = 'value' in secret && beside ? secret.value : opened(secret, credentials)
        return [name, text] as const
      }),
    )
  },
}
