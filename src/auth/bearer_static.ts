import type { BearerStaticAuth } from './config.ts'
import { opened, placeHeaders } from './credential.ts'
import type { Scheme } from './scheme.ts'

/** RFC 6750 §2.1: `Authorization: Bearer <token>`, or any other header and prefix. */
export const bearerStatic: Scheme<BearerStaticAuth> = {
  secrets: ({ secret }) => [secret],
  slots: ({ header }) => ({ headers: [header.toLowerCase()], params: [] }),
  sign: (draft, { secret, header, prefix }, credentials) => {
    placeHeaders(draft.headers, [[header, prefix + opened(secret, credentials)]])
  },
}
