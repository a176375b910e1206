import { admit } from './admission.ts'
import type { Admitting } from './admission.ts'
import type { ApprovalAsk } from './approvals/approval.ts'
import { boundHeaders } from './approvals/headers.ts'
import type { HoldRoom } from './approvals/holds.ts'
import { cut, summaryOf } from './approvals/summary.ts'
import { webhookMessage } from './approvals/webhook.ts'
import { cleaner, MAX_KEYS, queryKeys } from './audit/describe.ts'
import type { Progress } from './audit/describe.ts'
import { sha256 } from './digest.ts'
import { approvalRequired, cannotCheck, passGate } from './gate.ts'
import type { Gating } from './gate.ts'
import { isLegible } from './headers.ts'
import type { Permit } from './policy/decision.ts'
import { Refusal } from './refusal.ts'

/** As much of a query key, of a path, and of the names of headers, as a person is shown. */
const LONGEST_KEY = 64
const LONGEST_PATH = 1024
const LONGEST_NAMES = 300

export interface Approving extends Admitting, Gating {
  /** Tells people that an approval waits; null where nobody is to be told. Never rejects. */
  readonly notify: ((message: unknown) => Promise<void>) | null
  /** Room for calls that wait for their approval. */
  readonly holds: HoldRoom
}

/**
 * The turn of a call, and the door behind it, in this order. Where a person has to say yes first and
 * has not, nothing is consumed: the turn is given back. Where the grant says so, the call waits for
 * the decision and then takes its turn anew. `body` is the whole of it, for a call under approval.
 * Returns the `RateLimit` headers.
 * @throws Refusal as `admit` and `passGate` do, and 403 while there is no approval.
 */
export async function admitApproved(
  permit: Permit,
  body: Uint8Array | null,
  so: Progress,
  deps: Approving,
): Promise<ReadonlyMap<string, string>> {
  const bytes = body ?? new Uint8Array()
  const approval = permit.approval ? await approvalAsk(permit, bytes, so) : null
  const first = await enter(permit, approval, so, deps)
  if (!first.question) return first.headers
  const decided = await isDecided(permit, first.question.id, bytes.byteLength, deps)
  if (!decided) throw approvalRequired(first.question)
  if (permit.call.request.signal.aborted) {
    throw new Refusal('PROXY_BAD_REQUEST', 'the caller went away', { reason: 'hung up' })
  }
  const { headers, question } = await enter(permit, approval, so, deps)
  if (question) throw approvalRequired(question)
  return headers
}

async function enter(permit: Permit, approval: ApprovalAsk | null, so: Progress, deps: Approving) {
  const { headers, refund } = await admit(permit, deps)
  try {
    const question = await passGate(permit, approval, so, deps)
    if (question) refund()
    if (question?.fresh && approval && deps.notify) {
      deps.waitUntil(deps.notify(webhookMessage(question.id, approval)))
    }
    return { headers, question }
  } catch (error) {
    refund()
    throw error
  }
}

/**
 * Where the grant says so, the call itself waits for the decision, one call for each approval. Which
 * it was, the object says.
 */
async function isDecided(
  { caller }: Permit,
  id: string,
  bytes: number,
  deps: Approving,
): Promise<boolean> {
  const wait = (caller.grant?.approval_hold_seconds ?? 0) * 1000
  const leave = wait === 0 ? null : deps.holds.enter(id, bytes)
  if (!leave) return false
  try {
    const state = await deps.tenantOf(caller.tenant).decision(id, wait).catch(cannotCheck)
    return state === 'approved' || state === 'denied'
  } finally {
    leave()
  }
}

/** What is to be approved, all of it: a person cannot say yes to what is still to come. */
async function approvalAsk(permit: Permit, body: Uint8Array, so: Progress): Promise<ApprovalAsk> {
  const { caller, provider, call, pattern, rule, also, operation } = permit
  const { grant, tenant, agent, project } = caller
  const clean = cleaner(so, call)
  const headers = boundHeaders(call.request.headers, provider, caller.carriers.headers)
  if (!isLegible(headers.text)) {
    throw new Refusal('PROXY_BAD_REQUEST', 'a header that is not UTF-8 cannot be approved')
  }
  const summary = summaryOf(body, call.request.headers.get('content-type'), clean)
  const named = cut(headers.unusual.map(clean).join(', '), LONGEST_NAMES)
  return {
    subject: {
      tenant,
      grant: grant?.id ?? '',
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
    rule: JSON.stringify([rule, operation, ...also]),
    operation: shownOperation(permit, clean),
    host: new URL(provider.base_url).host,
    query_keys: shownKeys(call.query, clean),
    shown_path: cut(clean(call.path), LONGEST_PATH),
    summary: named === '' ? summary : `${summary}; headers: ${named}`,
  }
}

function shownOperation({ operation }: Permit, clean: (text: string) => string): string | null {
  return operation === null ? null : clean(operation)
}

/** The names in the query; where there are more than are shown, the last one is `…`. */
function shownKeys(query: string, clean: (text: string) => string): readonly string[] {
  const keys = queryKeys(query).map((key) => cut(clean(key), LONGEST_KEY))
  return query.split('&').length > MAX_KEYS ? [...keys, '…'] : keys
}
