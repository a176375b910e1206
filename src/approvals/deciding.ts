import { stateAt } from './approval.ts'
import type { Approval, ApprovalScope } from './approval.ts'

/** What a person says. `scope` is of no meaning where it is no. */
export interface Answer {
  readonly approve: boolean
  readonly scope: ApprovalScope
}

const LASTS_MS = { '10m': 10 * 60_000, '1h': 60 * 60_000 } as const

/** Decided or expired ones are kept so long, for whoever wants to see what became of them. */
export const KEPT_MS = 24 * 60 * 60_000

/**
 * The approval as it was decided, or null when it is not pending any more. A timed scope lasts from
 * the decision on. For once, or denied, it ends when the agent was told that it would. What was
 * approved and still lets calls through can be taken back by a denial.
 */
export function decided(
  approval: Approval,
  { approve, scope }: Answer,
  { by, now }: { readonly by: string; readonly now: number },
): Approval | null {
  const state = stateAt(approval, now)
  if (state !== 'pending' && (approve || state !== 'approved')) return null
  if (!approve) return { ...approval, state: 'denied', decided: now, by }
  const expires = scope === 'once' ? approval.expires : now + LASTS_MS[scope]
  return { ...approval, state: 'approved', scope, expires, decided: now, by }
}

/** Unix ms: what ended before then is forgotten. */
export function forgottenBefore(now: number): number {
  return now - KEPT_MS
}
