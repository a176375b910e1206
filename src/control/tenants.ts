import { tagIn } from '../grants/token.ts'
import { Refusal } from '../refusal.ts'
import type { TenantStub } from '../tenants/stubs.ts'
import type { ControlDeps } from './deps.ts'

/** A tenant's object by its name. */
export interface Named {
  readonly tenant: string
  readonly stub: TenantStub
}

/** Every tenant that a call can be of, by name: of grants, of provider files, of hosts.yaml. */
export async function allTenants({ registry, catalog }: ControlDeps): Promise<readonly string[]> {
  const names = new Set([
    'default',
    ...(await registry().tenants()),
    ...catalog.hosts.flatMap(({ tenant }) => tenant ?? []),
    ...[...catalog.providers.values()].flatMap(({ tenant }) => tenant ?? []),
  ])
  return [...names].toSorted(byName)
}

/** The one tenant that was asked for, or all of them. */
export async function tenantsAskedFor(
  tenant: string | undefined,
  deps: ControlDeps,
): Promise<readonly string[]> {
  return tenant === undefined ? allTenants(deps) : [tenant]
}

/**
 * What has that id, in whichever of the tenants that its tag may stand for.
 * @throws Refusal 404 when none has it.
 */
export async function findById<Found>(
  id: string,
  deps: ControlDeps,
  ask: (stub: TenantStub) => Promise<Found | null>,
): Promise<Named & { readonly found: Found }> {
  const tag = tagIn(id)
  const tenants = tag === null ? [] : await deps.registry().tagged(tag)
  for (const tenant of tenants) {
    const stub = deps.tenantOf(tenant)
    // oxlint-disable-next-line no-await-in-loop -- nearly always one, and the first one settles it
    const found = await ask(stub)
    if (found !== null) return { tenant, stub, found }
  }
  throw new Refusal('PROXY_NOT_FOUND', 'there is nothing of that id')
}

function byName(one: string, other: string): number {
  return one < other ? -1 : Number(one > other)
}
