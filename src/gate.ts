import type { ApprovalAsk } from './approvals/approval.ts'
import { summaryOf } from './approvals/summary.ts'
import { webhookMessage } from './approvals/webhook.ts'
import { cleaner, eventOf, queryKeys } from './audit/describe.ts'
import type { Progress } from './audit/describe.ts'
import { sha256 } from './digest.ts'
import { grantProblem } from './grants/grant.ts'
import type { Granting } from './grants/holding.ts'
import { ended } from './identity.ts'
import { pausedBy } from './pauses/pause.ts'
import type { Permit } from './policy/decide.ts'
import { Refusal } from './refusal.ts'
import type { Entered, Entry } from './tenants/stubs.ts'

/** An agent that sends the call again sooner than this finds the same answer. */
const RETRY_AFTER_S = 5

/** As much of a query key, and of a path, as a person is shown. */
const LONGEST_KEY = 64
const LONGEST_PATH = 1024

export interface Gating extends Granting {
  /** Tells people that an approval waits; null where nobody is to be told. Never rejects. */
  readonly notify: ((message: unknown) => Promise<void>) | null
}

/**
 * The last door before a secret is read, for a sensitive call and for one that a person has to
 * approve. In one hop the tenant's object looks at the grant as it is now, at what is paused, uses
 * the approval up, and writes the record of the call. What it says is on disk.
 * @throws Refusal 403 when it says no, 502 when it cannot be asked: then nothing goes.
 */
export async function passGate(
  permit: Permit,
  body: Uint8Array | null,
  so: Progress,
  deps: Gating,
): Promise<void> {
  if (!permit.sensitive && !permit.approval) return
  const entry = await entryOf(permit, body, so, deps.now())
  let entered = await ask(permit, entry, deps)
  if (entered.is === 'pending' && (await isDecided(permit, entered.id, deps))) {
    entered = await ask(permit, entry, deps)
  }
  if (entered.is !== 'in') throw refusalOf(entered, permit, deps)
  so.opened = entered.opened
  so.approval = entered.approval
}

/**
 * Whether a call that is answered without the upstream is still allowed: what the tenant's object
 * says of the grant and of pauses now. A read may go by a copy of that.
 * @throws Refusal 403 when it is not, 502 when it cannot be asked.
 */
export async function stillAllowed(permit: Permit, deps: Gating): Promise<void> {
  const { caller, provider } = permit
  const { grant, tenant, agent } = caller
  const look = await deps
    .tenantOf(tenant)
    .look(grant?.hash ?? null)
    .catch(cannotAsk)
  const subject = { tenant, agent, provider: provider.name }
  const paused = pausedBy(look.pauses, subject)
  if (paused) throw refusalOf({ is: 'out', because: 'paused' }, permit, deps)
  if (!grant) return
  const because = look.grant ? grantProblem(look.grant, grant.hash, deps.now()) : 'unknown'
  if (because) throw refusalOf({ is: 'out', because }, permit, deps)
}

async function ask({ caller }: Permit, entry: Entry, deps: Gating): Promise<Entered> {
  const entered = await deps.tenantOf(caller.tenant).enter(entry).catch(cannotAsk)
  if (entered.is === 'pending' && entered.fresh) tell(entered.id, entry.approval, deps)
  return entered
}

function cannotAsk(cause: unknown): never {
  throw new Refusal('PROXY_UPSTREAM_ERROR', 'the call cannot be checked and recorded', { cause })
}

async function entryOf(
  permit: Permit,
  body: Uint8Array | null,
  so: Progress,
  now: number,
): Promise<Entry> {
  const { caller, provider } = permit
  const { grant, agent } = caller
  return {
    grant: grant && { id: grant.id, hash: grant.hash },
    subject: { agent, provider: provider.name },
    approval: permit.approval ? await approvalAsk(permit, body, so) : null,
    event: eventOf(so, { now, response: null }),
  }
}

/** What is to be approved. The body is whole: a person cannot say yes to what is still to come. */
async function approvalAsk(
  permit: Permit,
  body: Uint8Array | null,
  so: Progress,
): Promise<ApprovalAsk> {
  const { caller, provider, call, pattern } = permit
  const { grant, tenant, agent, project } = caller
  const bytes = body ?? new Uint8Array()
  const clean = cleaner(so, call)
  return {
    subject: {
      tenant,
      agent: agent ?? '',
      provider: provider.name,
      method: call.method,
      path: call.path,
      query: call.query,
      body: await sha256(bytes),
    },
    grant: grant?.id ?? '',
    grant_note: grant?.note ?? '',
    project,
    pattern: clean(pattern),
    host: new URL(provider.base_url).host,
    query_keys: queryKeys(call.query).map((key) => clean(key).slice(0, LONGEST_KEY)),
    shown_path: clean(call.path).slice(0, LONGEST_PATH),
    summary: summaryOf(bytes, call.request.headers.get('content-type'), clean),
  }
}

/** Where the grant says so, the call itself waits for the decision: then the object says which. */
async function isDecided({ caller }: Permit, id: string, deps: Gating): Promise<boolean> {
  const wait = (caller.grant?.approval_hold_seconds ?? 0) * 1000
  if (wait === 0) return false
  const state = await deps.tenantOf(caller.tenant).decision(id, wait).catch(cannotAsk)
  return state === 'approved' || state === 'denied'
}

function tell(id: string, approval: ApprovalAsk | null, deps: Gating): void {
  if (approval && deps.notify) deps.waitUntil(deps.notify(webhookMessage(id, approval)))
}

type Refused = Exclude<Entered, { is: 'in' }>

function refusalOf(entered: Refused, { caller }: Permit, deps: Gating): Refusal {
  switch (entered.is) {
    case 'pending':
      return approvalRequired(entered.id, entered.expires)
    case 'crowded':
      return new Refusal('PROXY_RATE_LIMITED', 'too many calls wait for approval already', {
        headers: { 'retry-after': String(RETRY_AFTER_S) },
      })
    case 'out':
      return outBecause(entered.because, caller, deps)
  }
}

function outBecause(
  because: Extract<Entered, { is: 'out' }>['because'],
  { grant, tenant }: Permit['caller'],
  deps: Gating,
): Refusal {
  // Reads of this isolate need not go on for the rest of the minute.
  if (grant && because !== 'denied') deps.grantCopies.forget(grant.hash)
  if (because === 'paused') {
    deps.pauseCopies.forget(tenant)
    return new Refusal('PROXY_PAUSED', 'paused by an operator', { reason: 'paused' })
  }
  if (because === 'denied') {
    return new Refusal('PROXY_GRANT_DENIED', 'an operator has denied this call', {
      reason: 'approval denied',
    })
  }
  return ended(grant?.id ?? 'no grant', because)
}

function approvalRequired(id: string, expires: number): Refusal {
  return new Refusal(
    'PROXY_APPROVAL_REQUIRED',
    'a person has to approve this call; send it again',
    {
      metadata: {
        approval_id: id,
        status_url: `/_outpost/approvals/${id}/status`,
        expires_at: new Date(expires).toISOString(),
      },
      headers: { 'retry-after': String(RETRY_AFTER_S) },
      reason: `waits for ${id}`,
    },
  )
}
