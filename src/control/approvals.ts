import type { Approval } from '../approvals/approval.ts'
import { Refusal } from '../refusal.ts'
import type { ApprovalAnswer } from '../tenants/stubs.ts'
import type { Asked, Handler } from './handler.ts'
import { findById, tenantsAskedFor } from './tenants.ts'

/** An approval as the approver sees it: names, and of the body a redacted summary. */
export interface ApprovalView extends Pick<Approval, 'id' | 'state' | 'scope'> {
  readonly tenant: string
  readonly project: string | null
  readonly agent: string
  readonly grant: string
  readonly grant_note: string
  readonly provider: string
  readonly host: string
  readonly method: string
  readonly path: string
  /** What a timed scope would cover. */
  readonly pattern: string
  readonly query_keys: readonly string[]
  /** What it asks for in the words of its API, which a timed scope does not go beyond. */
  readonly operation: string | null
  readonly summary: string
  readonly created_at: string
  readonly expires_at: string
  readonly decided_at: string | null
  readonly decided_by: string | null
  readonly used_at: string | null
}

export const listApprovals: Handler<'listApprovals'> = async ({ query, deps }) => {
  const { tenant, ...filter } = query
  const tenants = await tenantsAskedFor(tenant, deps)
  const found = await Promise.all(tenants.map((name) => deps.tenantOf(name).approvals(filter)))
  const approvals = found
    .flatMap((each, at) => each.map((one) => ({ one, of: tenants[at] ?? '' })))
    .toSorted((a, b) => b.one.created - a.one.created)
    .slice(0, filter.limit)
  return { approvals: approvals.map(({ one, of }) => approvalView(one, of)) }
}

export const approval: Handler<'approval'> = async ({ params, deps }) => {
  const { found, tenant } = await findById(params.id, deps, (each) => each.approval(params.id))
  return { approval: approvalView(found, tenant) }
}

export const approve: Handler<'approve'> = (asked) =>
  decide(asked, { approve: true, scope: asked.body.scope })

export const deny: Handler<'deny'> = (asked) => decide(asked, { approve: false, scope: 'once' })

/** @throws Refusal 409 when it does not wait any more. */
async function decide(
  { params, deps, by }: Pick<Asked<'approve'>, 'params' | 'deps' | 'by'>,
  answer: ApprovalAnswer,
): Promise<{ readonly approval: ApprovalView }> {
  const { id } = params
  const { tenant, stub } = await findById(id, deps, (each) => each.approval(id))
  const decided = await stub.decide(id, answer, by)
  if (decided) return { approval: approvalView(decided, tenant) }
  const now = await stub.approval(id)
  throw new Refusal('PROXY_CONFLICT', 'the approval does not wait for a decision any more', {
    metadata: { state: now?.state ?? 'expired' },
  })
}

function approvalView(each: Approval, tenant: string): ApprovalView {
  const { id, state, scope, ask, created, expires, decided, by, used } = each
  return {
    id,
    state,
    tenant,
    project: ask.project,
    agent: ask.agent,
    grant: ask.grant,
    grant_note: ask.grant_note,
    provider: ask.provider,
    host: ask.host,
    method: ask.method,
    path: ask.shown_path,
    pattern: ask.pattern,
    query_keys: ask.query_keys,
    // Approvals from before there were operations have none.
    operation: ask.operation ?? null,
    summary: ask.summary,
    created_at: iso(created),
    expires_at: iso(expires),
    scope,
    decided_at: decided === null ? null : iso(decided),
    decided_by: by,
    used_at: used === null ? null : iso(used),
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
