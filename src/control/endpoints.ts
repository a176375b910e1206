import type { GenericSchema } from 'valibot'

import type { RefusalCode } from '../refusal.ts'
import { ACCESS_ENDPOINTS } from './access_endpoints.ts'
import { newGrantBody } from './grant_schema.ts'
import * as schemas from './schemas.ts'

/**
 * Who is answered. An `operator` who is a viewer may only read. A `caller` is whom hosts.yaml or a
 * grant lets in.
 */
export type Who = 'anyone' | 'caller' | 'operator' | 'caller or operator'

/** One endpoint of the proxy itself: what routes, checks and documents it. */
export interface Endpoint {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** As OpenAPI writes it, `{id}` for a parameter. */
  readonly path: string
  readonly summary: string
  readonly who: Who
  /** Of the answer when all is well. */
  readonly status: 200 | 201 | 204
  /** The media types of that answer beside JSON, or in place of it. */
  readonly types?: readonly string[]
  readonly params?: GenericSchema
  readonly query?: GenericSchema
  readonly body?: GenericSchema
  /** Beside what follows from `who` and from the inputs. */
  readonly refusals?: readonly RefusalCode[]
}

/** Every endpoint, in the order in which the documents list them. */
export const ENDPOINTS = {
  health: {
    method: 'GET',
    path: '/healthz',
    summary: 'Liveness; to an accepted caller also the names of its providers',
    who: 'anyone',
    status: 200,
  },
  providers: {
    method: 'GET',
    path: '/providers',
    summary: 'The providers that the caller may use',
    who: 'caller',
    status: 200,
  },
  openapi: {
    method: 'GET',
    path: '/openapi.json',
    summary: 'This interface in OpenAPI 3.1',
    who: 'anyone',
    status: 200,
  },
  docs: {
    method: 'GET',
    path: '/docs',
    summary: 'How to call, as a page',
    who: 'anyone',
    status: 200,
    types: ['text/html'],
  },
  whoami: {
    method: 'GET',
    path: '/_outpost/whoami',
    summary: 'Whom an agent is taken for, and what it may call',
    who: 'caller',
    status: 200,
  },
  mcp: {
    method: 'POST',
    path: '/_outpost/mcp',
    summary: 'MCP, Streamable HTTP: what an agent may do, and calls, as tools',
    who: 'caller',
    status: 200,
    refusals: ['PROXY_BAD_REQUEST', 'PROXY_BODY_TOO_LARGE', 'PROXY_CROSS_ORIGIN'],
  },
  status: {
    method: 'GET',
    path: '/_outpost/status',
    summary: 'What is compiled in, what is missing, and what is stored',
    who: 'operator',
    status: 200,
  },
  createGrant: {
    method: 'POST',
    path: '/_outpost/grants',
    summary: 'A new grant, with its token: shown now and never again',
    who: 'operator',
    status: 201,
    body: newGrantBody,
  },
  listGrants: {
    method: 'GET',
    path: '/_outpost/grants',
    summary: 'Grants, of one tenant or of all; each tenant newest first',
    who: 'operator',
    status: 200,
    query: schemas.grantsQuery,
  },
  grant: {
    method: 'GET',
    path: '/_outpost/grants/{id}',
    summary: 'One grant',
    who: 'operator',
    status: 200,
    params: schemas.grantParams,
  },
  renewGrant: {
    method: 'POST',
    path: '/_outpost/grants/{id}/renew',
    summary: 'A grant ends so many seconds from now, sooner or later than it did',
    who: 'operator',
    status: 200,
    params: schemas.grantParams,
    body: schemas.renewBody,
    refusals: ['PROXY_CONFLICT'],
  },
  rotateGrant: {
    method: 'POST',
    path: '/_outpost/grants/{id}/rotate',
    summary: 'A new token; the old one lives on for the overlap',
    who: 'operator',
    status: 200,
    params: schemas.grantParams,
    body: schemas.rotateBody,
    refusals: ['PROXY_CONFLICT'],
  },
  revokeGrant: {
    method: 'DELETE',
    path: '/_outpost/grants/{id}',
    summary: 'A grant ends now; a second time changes nothing',
    who: 'operator',
    status: 200,
    params: schemas.grantParams,
  },
  listApprovals: {
    method: 'GET',
    path: '/_outpost/approvals',
    summary: 'Calls that wait or waited for a person, newest first',
    who: 'operator',
    status: 200,
    query: schemas.approvalsQuery,
  },
  approval: {
    method: 'GET',
    path: '/_outpost/approvals/{id}',
    summary: 'One approval: what is asked, and what was decided',
    who: 'operator',
    status: 200,
    params: schemas.approvalParams,
  },
  approve: {
    method: 'POST',
    path: '/_outpost/approvals/{id}/approve',
    summary: 'The call may go: once, or all of its kind for a while',
    who: 'operator',
    status: 200,
    params: schemas.approvalParams,
    body: schemas.approveBody,
    refusals: ['PROXY_CONFLICT'],
  },
  deny: {
    method: 'POST',
    path: '/_outpost/approvals/{id}/deny',
    summary: 'The call may not go',
    who: 'operator',
    status: 200,
    params: schemas.approvalParams,
    body: schemas.denyBody,
    refusals: ['PROXY_CONFLICT'],
  },
  approvalStatus: {
    method: 'GET',
    path: '/_outpost/approvals/{id}/status',
    summary: 'How an approval stands, for the agent whose call it is',
    who: 'caller or operator',
    status: 200,
    params: schemas.approvalParams,
  },
  ...ACCESS_ENDPOINTS,
  audit: {
    method: 'GET',
    path: '/_outpost/audit',
    summary:
      'The record of calls and changes, newest first; as NDJSON the whole chain, oldest first',
    who: 'operator',
    status: 200,
    types: ['application/json', 'application/x-ndjson'],
    query: schemas.auditQuery,
  },
  verifyAudit: {
    method: 'GET',
    path: '/_outpost/audit/verify',
    summary: 'Whether the chain of a tenant is whole',
    who: 'operator',
    status: 200,
    query: schemas.verifyQuery,
  },
  streamAudit: {
    method: 'GET',
    path: '/_outpost/audit/stream',
    summary: 'The record as it grows, as server-sent events; Last-Event-ID goes on from there',
    who: 'operator',
    status: 200,
    types: ['text/event-stream'],
    query: schemas.streamQuery,
  },
  putToken: {
    method: 'PUT',
    path: '/_outpost/tokens/{key}',
    summary: 'Stores the token that bearer_redis providers of this redis_key send',
    who: 'operator',
    status: 204,
    params: schemas.tokenParams,
    body: schemas.tokenBody,
  },
  deleteToken: {
    method: 'DELETE',
    path: '/_outpost/tokens/{key}',
    summary: 'Deletes a stored token',
    who: 'operator',
    status: 204,
    params: schemas.tokenParams,
  },
  pause: {
    method: 'POST',
    path: '/_outpost/pause',
    summary:
      'The kill switch: nothing of that provider, agent, tenant, or nothing at all, is called',
    who: 'operator',
    status: 200,
    body: schemas.pauseBody,
  },
  resume: {
    method: 'POST',
    path: '/_outpost/resume',
    summary: 'Takes a pause of exactly that scope back',
    who: 'operator',
    status: 200,
    body: schemas.resumeBody,
  },
  simulate: {
    method: 'POST',
    path: '/_outpost/simulate',
    summary: 'What would be decided of a call, and every step to it; nothing is sent',
    who: 'operator',
    status: 200,
    body: schemas.simulateBody,
  },
} as const satisfies Record<string, Endpoint>

type Endpoints = typeof ENDPOINTS

/** The endpoints that are routed and documented. */
export type Operation = keyof Endpoints

export type RowOf<Name extends Operation> = Endpoints[Name]

/** What is served, by name. */
export function served(): readonly (readonly [Operation, Endpoint])[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of a constant
  return Object.entries(ENDPOINTS) as [Operation, Endpoint][]
}
