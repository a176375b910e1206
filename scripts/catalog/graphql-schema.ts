import { z } from 'zod'

import { Unreadable } from '../../src/content/content.ts'
import type { GraphqlRules } from '../../src/protocols/graphql.ts'
import { readDocument } from '../../src/protocols/graphql_document.ts'
import { patternText } from './pattern-text.ts'
import { Wrong } from './problem.ts'
import { checked, given, list, text, whole } from './value.ts'

const entry = text({
  what: 'an operation such as query, mutation.addComment or mutation.*',
  test: /^(?:query|mutation|subscription)(?:\.[_a-zA-Z0-9*]+)?$/,
  show: true,
})

const id = text({ what: 'the id or the SHA-256 of a document', test: /^[\x21-\x7e]{1,256}$/ })

const document = checked('a GraphQL document', (found) => {
  try {
    readDocument(found)
    return found
  } catch (error) {
    return new Wrong(error instanceof Unreadable ? error.message : 'this is no GraphQL document')
  }
})

export const graphqlShape = {
  path: checked('a path pattern such as /graphql', patternText).default('/graphql'),
  allow: list(entry).optional(),
  sensitive: list(entry).default([]),
  deny: list(entry).default([]),
  max_depth: whole(1).optional(),
  max_aliases: whole(0).optional(),
  max_root_fields: whole(1).optional(),
  persisted: z.record(id, document).default({}),
}

/** `graphql` of a provider file, but for what `forwarding` says. */
export const graphqlRules = z.preprocess(
  (found) => given(found, ['sensitive', 'deny', 'persisted']),
  z
    .strictObject(graphqlShape)
    .transform((found): Omit<GraphqlRules, 'treat_writes_as_sensitive'> => ({
      ...found,
      allow: found.allow ?? null,
      max_depth: found.max_depth ?? null,
      max_aliases: found.max_aliases ?? null,
      max_root_fields: found.max_root_fields ?? null,
    })),
)
