import { windowsOf } from '../admission.ts'
import type { Provider } from '../catalog.ts'
import type { Level, Window } from '../limits/bucket.ts'
import type { Pause } from '../pauses/pause.ts'
import type { TenantCounts } from '../tenants/stubs.ts'
import type { ControlDeps } from './deps.ts'
import { pauseViews } from './pauses.ts'
import type { PauseView } from './pauses.ts'
import { allTenants } from './tenants.ts'

/** What the objects of an installation know, as the status shows it. */
export interface Standings {
  readonly tenants: readonly TenantStatus[]
  readonly pauses: readonly PauseView[]
  readonly limits: readonly LimitStatus[]
  /** A sentence for each object that did not answer, and for those that were not asked. */
  readonly problems: readonly string[]
}

export interface TenantStatus extends TenantCounts {
  readonly tenant: string
}

/** How the limiter of one category stands. */
export interface LimitStatus {
  readonly provider: string
  readonly category: string
  /** null: there is no cooldown. */
  readonly cooldown_until: string | null
  readonly levels: readonly Level[]
}

/** Objects of a kind that one status asks: a Worker may ask a thousand for one request. */
const MOST_ASKED = 200

/** Asks the objects how things stand. One that does not answer spoils nothing else. */
export async function standings(deps: ControlDeps): Promise<Standings> {
  const names = await allTenants(deps).catch(() => null)
  const [tenants, limits] = await Promise.all([
    gathered(
      names ?? ['default'],
      (name) => `tenant ${name}`,
      (name) => tenantOf(name, deps),
    ),
    gathered(
      [...deps.catalog.providers.values()].flatMap(categoriesOf),
      ({ provider, category }) => `the limiter of ${provider.name}, ${category},`,
      (category) => limitOf(category, deps),
    ),
  ])
  return {
    tenants: tenants.found.map(({ status }) => status),
    pauses: pauseViews(tenants.found),
    limits: limits.found,
    problems: [
      ...(names ? [] : ['the list of tenants cannot be read']),
      ...tenants.problems,
      ...limits.problems,
    ],
  }
}

async function tenantOf(
  tenant: string,
  deps: ControlDeps,
): Promise<{ tenant: string; status: TenantStatus; pauses: readonly Pause[] }> {
  const stub = deps.tenantOf(tenant)
  const [counts, pauses] = await Promise.all([stub.counts(), stub.pauses()])
  return { tenant, status: { tenant, ...counts }, pauses }
}

interface Category {
  readonly provider: Provider
  readonly category: string
  readonly windows: readonly Window[]
}

/** The categories that have a limiter of their own. */
function categoriesOf(provider: Provider): Category[] {
  const { default_category, allow, rate_limits } = provider.forwarding
  const named = [
    default_category,
    ...Object.keys(rate_limits),
    ...allow.flatMap(({ category }) => category ?? []),
  ]
  const counted = new Map(
    named.map((each) => windowsOf(provider, each)).map(({ name, windows }) => [name, windows]),
  )
  return [...counted].map(([category, windows]) => ({ provider, category, windows }))
}

async function limitOf(
  { provider, category, windows }: Category,
  deps: ControlDeps,
): Promise<LimitStatus> {
  const { cooldown_until, levels } = await deps.standingOf(provider, category, windows)
  return {
    provider: provider.name,
    category,
    cooldown_until: cooldown_until > deps.now() ? new Date(cooldown_until).toISOString() : null,
    levels,
  }
}

/** The answers that came, and a sentence for each that did not. */
async function gathered<Item, Found>(
  items: readonly Item[],
  nameOf: (item: Item) => string,
  ask: (item: Item) => Promise<Found>,
): Promise<{ readonly found: readonly Found[]; readonly problems: readonly string[] }> {
  const asked = items.slice(0, MOST_ASKED)
  const answers = await Promise.allSettled(asked.map(ask))
  return {
    found: answers.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : [])),
    problems: [
      ...asked
        .filter((_, at) => answers[at]?.status === 'rejected')
        .map((each) => `${nameOf(each)} cannot be asked`),
      ...items.slice(MOST_ASKED, MOST_ASKED + 1).map((each) => `from ${nameOf(each)} on not shown`),
    ],
  }
}
