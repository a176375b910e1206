import { toJsonSchema, toJsonSchemaDefs } from '@valibot/to-json-schema'
import type { ConversionConfig } from '@valibot/to-json-schema'
import * as v from 'valibot'

import type { Endpoint } from '../../src/control/endpoints.ts'
import { NAMED } from './answers.ts'

/** A JSON schema, or any other part of the document. */
export type Json = Readonly<Record<string, unknown>>

/**
 * A schema of the control plane as JSON Schema 2020-12, which is what OpenAPI 3.1 has. What a check
 * says that it expects becomes the description.
 */
export function schemaOf(schema: v.GenericSchema, typeMode: 'input' | 'output' = 'input'): Json {
  const {
    $schema: _said,
    $defs: _named,
    ...converted
  } = toJsonSchema(schema, {
    ...CONFIG,
    typeMode,
    definitions: NAMED,
  })
  return converted
}

/** What several answers have in common, for `components`. */
export function namedSchemas(): Json {
  return toJsonSchemaDefs(NAMED, CONFIG)
}

/** What has no counterpart in JSON Schema, and need not have one. */
const IGNORED = ['to_lower_case', 'to_upper_case', 'transform']

const CONFIG: ConversionConfig = {
  target: 'draft-2020-12',
  ignoreActions: IGNORED,
  overrideRef: ({ referenceId }) => `#/components/schemas/${referenceId}`,
  overrideAction: ({ valibotAction, jsonSchema }) => {
    const message = 'message' in valibotAction ? valibotAction.message : undefined
    if (typeof message !== 'string') return null
    const known = jsonSchema.description?.split('; ') ?? []
    const description = [...new Set([...known, message])].join('; ')
    return { ...jsonSchema, description }
  },
}

/** The parameters of a path and a query, in the order of their schemas. */
export function parametersOf({ params, query }: Endpoint): Json[] {
  return [...parametersIn('path', params), ...parametersIn('query', query)]
}

function parametersIn(where: 'path' | 'query', schema: v.GenericSchema | undefined): Json[] {
  if (!schema || !('entries' in schema)) return []
  const entries = schema.entries as Readonly<Record<string, v.GenericSchema>>
  return Object.entries(entries).map(([name, entry]) => ({
    name,
    in: where,
    required: where === 'path' || !isOptional(entry),
    schema: parameterSchema(entry),
  }))
}

/** A query string has text only; what is meant is what it becomes. */
function parameterSchema(entry: v.GenericSchema): Json {
  if (!isOptional(entry)) return schemaOf(entry, 'output')
  const { default: _text, ...schema } = schemaOf(entry.wrapped, 'output')
  return entry.default === undefined
    ? schema
    : { ...schema, default: v.parse(entry.wrapped, entry.default) }
}

interface Optional extends v.GenericSchema {
  readonly wrapped: v.GenericSchema
  readonly default: unknown
}

function isOptional(schema: v.GenericSchema): schema is Optional {
  return schema.type === 'exact_optional'
}

/** The body of a request; one that may be left out is not required. */
export function requestBodyOf({ body }: Endpoint): Json {
  if (!body) return {}
  const required = !v.safeParse(body, {}).success
  const content = { 'application/json': { schema: schemaOf(body) } }
  return { requestBody: { required, content } }
}
