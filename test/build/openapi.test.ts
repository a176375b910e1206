import { Validator } from '@seriousme/openapi-schema-validator'
import type { SpecData } from '@seriousme/openapi-schema-validator'
import { describe, expect, it } from 'vitest'

import { openapiDocument, renderOpenapi } from '../../scripts/openapi/document.ts'
import { ENDPOINTS, served } from '../../src/control/endpoints.ts'

interface Operation {
  readonly operationId: string
  readonly security: readonly object[]
  readonly parameters?: readonly { name: string; in: string; required: boolean; schema: object }[]
  readonly requestBody?: {
    required: boolean
    content: Record<string, { schema: Record<string, unknown> }>
  }
  readonly responses: Record<string, { description: string; content?: Record<string, object> }>
}

const document = openapiDocument() as unknown as {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, object>; securitySchemes: Record<string, object> }
}

const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, about]) => ({ path, method, about })),
)

function operation(name: string): Operation {
  const found = operations.find(({ about }) => about.operationId === name)
  if (!found) throw new Error(`${name} is not in the document`)
  return found.about
}

describe('the OpenAPI document', () => {
  it('is valid OpenAPI 3.1', async () => {
    const result = await new Validator().validate(JSON.parse(JSON.stringify(document)) as SpecData)
    expect(result).toMatchObject({ valid: true })
  })

  it('is refused when a part of it is wrong', async () => {
    const broken = JSON.stringify(document).replace('"responses":{', '"responses":[],"x-was":{')
    expect(await new Validator().validate(JSON.parse(broken) as SpecData)).toMatchObject({
      valid: false,
    })
  })

  it('has every endpoint that is served, and no other', () => {
    const documented = operations.map(({ path, method, about: { operationId } }) =>
      [operationId, method.toUpperCase(), path].join(' '),
    )
    const routed = served().map(([name, { method, path }]) => [name, method, path].join(' '))
    expect(documented.toSorted()).toEqual(routed.toSorted())
  })

  it('says the same each time, as a string that nothing can change', () => {
    expect(renderOpenapi()).toBe(renderOpenapi())
    const [, text = ''] = /^export const OPENAPI: string = (".*")$/m.exec(renderOpenapi()) ?? []
    expect(JSON.parse(JSON.parse(text) as string)).toEqual(JSON.parse(JSON.stringify(document)))
  })

  it('names each parameter of a path, and describes what it may be', () => {
    for (const { path, about: each } of operations) {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
      const inPath = each.parameters?.filter((one) => one.in === 'path') ?? []
      expect(inPath.map(({ name }) => name)).toEqual(named)
      expect(inPath.every(({ required }) => required)).toBe(true)
    }
  })

  it('points only at what is there', () => {
    const refs = JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)
    const names = new Set([...refs].map(([, name]) => name))
    expect([...names].toSorted()).toEqual(Object.keys(document.components.schemas).toSorted())
  })
})

describe('what a schema becomes', () => {
  it('a body has its bounds, its defaults and nothing else', () => {
    const body = operation('createGrant').requestBody
    expect(body?.required).toBe(true)
    const schema = body?.content['application/json']?.schema
    expect(schema).toMatchObject({
      type: 'object',
      additionalProperties: false,
      required: ['agent', 'providers', 'expires_in'],
      properties: {
        tenant: { type: 'string', pattern: '^[a-zA-Z0-9_-]{1,64}$', default: 'default' },
        expires_in: { type: 'integer', minimum: 1, maximum: 7_776_000 },
        approval: { enum: ['none', 'sensitive', 'all'], default: 'none' },
        providers: {
          type: 'array',
          minItems: 1,
          maxItems: 50,
          description: expect.stringContaining('each provider once'),
        },
      },
    })
  })

  it('a body that may be left out is not required', () => {
    for (const name of ['rotateGrant', 'approve', 'deny']) {
      expect(operation(name).requestBody?.required).toBe(false)
    }
    expect(operation('pause').requestBody?.required).toBe(true)
  })

  it('a number of a query is a number, with its default as one', () => {
    const limit = operation('listGrants').parameters?.find(({ name }) => name === 'limit')
    expect(limit).toMatchObject({
      in: 'query',
      required: false,
      schema: { type: 'integer', minimum: 1, maximum: 500, default: 50 },
    })
  })

  it('refusals follow from who may call and what is sent', () => {
    const statuses = (name: string) => Object.keys(operation(name).responses)
    expect(statuses('health')).toEqual(['200'])
    expect(statuses('grant')).toEqual(['200', '401', '404', '502', '503'])
    expect(statuses('renewGrant')).toEqual([
      '200',
      '400',
      '401',
      '403',
      '404',
      '409',
      '413',
      '502',
      '503',
    ])
    expect(operation('createGrant').responses['403']?.description).toBe(
      'PROXY_OPERATOR_DENIED, PROXY_CROSS_ORIGIN',
    )
  })

  it('only what anyone may ask is without security', () => {
    const open = operations.filter(({ about: { security } }) => security.length === 0)
    expect(open.map(({ path }) => path)).toEqual(['/healthz', '/openapi.json', '/docs'])
    for (const [name, row] of Object.entries(ENDPOINTS)) {
      if (row.path.startsWith('/_outpost/')) expect([name, row.who]).not.toContain('anyone')
    }
  })
})
