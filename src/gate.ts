import type { ApprovalAsk } from './approvals/approval.ts'
import { eventOf } from './audit/describe.ts'
import type { Progress } from './audit/describe.ts'
import { eventText } from './audit/event.ts'
import { grantProblem } from './grants/grant.ts'
import type { Granting } from './grants/holding.ts'
import { ended } from './identity.ts'
import type { HeldGrant } from './identity.ts'
import { pausedBy } from './pauses/pause.ts'
import type { PauseSubject } from './pauses/pause.ts'
import type { Permit } from './policy/decision.ts'
import { Refusal } from './refusal.ts'
import type { Entered, Entry } from './tenants/stubs.ts'
import { narrowedSince } from './widening/widening.ts'

/** An agent that sends the call again sooner than this finds the same answer. */
const RETRY_AFTER_S = 5

/** A read that has waited longer than this is looked at once more: its copy of the grant is older. */
const RECHECK_MS = 5000
/** One that was looked at by the door is, when its secrets took longer than this. */
const SENSITIVE_RECHECK_MS = 1000

export type Gating = Granting

/**
 * The last door before a secret is read, for a sensitive call and for one that a person has to
 * approve. In one hop the tenant's object looks at the grant as it is now, at what is paused, uses
 * the approval up, and writes the record of the call. What it says is on disk. Returns the question
 * that waits for a person, or null: the call may go.
 * @throws Refusal 403 when it says no, 502 when it cannot be asked: then nothing goes.
 */
export async function passGate(
  permit: Permit,
  approval: ApprovalAsk | null,
  so: Progress,
  deps: Gating,
): Promise<Question | null> {
  const now = deps.now()
  if (!permit.sensitive && !approval) {
    if (now - so.at > RECHECK_MS) await stillAllowed(permit, deps)
    return null
  }
  const { grant, tenant } = permit.caller
  const entry: Entry = {
    grant: grant && { id: grant.id, hash: grant.hash, widened: addedTo(grant) },
    subject: subjectOf(permit),
    approval,
    event: eventText(eventOf(so, { now, response: null })),
  }
  const entered = await deps.tenantOf(tenant).enter(entry).catch(cannotCheck)
  if (entered.is === 'pending') return entered
  if (entered.is !== 'in') throw refusalOf(entered, permit, deps)
  so.opened = entered.opened
  so.approval = entered.approval
  return null
}

/** An approval that is asked for. */
export type Question = Extract<Entered, { is: 'pending' }>

/**
 * Whether a call that is answered without the upstream is still allowed: what the tenant's object
 * says of the grant and of pauses now. A read may go by a copy of that.
 * @throws Refusal 403 when it is not, 502 when it cannot be asked.
 */
export async function stillAllowed(permit: Permit, deps: Gating): Promise<void> {
  const { grant, tenant } = permit.caller
  const look = await deps
    .tenantOf(tenant)
    .look(grant?.hash ?? null)
    .catch(cannotCheck)
  const paused = pausedBy(look.pauses, subjectOf(permit))
  if (paused) throw refusalOf({ is: 'out', because: 'paused' }, permit, deps)
  if (!grant) return
  const because = look.grant
    ? (grantProblem(look.grant, grant.hash, deps.now()) ??
      narrowedSince(look.grant, addedTo(grant)))
    : 'unknown'
  if (because) throw refusalOf({ is: 'out', because }, permit, deps)
}

/**
 * Just before the call goes: whether it is still allowed, where what came since `door`, the time that
 * was last looked, took long. A secret may be kept elsewhere, a token minted. null: it did not.
 * @throws Refusal as above.
 */
export function lookAgain(permit: Permit, door: number, deps: Gating): Promise<void> | null {
  const most = permit.sensitive || permit.approval ? SENSITIVE_RECHECK_MS : RECHECK_MS
  return deps.now() - door > most ? stillAllowed(permit, deps) : null
}

function addedTo({ widened }: HeldGrant): readonly string[] {
  return widened?.map(({ id }) => id) ?? []
}

function subjectOf({ caller, provider }: Permit): PauseSubject {
  const { tenant, agent } = caller
  return { tenant, agent, provider: provider.name, alias_of: provider.alias_of }
}

/** In doubt closed. */
export function cannotCheck(cause: unknown): never {
  throw new Refusal('PROXY_UPSTREAM_ERROR', 'the call cannot be checked and recorded', { cause })
}

/** What the agent is told. Reads of this isolate need not go on by their copies either. */
function refusalOf(
  entered: Exclude<Entered, { is: 'in' | 'pending' }>,
  { caller }: Permit,
  deps: Gating,
): Refusal {
  if (entered.is === 'out') return outBecause(entered.because, caller, deps)
  return new Refusal('PROXY_RATE_LIMITED', 'too many calls wait for approval already', {
    headers: { 'retry-after': String(RETRY_AFTER_S) },
  })
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
  if (because === 'narrowed') {
    return new Refusal('PROXY_GRANT_DENIED', 'this grant has changed: send the call again', {
      reason: 'what was added to the grant was taken back',
    })
  }
  return ended({ id: grant?.id ?? 'no grant', tenant }, because)
}

/** The agent may send the very same call again: once a person has said yes, it goes. */
export function approvalRequired({ id, expires }: Question): Refusal {
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
