import type { Grant } from '../grants/grant.ts'
import type { GrantPage } from '../tenants/stubs.ts'
import { wrong } from './input.ts'

/** What is asked of one tenant's object. */
export interface PagePart {
  readonly limit: number
  readonly cursor?: string
}

/** Where the page before ended: a tenant, and that tenant's own cursor or nothing. */
const CURSOR = /^([\w-]{1,64})\/(.*)$/

/**
 * One page over the grants of several tenants, one tenant after the other in order of their names.
 * @throws Refusal 400 for a cursor that is none of ours.
 */
export async function grantsOf(
  tenants: readonly string[],
  asked: { readonly limit: number; readonly cursor: string | undefined },
  ask: (tenant: string, part: PagePart) => Promise<GrantPage>,
): Promise<GrantPage> {
  const [first, inner] = start(asked.cursor)
  const grants: Grant[] = []
  for (const tenant of tenants) {
    if (tenant < first) continue
    const limit = asked.limit - grants.length
    if (limit === 0) return { grants, next: `${tenant}/` }
    const goesOn = tenant === first && inner !== ''
    // oxlint-disable-next-line no-await-in-loop -- how much the next is asked for depends on it
    const page = await ask(tenant, goesOn ? { limit, cursor: inner } : { limit })
    grants.push(...page.grants)
    if (page.next !== null) return { grants, next: `${tenant}/${page.next}` }
  }
  return { grants, next: null }
}

function start(cursor: string | undefined): readonly [tenant: string, inner: string] {
  if (cursor === undefined) return ['', '']
  const [, tenant, inner = ''] = CURSOR.exec(cursor) ?? []
  if (tenant !== undefined) return [tenant, inner]
  throw wrong([{ path: 'cursor', expected: 'the "next" of an earlier answer' }])
}
