import type { Approval } from '../approvals/approval.ts'
import type { Caller } from '../identity.ts'
import { reachOf } from '../identity.ts'
import { Refusal } from '../refusal.ts'
import { callerOf } from './callers.ts'
import type { ControlDeps } from './deps.ts'
import type { Handler } from './handler.ts'
import { operatorOf } from './operator.ts'
import { findById } from './tenants.ts'

/** What an agent may know of itself: nothing of secrets, and nothing of anybody else. */
export const whoami: Handler<'whoami'> = async ({ request, deps }) => {
  const caller = await callerOf(request, deps)
  const { tenant, project, agent, host } = caller
  return {
    tenant,
    project,
    agent,
    host: host?.id ?? null,
    can_call_sensitive: host?.can_call_sensitive ?? true,
    grant: grantIn(caller),
    providers: reachOf(caller, deps.catalog).available(),
  }
}

function grantIn({ grant }: Caller) {
  if (!grant) return null
  const { id, expires, approval, max_calls, rate_limits, providers } = grant
  const expires_at = new Date(expires).toISOString()
  return { id, expires_at, approval, max_calls, rate_limits, providers }
}

/**
 * How an approval stands: for operators, and for the agent whose call it is. Somebody else's and
 * one that is not there are the same answer.
 */
export const approvalStatus: Handler<'approvalStatus'> = async ({ params, request, deps }) => {
  const { id } = params
  const caller = await operatorOf(request, deps).then(
    () => null,
    () => callerOf(request, deps),
  )
  const found = caller
    ? await ownApproval(id, caller, deps)
    : (await findById(id, deps, (each) => each.approval(id))).found
  return { id, state: found.state, expires_at: new Date(found.expires).toISOString() }
}

/** Nobody but the caller's own tenant is asked, whatever the id says. */
async function ownApproval(
  id: string,
  { tenant, grant }: Caller,
  deps: ControlDeps,
): Promise<Approval> {
  const found = grant ? await deps.tenantOf(tenant).approval(id) : null
  if (found && found.ask.grant === grant?.id) return found
  throw new Refusal('PROXY_NOT_FOUND', 'there is nothing of that id')
}
