import type { Endpoint, Operation, Who } from '../../src/control/endpoints.ts'
import { REFUSALS } from '../../src/refusal.ts'
import type { RefusalCode } from '../../src/refusal.ts'
import { ANSWERS } from './answers.ts'
import { schemaOf } from './parts.ts'
import type { Json } from './parts.ts'

const OPERATORS: readonly RefusalCode[] = [
  'PROXY_AUTH_REQUIRED',
  'PROXY_UPSTREAM_ERROR',
  'PROXY_CONTROL_CLOSED',
]

const BY_WHO: Readonly<Record<Who, readonly RefusalCode[]>> = {
  anyone: [],
  caller: ['PROXY_AUTH_REQUIRED', 'PROXY_HOST_DENIED'],
  operator: OPERATORS,
  'caller or operator': [...OPERATORS, 'PROXY_HOST_DENIED'],
}

/** Every answer of an endpoint: the good one, and its refusals by their status. */
export function responsesOf(name: Operation, row: Endpoint): Json {
  const byStatus = Map.groupBy(refusalsOf(row), (code) => REFUSALS[code])
  const refusals = [...byStatus].toSorted(([a], [b]) => a - b)
  return {
    [row.status]: goodOf(name, row),
    ...Object.fromEntries(
      refusals.map(([status, codes]) => [
        status,
        {
          description: codes.join(', '),
          content: { 'application/json': { schema: { $ref: '#/components/schemas/Refusal' } } },
        },
      ]),
    ),
  }
}

function goodOf(name: Operation, { status, types = ['application/json'] }: Endpoint): Json {
  if (status === 204) return { description: 'Done' }
  const answer = ANSWERS[name]
  const json = answer ? { schema: schemaOf(answer) } : {}
  return {
    description: status === 201 ? 'Created' : 'As asked',
    content: Object.fromEntries(
      types.map((type) => [type, type === 'application/json' ? json : {}]),
    ),
  }
}

function refusalsOf({ who, method, params, query, body, refusals = [] }: Endpoint): RefusalCode[] {
  const writes = method !== 'GET' && who === 'operator'
  return [
    ...BY_WHO[who],
    ...(query || body ? (['PROXY_BAD_REQUEST'] as const) : []),
    ...(writes ? (['PROXY_OPERATOR_DENIED', 'PROXY_CROSS_ORIGIN'] as const) : []),
    ...(params ? (['PROXY_NOT_FOUND'] as const) : []),
    ...(body ? (['PROXY_BODY_TOO_LARGE'] as const) : []),
    ...refusals,
  ]
}
