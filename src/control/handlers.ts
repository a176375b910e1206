import { accessRequest, approveAccess, denyAccess, listAccessRequests } from './access_requests.ts'
import { accessStatus, approvalStatus, whoami } from './agent.ts'
import { approval, approve, deny, listApprovals } from './approvals.ts'
import { audit, streamAudit, verifyAudit } from './audit.ts'
import type { Operation } from './endpoints.ts'
import { createGrant, grant, listGrants, renewGrant, revokeGrant, rotateGrant } from './grants.ts'
import type { Handler } from './handler.ts'
import { mcp } from './mcp.ts'
import { docs, health, openapi, providers } from './open.ts'
import { pause, resume } from './pauses.ts'
import { simulate } from './simulate.ts'
import { status } from './status.ts'
import { deleteToken, putToken } from './tokens.ts'

/** Who answers each endpoint. The type checker wants one for every row that is served. */
export const HANDLERS: { readonly [Name in Operation]: Handler<Name> } = {
  health,
  providers,
  openapi,
  docs,
  status,
  createGrant,
  listGrants,
  grant,
  renewGrant,
  rotateGrant,
  revokeGrant,
  listApprovals,
  approval,
  approve,
  listAccessRequests,
  accessRequest,
  approveAccess,
  denyAccess,
  accessStatus,
  deny,
  audit,
  verifyAudit,
  streamAudit,
  putToken,
  deleteToken,
  pause,
  resume,
  whoami,
  mcp,
  approvalStatus,
  simulate,
}
