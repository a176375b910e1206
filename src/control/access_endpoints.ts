import * as schemas from './schemas.ts'

/** What agents ask for beyond their grants: rows of the table of endpoints. */
export const ACCESS_ENDPOINTS = {
  listAccessRequests: {
    method: 'GET',
    path: '/_outpost/access-requests',
    summary: 'What agents ask for beyond their grants, newest first',
    who: 'operator',
    status: 200,
    query: schemas.accessQuery,
  },
  accessRequest: {
    method: 'GET',
    path: '/_outpost/access-requests/{id}',
    summary: 'One request for access',
    who: 'operator',
    status: 200,
    params: schemas.accessParams,
  },
  approveAccess: {
    method: 'POST',
    path: '/_outpost/access-requests/{id}/approve',
    summary: 'The grant of the agent is widened by what it asked for',
    who: 'operator',
    status: 200,
    params: schemas.accessParams,
    body: schemas.approveAccessBody,
    refusals: ['PROXY_CONFLICT'],
  },
  denyAccess: {
    method: 'POST',
    path: '/_outpost/access-requests/{id}/deny',
    summary: 'The grant stays as it is; what was approved is taken back',
    who: 'operator',
    status: 200,
    params: schemas.accessParams,
    body: schemas.denyBody,
    refusals: ['PROXY_CONFLICT'],
  },
  accessStatus: {
    method: 'GET',
    path: '/_outpost/access-requests/{id}/status',
    summary: 'How a request for access stands, for the agent that asked',
    who: 'caller or operator',
    status: 200,
    params: schemas.accessParams,
  },
} as const
