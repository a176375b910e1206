import { appendParam, withoutParams } from '../query.ts'
import type { QueryParamsAuth } from './config.ts'
import type { Scheme } from './scheme.ts'
import { refsOfNamed, textOf } from './setting.ts'

/** Several query parameters, the last ones, in place of the agent's in every spelling. */
export const queryParams: Scheme<QueryParamsAuth> = {
  secrets: ({ params }) => refsOfNamed(params),
  // What the file says is no secret: it would be taken out of every answer that has the word.
  secretWords: () => [],
  slots: ({ params }) => ({ headers: [], params: params.map(({ name }) => name) }),
  sign: (draft, { params }, credentials) => {
    const names = params.map(({ name }) => name)
    draft.query = params.reduce(
      (query, { name, value }) => appendParam(query, name, textOf(value, credentials)),
      withoutParams(draft.query, names),
    )
  },
}
