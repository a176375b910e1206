import { grantProblem } from '../grants/grant.ts'
import { pausedBy } from '../pauses/pause.ts'
import { requesting } from '../widening/asking.ts'
import { decidedAccess } from '../widening/deciding.ts'
import type { AccessAnswer, AccessDecision } from '../widening/deciding.ts'
import { covers } from '../widening/widening.ts'
import { accessDecided, accessRequested, grantWidened } from './controls.ts'
import type { Act } from './controls.ts'
import type { Door } from './entering.ts'
import type { AccessEntry, AccessEntered } from './stubs.ts'
import type { Tables } from './tables.ts'

/**
 * An agent asks for more than its grant allows: grant, pauses, and then what is known of the question.
 * It belongs in one transaction.
 */
export function askAccess(
  { grants, access, pauses, ledger }: Tables,
  { ask, hash, alias_of }: AccessEntry,
  { tenant, now, newId }: Door,
): AccessEntered {
  const grant = grants.byId(ask.grant)
  const problem = grant ? grantProblem(grant, hash, now) : 'unknown'
  if (!grant || problem) return { is: 'out', because: problem ?? 'unknown' }
  const subject = { tenant, agent: ask.agent, provider: ask.provider, alias_of }
  if (pausedBy(pauses.all(), subject)) return { is: 'out', because: 'paused' }
  if (covers(grant, ask, now)) return { is: 'granted' }
  const asked = requesting(ask, access.known(ask, now), { id: newId(), now })
  if (asked.is === 'known' && asked.fresh) {
    access.put(asked.request)
    ledger.append([{ kind: 'control', control: accessRequested(asked.request, now) }], now)
  }
  return asked
}

/** An operator's answer, the grant as it is by it, and the records of both. null: there is no such id. */
export function decideAccess(
  { grants, access, ledger }: Tables,
  id: string,
  answer: AccessAnswer,
  act: Act,
): AccessDecision | null {
  const request = access.byId(id, act.now)
  if (!request) return null
  const before = grants.byId(request.ask.grant)
  const decision = decidedAccess(request, before, answer, act)
  if (decision.is !== 'decided') return decision
  access.put(decision.request)
  const controls = [accessDecided(decision.request, act)]
  if (decision.grant && before) {
    grants.put(decision.grant, before)
    controls.push(grantWidened(decision.grant, decision.request, act))
  }
  const records = controls.map((control) => ({ kind: 'control', control }) as const)
  ledger.append(records, act.now)
  return decision
}
