import { served } from '../../src/control/endpoints.ts'
import type { Endpoint, Who } from '../../src/control/endpoints.ts'
import { VERSION } from '../../src/version.ts'
import { REFUSAL } from './answers.ts'
import { namedSchemas, parametersOf, requestBodyOf, schemaOf } from './parts.ts'
import type { Json } from './parts.ts'
import { responsesOf } from './responses.ts'

const OPERATOR: readonly Json[] = [{ operator: [] }, { access: [] }]

const SECURITY: Readonly<Record<Who, readonly Json[]>> = {
  anyone: [],
  caller: [{ caller: [] }],
  operator: OPERATOR,
  'caller or operator': [{ caller: [] }, ...OPERATOR],
}

/** The interface of the proxy itself in OpenAPI 3.1. Providers' own APIs are not described. */
export function openapiDocument(): Json {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Outpost',
      version: VERSION,
      description:
        'Edge credential proxy for AI agents: its own endpoints. `security` is empty where anyone ' +
        'is answered. Every GET is answered to HEAD too.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    paths: pathsOf(),
    components: {
      schemas: { Refusal: schemaOf(REFUSAL), ...namedSchemas() },
      securitySchemes: {
        caller: {
          type: 'apiKey',
          in: 'header',
          name: 'X-Outpost-Auth',
          description: 'The key of a host entry, or the token of a grant',
        },
        operator: {
          type: 'http',
          scheme: 'bearer',
          description: 'OUTPOST_ADMIN_TOKEN, or for GET and HEAD OUTPOST_VIEWER_TOKEN',
        },
        access: {
          type: 'apiKey',
          in: 'header',
          name: 'Cf-Access-Jwt-Assertion',
          description: 'Set by Cloudflare Access in front of this address',
        },
      },
    },
  }
}

function pathsOf(): Json {
  const paths = new Map<string, Record<string, Json>>()
  for (const [name, row] of served()) {
    const operation = {
      operationId: name,
      summary: row.summary,
      tags: [tagOf(row)],
      security: SECURITY[row.who],
      ...parametersPart(row),
      ...requestBodyOf(row),
      responses: responsesOf(name, row),
    }
    paths.set(row.path, { ...paths.get(row.path), [row.method.toLowerCase()]: operation })
  }
  return Object.fromEntries(paths)
}

function parametersPart(row: Endpoint): Json {
  const parameters = parametersOf(row)
  return parameters.length > 0 ? { parameters } : {}
}

/** What an endpoint is about: the first word below `/_outpost/`. */
function tagOf({ path }: Endpoint): string {
  return /^\/_outpost\/([a-z]+)/.exec(path)?.[1] ?? 'proxy'
}

/** The document as a module, for the Worker to serve as it is. Same endpoints, same text. */
export function renderOpenapi(): string {
  return [
    '// Written by scripts/compile.ts from src/control/endpoints.ts. Edit that.',
    '/** The document of `/openapi.json`: JSON text, which nothing can change. */',
    `export const OPENAPI: string = ${JSON.stringify(JSON.stringify(openapiDocument()))}`,
    '',
  ].join('\n')
}
