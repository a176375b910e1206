import type { ApiKeyHeaderAuth } from './config.ts'
import { opened, placeHeaders } from './credential.ts'
import type { Scheme } from './scheme.ts'

/** The bare key, or one behind a prefix, in a header that the upstream names: `x-api-key`. */
export const apiKeyHeader: Scheme<ApiKeyHeaderAuth> = {
  secrets: ({ secret }) => [secret],
  slots: ({ header }) => ({ headers: [header.toLowerCase()], params: [] }),
  sign: (draft, { secret, header, prefix }, credentials) => {
    placeHeaders(draft.headers, [[header, prefix + opened(secret, credentials)]])
  },
}
