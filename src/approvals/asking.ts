import { sha256 } from '@noble/hashes/sha2.js'

import { stateAt } from './approval.ts'
import type { Approval, ApprovalAsk, ApprovalSubject } from './approval.ts'

/** How long a call waits for a decision, and how long a denial or an approval for once stands. */
export const PENDING_MS = 15 * 60_000

/** So many may be pending: an agent cannot flood the people who decide, nor shut out the others. */
export const MOST_OF_AGENT = 100
export const MOST_OF_TENANT = 1000

/** What is known of approvals when a call asks. */
export interface Known {
  /** The newest with the very key. */
  readonly same: Approval | null
  /** One of a timed scope that covers the call. */
  readonly timed: Approval | null
  /** How many are pending; asked only for a call that would add one. */
  readonly pending: () => { readonly agent: number; readonly tenant: number }
}

/** What a call that wants approval is told. An `approval` with `changed` is to be stored. */
export type Asked =
  | { readonly is: 'in'; readonly approval: Approval; readonly changed: boolean }
  | { readonly is: 'denied'; readonly approval: Approval }
  | { readonly is: 'pending'; readonly approval: Approval; readonly changed: boolean }
  | { readonly is: 'crowded' }

const utf8 = new TextEncoder()

/**
 * The key of the very call: SHA-256, lower-case hex. A JSON list of texts can be read in one way
 * only, so no two calls have one key.
 */
export function keyOf(subject: ApprovalSubject): string {
  const { tenant, grant, agent, provider, method, path, query, body, headers } = subject
  return digestOf([tenant, grant, agent, provider, method, path, query, body, headers])
}

/**
 * The key of all that a timed scope covers: SHA-256, so that a literal path need not be kept. It ends
 * with its grant. A path that is spelt like a pattern covers itself, and nothing that the pattern
 * would match.
 */
export function coverOf({ subject, pattern, rule }: ApprovalAsk): string {
  const { tenant, grant, agent, provider, method, path } = subject
  const what = pattern === null ? ['path', path] : ['pattern', pattern]
  return digestOf([tenant, grant, agent, provider, method, ...what, rule])
}

/**
 * One call asks. A call that was asked for before and is not decided has the same id as then; a
 * denied one stays denied until that expires; what was approved for once goes once.
 */
export function asking(
  ask: ApprovalAsk,
  { same, timed, pending }: Known,
  made: { readonly id: string; readonly now: number },
): Asked {
  const { now } = made
  const settled = [same, timed].find((each) => each && isSettled(each, now))
  if (settled?.state === 'denied') return { is: 'denied', approval: settled }
  if (settled) return through(settled, now)
  if (same && stateAt(same, now) === 'pending') {
    return { is: 'pending', approval: same, changed: false }
  }
  if (isCrowded(pending())) return { is: 'crowded' }
  return { is: 'pending', approval: asked(ask, made), changed: true }
}

function isSettled({ state, expires }: Approval, now: number): boolean {
  return now < expires && (state === 'approved' || state === 'denied')
}

function isCrowded({ agent, tenant }: ReturnType<Known['pending']>): boolean {
  return agent >= MOST_OF_AGENT || tenant >= MOST_OF_TENANT
}

function through(approval: Approval, now: number): Asked {
  if (approval.scope === 'once') {
    return { is: 'in', approval: { ...approval, state: 'used', used: now }, changed: true }
  }
  // Each use is in the audit; here the first is enough, and the next ones write nothing.
  if (approval.used !== null) return { is: 'in', approval, changed: false }
  return { is: 'in', approval: { ...approval, used: now }, changed: true }
}

function asked(
  ask: ApprovalAsk,
  { id, now }: { readonly id: string; readonly now: number },
): Approval {
  const { subject, rule: _rule, ...shown } = ask
  const { agent, provider, method } = subject
  // Where no rule spoke, only the redacted path is kept.
  const pattern = shown.pattern ?? shown.shown_path
  return {
    id,
    key: keyOf(subject),
    cover: coverOf(ask),
    ask: { ...shown, pattern, agent, provider, method },
    state: 'pending',
    created: now,
    expires: now + PENDING_MS,
    scope: null,
    decided: null,
    by: null,
    used: null,
  }
}

function digestOf(texts: readonly string[]): string {
  return sha256(utf8.encode(JSON.stringify(texts))).toHex()
}
