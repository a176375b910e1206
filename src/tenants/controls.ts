import type { Approval } from '../approvals/approval.ts'
import type { Control } from '../audit/record.ts'
import { redact } from '../audit/redact.ts'
import type { GrantChange } from '../grants/changes.ts'
import type { Grant } from '../grants/grant.ts'
import { scopeKey } from '../pauses/pause.ts'
import type { PauseScope } from '../pauses/pause.ts'
import type { AccessAsk, AccessRequest } from '../widening/access_request.ts'

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

/** An agent has asked for more than its grant allows. */
export function accessRequested({ id, ask, expires }: AccessRequest, now: number): Control {
  const details = { ...accessDetails(ask), expires_at: iso(expires), reason: ask.reason }
  return control('access.requested', id, { by: `agent:${ask.agent}`, now }, details)
}

export function accessDecided({ id, ask, state, expires }: AccessRequest, act: Act): Control {
  const details = { ...accessDetails(ask), expires_at: iso(expires) }
  return control(state === 'denied' ? 'access.denied' : 'access.approved', id, act, details)
}

/** A grant as it is after that decision: wider, or no wider any more. */
export function grantWidened(grant: Grant, { id, state, ask }: AccessRequest, act: Act): Control {
  const { provider, access } = ask
  const details = { ...grantDetails(grant), because: id, provider, access }
  return control(state === 'denied' ? 'grant.narrowed' : 'grant.widened', grant.id, act, details)
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

/** So much of the patterns is in a record; the whole is in the request itself. */
const LONGEST_RULES = 1000

function accessDetails({ grant, project, agent, ...wish }: AccessAsk): Details {
  const { provider, access, allow, duration } = wish
  const rules = allow?.map(({ methods, pattern }) => `${methods.join('|')} ${pattern}`).join(' ')
  const said = rules === undefined ? null : rules.slice(0, LONGEST_RULES)
  return { grant, project, agent, provider, access, allow: said, duration }
}

/** `all` has no name to find it by. */
function scopeDetails(scope: PauseScope): Details {
  return 'all' in scope ? {} : { ...scope }
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
