import type { ApprovalAsk } from './approvals/approval.ts'
import { boundHeaders } from './approvals/headers.ts'
import type { HoldRoom } from './approvals/holds.ts'
import { summaryOf } from './approvals/summary.ts'
import { queryKeys } from './audit/describe.ts'
import { redact } from './audit/redact.ts'
import { sha256 } from './digest.ts'
import { cannotCheck, refusalOf, tellOf } from './gate.ts'
import type { Gating } from './gate.ts'
import type { Permit } from './policy/decide.ts'
import { Refusal } from './refusal.ts'
import type { Knocked, Knocking } from './tenants/stubs.ts'

/** As much of a query key, and of a path, as a person is shown. */
const LONGEST_KEY = 64
const LONGEST_PATH = 1024

export interface Approving extends Gating {
  /** Room for calls that wait for their approval. */
  readonly holds: HoldRoom
}

/**
 * Sees to it that a person has said yes to the call, where one has to: before it takes its turn, so
 * that what is not approved consumes nothing. The approval is used up at the gate. Returns what it is
 * bound to; null where none is wanted. `body` is the whole of it.
 * @throws Refusal 403 while there is no approval, 429 when too many wait, 502 when nobody can tell.
 */
export async function awaitApproval(
  permit: Permit,
  body: Uint8Array | null,
  deps: Approving,
): Promise<ApprovalAsk | null> {
  if (!permit.approval) return null
  const approval = await approvalAsk(permit, body ?? new Uint8Array())
  let knocked = await knock(permit, approval, deps)
  if (knocked.is === 'pending' && (await isDecided(permit, knocked.id, body, deps))) {
    if (permit.call.request.signal.aborted) throw new Refusal('PROXY_BAD_REQUEST', 'hung up')
    knocked = await knock(permit, approval, deps)
  }
  if (knocked.is !== 'ready') throw refusalOf(knocked, permit, deps)
  return approval
}

async function knock(
  { caller, provider }: Permit,
  approval: ApprovalAsk,
  deps: Approving,
): Promise<Knocked> {
  const { grant, agent, tenant } = caller
  const call: Knocking = {
    grant: grant && { id: grant.id, hash: grant.hash },
    subject: { agent, provider: provider.name },
    approval,
  }
  const knocked = await deps.tenantOf(tenant).knock(call).catch(cannotCheck)
  tellOf(knocked, approval, deps)
  return knocked
}

/**
 * Where the grant says so, the call itself waits for the decision, one call for each approval. Which
 * it was, the object says.
 */
async function isDecided(
  { caller }: Permit,
  id: string,
  body: Uint8Array | null,
  deps: Approving,
): Promise<boolean> {
  const wait = (caller.grant?.approval_hold_seconds ?? 0) * 1000
  const leave = wait === 0 ? null : deps.holds.enter(id, body?.byteLength ?? 0)
  if (!leave) return false
  try {
    const state = await deps.tenantOf(caller.tenant).decision(id, wait).catch(cannotCheck)
    return state === 'approved' || state === 'denied'
  } finally {
    leave()
  }
}

/** What is to be approved, all of it: a person cannot say yes to what is still to come. */
async function approvalAsk(permit: Permit, body: Uint8Array): Promise<ApprovalAsk> {
  const { caller, provider, call, pattern } = permit
  const { grant, tenant, agent, project, shown } = caller
  const clean = (text: string) => redact(text, shown)
  const headers = boundHeaders(call.request.headers, provider)
  const summary = summaryOf(body, call.request.headers.get('content-type'), clean)
  const named = headers.unusual.map(clean).join(', ')
  return {
    subject: {
      tenant,
      agent: agent ?? '',
      provider: provider.name,
      method: call.method,
      path: call.path,
      query: call.query,
      body: await sha256(body),
      headers: await sha256(new TextEncoder().encode(headers.text)),
    },
    grant: grant?.id ?? '',
    grant_note: grant?.note ?? '',
    project,
    pattern,
    host: new URL(provider.base_url).host,
    query_keys: queryKeys(call.query).map((key) => cut(clean(key), LONGEST_KEY)),
    shown_path: cut(clean(call.path), LONGEST_PATH),
    summary: named === '' ? summary : cut(`${summary}; headers: ${named}`, LONGEST_PATH),
  }
}

/** Nobody is to think that he has seen the whole. */
function cut(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest)}… (${text.length} characters)` : text
}
