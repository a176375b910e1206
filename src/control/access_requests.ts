import { Refusal } from '../refusal.ts'
import type { AccessRequest } from '../widening/access_request.ts'
import type { AccessAnswer, AccessDecision } from '../widening/deciding.ts'
import { strangeProviders } from './grants.ts'
import type { Asked, Handler } from './handler.ts'
import { findById, tenantsAskedFor } from './tenants.ts'

export const listAccessRequests: Handler<'listAccessRequests'> = async ({ query, deps }) => {
  const { tenant, ...filter } = query
  const tenants = await tenantsAskedFor(tenant, deps)
  const found = await Promise.all(tenants.map((name) => deps.tenantOf(name).accessRequests(filter)))
  const requests = found
    .flatMap((each, at) => each.map((one) => ({ one, of: tenants[at] ?? '' })))
    .toSorted((a, b) => b.one.created - a.one.created)
    .slice(0, filter.limit)
  return { access_requests: requests.map(({ one, of }) => viewOf(one, of)) }
}

export const accessRequest: Handler<'accessRequest'> = async ({ params, deps }) => {
  const { found, tenant } = await findById(params.id, deps, (each) => each.accessRequest(params.id))
  return { access_request: viewOf(found, tenant) }
}

export const approveAccess: Handler<'approveAccess'> = (asked) =>
  decide(asked, { approve: true, expires_in: asked.body.expires_in })

export const denyAccess: Handler<'denyAccess'> = (asked) =>
  decide(asked, { approve: false, expires_in: null })

/**
 * What a new grant could not have, a wider one cannot either: the catalog may be another than when the
 * agent asked.
 * @throws Refusal 409 when it does not wait any more, or when there is nothing to widen.
 */
async function decide(
  { params, deps, by }: Pick<Asked<'approveAccess'>, 'params' | 'deps' | 'by'>,
  answer: AccessAnswer,
) {
  const { id } = params
  const { tenant, stub, found } = await findById(id, deps, (each) => each.accessRequest(id))
  const named = { tenant, providers: [found.ask] }
  if (answer.approve && strangeProviders(named, deps.catalog.providers).length > 0) {
    throw conflict('the provider is not there, or not for this tenant')
  }
  const decision = await stub.decideAccess(id, answer, by)
  if (decision?.is === 'decided') return { access_request: viewOf(decision.request, tenant) }
  throw undecided(decision)
}

function undecided(decision: Exclude<AccessDecision, { is: 'decided' }> | null): Refusal {
  if (decision?.is === 'ended') return conflict('the grant has ended')
  if (decision?.is === 'full') return conflict('as much as can be was added to the grant already')
  const state = decision?.state ?? 'expired'
  return conflict('the request does not wait for a decision any more', { state })
}

function conflict(message: string, metadata?: Readonly<Record<string, unknown>>): Refusal {
  return new Refusal('PROXY_CONFLICT', message, metadata ? { metadata } : {})
}

/** A request as an operator sees it. */
function viewOf({ id, state, ask, created, expires, decided, by }: AccessRequest, tenant: string) {
  return {
    id,
    state,
    tenant,
    ...ask,
    created_at: iso(created),
    expires_at: iso(expires),
    decided_at: decided === null ? null : iso(decided),
    decided_by: by,
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
