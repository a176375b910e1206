import type { Approval } from '../approvals/approval.ts'
import { decided } from '../approvals/deciding.ts'
import { approvalDecided } from './controls.ts'
import type { Act } from './controls.ts'
import type { ApprovalAnswer } from './stubs.ts'
import type { Tables } from './tables.ts'

/**
 * An operator's answer to an approval, and to the others that its timed scope covers: they are the same
 * question. A timed yes is one to those that are pending; whoever takes it back takes back all that
 * would let the same calls through. The one that was meant comes first; empty when it is not pending any more,
 * or not there. It belongs in one transaction.
 */
export function decide(
  { approvals, ledger }: Tables,
  id: string,
  answer: ApprovalAnswer,
  act: Act,
): readonly Approval[] {
  const asked = approvals.byId(id, act.now)
  const meant = asked && decided(asked, answer, act)
  if (!meant) return []
  const timed = meant.scope !== null && meant.scope !== 'once'
  const alike = meant.state === 'denied' ? 'approved' : 'pending'
  const others = timed ? approvals.coveredBy(meant, alike, act.now) : []
  const all = [meant, ...others.flatMap((each) => decided(each, answer, act) ?? [])]
  const records = all.map((each) => {
    const control = approvalDecided(each, act, each === meant ? null : id)
    return { kind: 'control', control } as const
  })
  for (const each of all) approvals.put(each)
  ledger.append(records, act.now)
  return all
}
