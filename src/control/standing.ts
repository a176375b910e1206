import { windowsOf } from '../admission.ts'
import type { Provider } from '../catalog.ts'
import type { Level } from '../limits/bucket.ts'
import type { Pause } from '../pauses/pause.ts'
import type { TenantCounts } from '../tenants/stubs.ts'
import type { ControlDeps } from './deps.ts'
import { pauseViews } from './pauses.ts'
import type { PauseView } from './pauses.ts'
import { allTenants } from './tenants.ts'

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

/** What objects know, and a sentence for each that could not be asked, or was not. */
export interface Standings {
  readonly tenants: readonly TenantStatus[]
  readonly pauses: readonly PauseView[]
  readonly limits: readonly LimitStatus[]
  readonly problems: readonly string[]
}

/** Objects of a kind that one status asks at most: a Worker may ask a thousand in one call. */
const MOST_ASKED = 200

/** Asks the objects how things stand. One that does not answer spoils nothing else. */
export async function standings(deps: ControlDeps): Promise<Standings> {
  const names = await allTenants(deps).catch(() => null)
  const categories = [...deps.catalog.providers.values()].flatMap(categoriesOf)
  const [tenants, limits] = await Promise.all([
    gathered(names ?? [], ({ length }) => tooMany(length, 'tenants'), (each) => tenantStatus(each, deps)),
    gathered(categories, ({ length }) => tooMany(length, 'limiters'), (each) => limitStatus(each, deps)),
  ])
  return {
    tenants: tenants.found.map(({ counts }) => counts),
    pauses: pauseViews(tenants.found.map(({ counts, pauses }) => ({ tenant: counts.tenant, pauses }))),
    limits: limits.found,
    problems: [
      ...(names ? [] : ['the list of tenants cannot be read']),
      ...tenants.problems,
      ...limits.problems,
    ],
  }
}

interface Category {
  readonly provider: Provider
  readonly category: string
}
