import { appendParam, withoutParams } from '../query.ts'
import type { ApiKeyQueryAuth } from './config.ts'
import { opened } from './credential.ts'
import type { Scheme } from './scheme.ts'

/** The key as the last query parameter, in place of the agent's in every spelling. */
export const apiKeyQuery: Scheme<ApiKeyQueryAuth> = {
  secrets: ({ secret }) => [secret],
  slots: ({ param }) => ({ headers: [], params: [param] }),
  sign: (draft, { secret, param }, credentials) => {
    draft.query = appendParam(
      withoutParams(draft.query, [param]),
      param,
      opened(secret, credentials),
    )
  },
}
