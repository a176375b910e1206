import type { Provider } from '../catalog.ts'
import { newGrant, viewOf } from '../grants/changes.ts'
import type { GrantChange } from '../grants/changes.ts'
import type { Grant } from '../grants/grant.ts'
import { newId, newToken, tokenHash } from '../grants/token.ts'
import { Refusal } from '../refusal.ts'
import type { ControlDeps } from './deps.ts'
import { grantsOf } from './grant_pages.ts'
import type { NewGrantBody } from './grant_schema.ts'
import type { Handler } from './handler.ts'
import { wrong } from './input.ts'
import type { WrongField } from './input.ts'
import { prepareTenant } from './pauses.ts'
import { findById, tenantsAskedFor } from './tenants.ts'

/**
 * The token can be found before the grant is there, so a step that fails leaves a hash that leads
 * nowhere, of a token that nobody was told.
 */
export const createGrant: Handler<'createGrant'> = async ({ body, deps, now, by }) => {
  const faults = strangeProviders(body, deps.catalog.providers)
  if (faults.length > 0) throw wrong(faults)
  const token = newToken(deps.random)
  const hash = await tokenHash(token)
  const id = newId('gr', body.tenant, deps.random)
  const grant = newGrant(body, { id, hash, now })
  await prepareTenant(body.tenant, deps)
  await deps.grantIndexOf(hash).put(hash, body.tenant)
  await deps.tenantOf(body.tenant).createGrant(grant, by)
  return { grant: viewOf(grant, now), token }
}

export const listGrants: Handler<'listGrants'> = async ({ query, deps, now }) => {
  const { tenant, cursor, limit, ...filter } = query
  const tenants = await tenantsAskedFor(tenant, deps)
  const { grants, next } = await grantsOf(tenants, { cursor, limit }, (name, part) =>
    deps.tenantOf(name).grants({ ...filter, ...part }),
  )
  return { grants: grants.map((grant) => viewOf(grant, now)), next }
}

export const grant: Handler<'grant'> = async ({ params, deps, now }) => {
  const { found } = await findById(params.id, deps, (tenant) => tenant.grant(params.id))
  return { grant: viewOf(found, now) }
}

export const renewGrant: Handler<'renewGrant'> = async ({ params, body, deps, now, by }) => {
  const renewed = await change(params.id, { is: 'renew', expires_in: body.expires_in }, deps, by)
  return { grant: viewOf(standing(renewed), now) }
}

export const revokeGrant: Handler<'revokeGrant'> = async ({ params, deps, now, by }) => ({
  grant: viewOf(await change(params.id, { is: 'revoke' }, deps, by), now),
})

/** The new token can be found before the grant takes it, as with a new grant. */
export const rotateGrant: Handler<'rotateGrant'> = async ({ params, body, deps, now, by }) => {
  const { tenant, found } = await findById(params.id, deps, (each) => each.grant(params.id))
  standing(found)
  const token = newToken(deps.random)
  const hash = await tokenHash(token)
  await deps.grantIndexOf(hash).put(hash, tenant)
  const rotated = await change(params.id, { is: 'rotate', hash, overlap: body.overlap }, deps, by)
  return { grant: viewOf(standing(rotated), now), token }
}

async function change(
  id: string,
  asked: GrantChange,
  deps: ControlDeps,
  by: string,
): Promise<Grant> {
  return (await findById(id, deps, (tenant) => tenant.changeGrant(id, asked, by))).found
}

/** @throws Refusal 409 for a grant that was revoked: it cannot come back. */
function standing(each: Grant): Grant {
  if (each.revoked === null) return each
  throw new Refusal('PROXY_CONFLICT', 'the grant is revoked')
}

/** What names providers for a tenant. */
type Named = Pick<NewGrantBody, 'tenant'> & {
  readonly providers: readonly { readonly provider: string }[]
}

/** The providers that there are not, or not for this tenant: it is told no more of them than that. */
export function strangeProviders(
  { tenant, providers }: Named,
  known: ReadonlyMap<string, Provider>,
): WrongField[] {
  return providers.flatMap(({ provider }, index) => {
    const found = known.get(provider)
    const owner = found?.tenant ?? tenant
    if (found && owner === tenant) return []
    return [{ path: `providers.${index}.provider`, expected: 'a provider of that tenant' }]
  })
}
