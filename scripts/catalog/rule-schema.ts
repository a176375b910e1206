import { z } from 'zod'

import type { Rule } from '../../src/catalog.ts'
import { bodyConditions, queryConditions } from './conditions-schema.ts'
import { ALWAYS, exactlyOne } from './exactly-one.ts'
import { methodName } from './method.ts'
import { patternText } from './pattern-text.ts'
import { checked, choice, flag, given, list, text, whole } from './value.ts'

/** A path pattern of `allow` or `deny`. */
export const pattern = checked('a path pattern such as /v1/**', patternText)
export const category = text({
  what: 'the name of a category',
  test: /^[\x21-\x7e]{1,64}$/,
  show: true,
})

const conditions = { query: queryConditions.default([]), body: bodyConditions.default([]) }

const when = z.preprocess(
  (found) => given(found),
  z.strictObject(conditions).refine(({ query, body }) => query.length + body.length > 0, {
    message: 'expected "query" or "body" here',
    when: ({ issues }) => issues.length === 0,
  }),
)

export const ruleShape = {
  method: methodName.optional(),
  methods: list(methodName).optional(),
  pattern: pattern.optional(),
  path: pattern.optional(),
  category: category.optional(),
  cache_ttl: whole(0).optional(),
  cache_scope: choice(['caller', 'tenant']).default('caller'),
  sensitive: flag.optional(),
  when: when.nullable().default(null),
  ...conditions,
  approval: flag.default(false),
  deny: flag.default(false),
}

/** What is for calls that go says nothing of one that is refused. */
const NOT_WITH_DENY = ['query', 'body', 'approval', 'sensitive', 'cache_ttl', 'category']

function denies(found: { readonly deny: boolean }, context: z.RefinementCtx): void {
  if (!found.deny) return
  for (const key of NOT_WITH_DENY.filter((each) => isSaid(found, each))) {
    const hint = key === 'query' || key === 'body' ? `; "when" says which calls` : ''
    const message = `"deny: true" refuses the call: "${key}" has no meaning here${hint}`
    context.addIssue({ code: 'custom', path: [key], message, params: { at: 'key' } })
  }
}

function isSaid(found: object, key: string): boolean {
  const said: unknown = Object.entries(found).find(([each]) => each === key)?.[1]
  return Array.isArray(said) ? said.length > 0 : said !== undefined && said !== false
}

export const rule = z.preprocess(
  (found) => given(found),
  z
    .strictObject(ruleShape)
    .superRefine(exactlyOne('method', 'methods'), ALWAYS)
    .superRefine(exactlyOne('pattern', 'path'), ALWAYS)
    .superRefine(({ methods }, context) => {
      if (methods?.length !== 0) return
      context.addIssue({ code: 'custom', path: ['methods'], message: 'expected a method or more' })
    })
    .superRefine(denies)
    .transform(({ method, methods, pattern: written, path, ...rest }): Rule => ({
      ...rest,
      methods: [...new Set(method === undefined ? methods : [method])],
      pattern: written ?? path ?? '',
      category: rest.category ?? null,
      cache_ttl: rest.cache_ttl ?? null,
      sensitive: rest.sensitive ?? (rest.approval ? true : null),
    })),
)
