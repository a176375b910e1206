import { z } from 'zod'

import type { McpRules } from '../../src/protocols/mcp_rules.ts'
import { bodyConditions } from './conditions-schema.ts'
import { patternText } from './pattern-text.ts'
import { checked, given, list, text } from './value.ts'

const tool = text({
  what: 'the name of a tool, in which "*" is any characters',
  test: /^[\x21-\x7e]{1,128}$/,
  show: true,
})

const method = text({
  what: 'a method such as resources/read or resources/*',
  test: /^(?!tools\/call$)[\x21-\x7e]{1,128}$/,
  show: true,
})

const lists = {
  allow: list(tool).optional(),
  sensitive: list(tool).default([]),
  deny: list(tool).default([]),
}

const tools = z.preprocess(
  (found) => given(found, ['sensitive', 'deny', 'arguments']),
  z.strictObject({ ...lists, arguments: z.record(tool, bodyConditions).default({}) }),
)

const methods = z.preprocess(
  (found) => given(found, ['sensitive', 'deny']),
  z.strictObject({
    allow: list(method).optional(),
    sensitive: list(method).default([]),
    deny: list(method).default([]),
  }),
)

export const mcpShape = {
  path: checked('a path pattern such as /mcp', patternText).default('/mcp'),
  tools: tools.prefault({}),
  methods: methods.prefault({}),
}

/** `allow` and its like one level too high, where `forwarding` would be named as their place. */
function explainedLists(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code !== 'unrecognized_keys') return undefined
  if (!issue.keys.every((key) => key in lists || key === 'arguments')) return undefined
  return issue.keys
    .map(
      (key) => `unknown key here; it belongs under "tools"${key in lists ? ' or "methods"' : ''}`,
    )
    .join('\n')
}

/** `mcp` of a provider file, but for what `forwarding` says. */
export const mcpRules = z.preprocess(
  (found) => given(found, ['tools', 'methods']),
  z
    .strictObject(mcpShape, { error: (issue) => explainedLists(issue) })
    .transform(
      ({
        path,
        tools: { arguments: conditions, ...named },
        methods: others,
      }): Omit<McpRules, 'treat_writes_as_sensitive'> => ({
        path,
        tools: { ...named, allow: named.allow ?? null },
        arguments: Object.entries(conditions).map(([name, each]) => ({
          tool: name,
          conditions: each,
        })),
        methods: { ...others, allow: others.allow ?? null },
      }),
    ),
)
