import { scopeKey } from '../pauses/pause.ts'
import type { Pause, PauseScope } from '../pauses/pause.ts'
import { Refusal } from '../refusal.ts'
import type { TenantStub } from '../tenants/stubs.ts'
import type { ControlDeps } from './deps.ts'
import type { Handler } from './handler.ts'
import { wrong } from './input.ts'
import { allTenants } from './tenants.ts'

/** A pause as operators see it: where it holds is what the tenants' own objects say. */
export interface PauseView {
  readonly scope: PauseScope
  readonly tenants: readonly string[]
  readonly since: string
  readonly by: string
  readonly note: string
}

/** What a request names, at most one of them, but for an agent with its tenant. */
interface AskedScope {
  readonly provider?: string
  readonly agent?: string
  readonly tenant?: string
  readonly all?: true
}

/**
 * The registry first, so that a tenant that is made meanwhile begins with the pause; then every
 * tenant that it is for. A pause of what there is not would only look like one: it is refused.
 */
export const pause: Handler<'pause'> = async ({ body, deps, now, by }) => {
  const { note, ...asked } = body
  await checkNamed(asked, deps)
  const paused: Pause = { scope: scopeOf(asked), since: now, by, note }
  if (isGlobal(paused.scope)) await deps.registry().pause(paused)
  const tenants = asked.tenant === undefined ? await allTenants(deps) : [asked.tenant]
  await everywhere(tenants, deps, (stub) => stub.pause(paused))
  return { paused: await pausesOf(tenants, deps) }
}

export const resume: Handler<'resume'> = async ({ body, deps, by }) => {
  const scope = scopeOf(body)
  if (isGlobal(scope)) await deps.registry().resume(scope)
  const tenants = body.tenant === undefined ? await allTenants(deps) : [body.tenant]
  await everywhere(tenants, deps, (stub) => stub.resume(scope, by))
  return { paused: await pausesOf(tenants, deps) }
}

/** The pauses of these tenants, each scope once. @throws when an object cannot be asked. */
export async function pausesOf(
  tenants: readonly string[],
  deps: ControlDeps,
): Promise<PauseView[]> {
  const found = await Promise.all(tenants.map((tenant) => deps.tenantOf(tenant).pauses()))
  return pauseViews(tenants.map((tenant, at) => ({ tenant, pauses: found[at] ?? [] })))
}

/** The pauses of several tenants, those of one scope and moment together. */
export function pauseViews(
  found: readonly { readonly tenant: string; readonly pauses: readonly Pause[] }[],
): PauseView[] {
  const views = new Map<string, PauseView>()
  for (const { tenant, pauses } of found) {
    for (const { scope, since, by, note } of pauses) {
      const key = `${scopeKey(scope)} ${since} ${by}`
      const tenants = [...(views.get(key)?.tenants ?? []), tenant]
      views.set(key, { scope, tenants, since: new Date(since).toISOString(), by, note })
    }
  }
  return [...views.values()]
}

/** Makes a tenant known that is about to get a grant, and pauses it where everything is paused. */
export async function prepareTenant(tenant: string, deps: ControlDeps): Promise<void> {
  const pauses = await deps.registry().register(tenant)
  if (pauses.length === 0) return
  const stub = deps.tenantOf(tenant)
  const there = new Set((await stub.pauses()).map(({ scope }) => scopeKey(scope)))
  const missing = pauses.filter(({ scope }) => !there.has(scopeKey(scope)))
  await Promise.all(missing.map((each) => stub.pause(each)))
}

function scopeOf({ provider, agent, tenant }: AskedScope): PauseScope {
  if (provider !== undefined) return { provider }
  if (agent !== undefined) return { agent }
  return tenant === undefined ? { all: true } : { tenant }
}

/** What the registry keeps for tenants to come. */
function isGlobal(scope: PauseScope): boolean {
  return 'all' in scope || 'provider' in scope
}

/** @throws Refusal 400 for a provider or a tenant that no call can be of. */
async function checkNamed({ provider, tenant }: AskedScope, deps: ControlDeps): Promise<void> {
  if (provider !== undefined && !deps.catalog.providers.has(provider)) {
    throw wrong([{ path: 'provider', expected: 'a provider of this installation' }])
  }
  if (tenant !== undefined && !(await allTenants(deps)).includes(tenant)) {
    throw wrong([{ path: 'tenant', expected: 'a tenant of this installation' }])
  }
}

/** @throws Refusal 502 naming the tenants whose objects have not answered. */
async function everywhere(
  tenants: readonly string[],
  deps: ControlDeps,
  change: (stub: TenantStub) => Promise<unknown>,
): Promise<void> {
  const done = await Promise.allSettled(tenants.map((tenant) => change(deps.tenantOf(tenant))))
  const failed = tenants.filter((_, at) => done[at]?.status === 'rejected')
  if (failed.length === 0) return
  throw new Refusal('PROXY_UPSTREAM_ERROR', 'some tenants could not be reached: send it again', {
    metadata: { tenants: failed },
  })
}
