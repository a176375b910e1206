import { createHash } from 'node:crypto'

import { z } from 'zod'

import { Unreadable } from '../../src/content/content.ts'
import { readDocument } from '../../src/protocols/graphql_document.ts'
import type { GraphqlRules } from '../../src/protocols/graphql_rules.ts'
import { AT_KEY } from './exactly-one.ts'
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

const persisted = z.record(id, document).superRefine((found, context) => {
  for (const [name, each] of Object.entries(found)) {
    if (!/^[0-9a-f]{64}$/.test(name)) continue
    if (createHash('sha256').update(each).digest('hex') === name) continue
    const message = 'this is not the SHA-256 of the document'
    context.addIssue({ code: 'custom', path: [name], message, params: AT_KEY })
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
  persisted: persisted.default({}),
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
