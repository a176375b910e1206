import type { Approval } from '../approvals/approval.ts'
import type { Control } from '../audit/record.ts'
import { redact } from '../audit/redact.ts'
import type { GrantChange } from '../grants/changes.ts'
import type { Grant } from '../grants/grant.ts'
import { scopeKey } from '../pauses/pause.ts'
import type { PauseScope } from '../pauses/pause.ts'

/** Who did it and when, Unix ms. */
export interface Act {
  readonly by: string
  readonly now: number
}

type Details = Control['details']

const CHANGES = {
  renew: 'grant.renewed',
  rotate: 'grant.rotated',
  revoke: 'grant.revoked',
} as const

/** Somebody was given a grant. */
export function grantCreated(grant: Grant, act: Act): Control {
  return control('grant.created', grant.id, act, { ...grantDetails(grant), ...limitsOf(grant) })
}

/** A grant as it is after a change. */
export function grantChanged(grant: Grant, change: GrantChange, act: Act): Control {
  const more = change.is === 'rotate' ? { overlap: change.overlap } : {}
  return control(CHANGES[change.is], grant.id, act, { ...grantDetails(grant), ...more })
}

/** A call has asked; it was not an operator's doing. */
export function approvalRequested(approval: Approval, now: number): Control {
  const act = { by: `agent:${approval.ask.agent}`, now }
  return control('approval.requested', approval.id, act, approvalDetails(approval))
}

/** `because`: the approval whose timed scope decided this one too, when it was not meant itself. */
export function approvalDecided(approval: Approval, act: Act, because: string | null): Control {
  const action = approval.state === 'denied' ? 'approval.denied' : 'approval.approved'
  const more = because === null ? {} : { because }
  const details = { ...approvalDetails(approval), scope: approval.scope, ...more }
  return control(action, approval.id, act, details)
}

export function pauseSet(scope: PauseScope, act: Act): Control {
  return control('pause.set', scopeKey(scope), act, scopeDetails(scope))
}

export function pauseEnded(scope: PauseScope, act: Act): Control {
  return control('pause.ended', scopeKey(scope), act, scopeDetails(scope))
}

/** Names are an operator's own words: what looks like a token in them is not recorded. */
function control(action: string, target: string, { by, now }: Act, details: Details): Control {
  const clean = Object.entries(details).map(([name, value]) => [
    name,
    typeof value === 'string' ? redact(value, []) : value,
  ])
  return {
    at: iso(now),
    action,
    by: redact(by, []),
    target: redact(target, []),
    details: Object.fromEntries(clean),
  }
}

function grantDetails({ project, agent, expires }: Grant): Details {
  return { project, agent, expires_at: iso(expires) }
}

function limitsOf({ providers, max_calls, approval, cidrs }: Grant): Details {
  return {
    providers: providers.map(({ provider, access }) => `${provider}:${access}`).join(' '),
    max_calls,
    approval,
    cidrs: cidrs.join(' '),
  }
}

function approvalDetails({ ask, expires }: Approval): Details {
  const { grant, project, agent, provider, method, shown_path } = ask
  return { grant, project, agent, provider, method, path: shown_path, expires_at: iso(expires) }
}

/** `all` has no name to find it by. */
function scopeDetails(scope: PauseScope): Details {
  return 'all' in scope ? {} : { ...scope }
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
