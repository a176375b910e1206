import { wideningsOf } from '../grants/changes.ts'
import type { Caller } from '../identity.ts'
import { reachOf } from '../identity.ts'
import { Refusal } from '../refusal.ts'
import type { TenantStub } from '../tenants/stubs.ts'
import { callerOf } from './callers.ts'
import type { ControlDeps } from './deps.ts'
import type { Asked, Handler } from './handler.ts'
import { operatorOf } from './operator.ts'
import { findById } from './tenants.ts'

/** What an agent may know of itself: nothing of secrets, and nothing of anybody else. */
export const whoami: Handler<'whoami'> = async ({ request, deps, now }) => {
  const caller = await callerOf(request, deps)
  const { tenant, project, agent, host } = caller
  return {
    tenant,
    project,
    agent,
    host: host?.id ?? null,
    can_call_sensitive: host?.can_call_sensitive ?? true,
    grant: grantIn(caller, now),
    providers: reachOf(caller, deps.catalog).available(),
  }
}

function grantIn({ grant }: Caller, now: number) {
  if (!grant) return null
  const { id, expires, approval, max_calls, rate_limits, providers } = grant
  const expires_at = new Date(expires).toISOString()
  const widened = wideningsOf(grant, now)
  return { id, expires_at, approval, max_calls, rate_limits, providers, widened }
}

/**
 * How an approval stands: for operators, and for the agent whose call it is. Somebody else's and
 * one that is not there are the same answer.
 */
export const approvalStatus: Handler<'approvalStatus'> = async ({ params, request, deps }) => {
  const { id } = params
  const { state, expires } = await ownOrAny(
    id,
    { request, deps },
    { ask: (tenant) => tenant.approval(id), grantOf: ({ ask }) => ask.grant },
  )
  return { id, state, expires_at: new Date(expires).toISOString() }
}

/** The same of a request for access. */
export const accessStatus: Handler<'accessStatus'> = async ({ params, request, deps }) => {
  const { id } = params
  const { state, expires } = await ownOrAny(
    id,
    { request, deps },
    { ask: (tenant) => tenant.accessRequest(id), grantOf: ({ ask }) => ask.grant },
  )
  return { id, state, expires_at: new Date(expires).toISOString() }
}

/** How a thing is asked for, and which grant it is of. */
interface Kind<Found> {
  readonly ask: (tenant: TenantStub) => Promise<Found | null>
  readonly grantOf: (found: Found) => string
}

async function ownOrAny<Found>(
  id: string,
  { request, deps }: Pick<Asked<'whoami'>, 'request' | 'deps'>,
  kind: Kind<Found>,
): Promise<Found> {
  const caller = await operatorOf(request, deps).then(
    () => null,
    () => callerOf(request, deps),
  )
  return caller ? own(caller, deps, kind) : (await findById(id, deps, kind.ask)).found
}

/** Nobody but the caller's own tenant is asked, whatever the id says. */
async function own<Found>(
  { tenant, grant }: Caller,
  deps: ControlDeps,
  { ask, grantOf }: Kind<Found>,
): Promise<Found> {
  const found = grant ? await ask(deps.tenantOf(tenant)) : null
  if (found && grantOf(found) === grant?.id) return found
  throw new Refusal('PROXY_NOT_FOUND', 'there is nothing of that id')
}
