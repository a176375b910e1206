import type { Pause } from '../pauses/pause.ts'
import type { GrantIndexStub, TenantStub } from '../tenants/stubs.ts'
import type { Copies, Copying, FoundGrant } from './copies.ts'
import { grantProblem } from './grant.ts'
import { tokenHash } from './token.ts'

/** Where grants are, and what is remembered of them. */
export interface Granting extends Copying {
  readonly tenantOf: (name: string) => TenantStub
  readonly grantIndexOf: (hash: string) => GrantIndexStub
  readonly grantCopies: Copies<FoundGrant | null>
  readonly pauseCopies: Copies<readonly Pause[]>
}

/** What a token stands for, as far as it is known without asking again. */
export interface Shown {
  readonly hash: string
  /** null: nobody was ever given that token. */
  readonly found: FoundGrant | null
}

/** The grant of a token, at most a minute old. Rejects when it cannot be asked for. */
export async function grantOf(token: string, deps: Granting): Promise<Shown> {
  const hash = await tokenHash(token)
  const ask = async (): Promise<FoundGrant | null> => {
    const tenant = await deps.grantIndexOf(hash).find(hash)
    if (tenant === null) return null
    const { grant, pauses } = await deps.tenantOf(tenant).look(hash)
    return { tenant, grant, pauses }
  }
  const refuses = (found: FoundGrant | null, now: number) =>
    found !== null &&
    (found.pauses.length > 0 || !found.grant || grantProblem(found.grant, hash, now) !== null)
  return { hash, found: await deps.grantCopies.get(hash, ask, refuses, deps) }
}

/** What of a tenant is paused, at most a minute old. Rejects when it cannot be asked for. */
export function pausesOf(tenant: string, deps: Granting): Promise<readonly Pause[]> {
  const ask = () =>
    deps
      .tenantOf(tenant)
      .look(null)
      .then(({ pauses }) => pauses)
  return deps.pauseCopies.get(tenant, ask, (pauses) => pauses.length > 0, deps)
}
