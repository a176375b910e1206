import type { Deps } from '../deps.ts'
import type { Permit } from '../policy/decision.ts'
import type { Passed } from '../websocket/bridge.ts'
import { eventOf } from './describe.ts'
import type { Ending, Progress } from './describe.ts'
import { eventText } from './event.ts'
import type { Refused } from './recorder.ts'

/**
 * The record of a call that has ended: a line on the console, and a record in the ledger of its
 * tenant. The one place of the request path that writes; it delays no answer and never throws.
 */
export function writeCall(so: Progress, ending: Ending, deps: Deps): void {
  const event = eventOf(so, ending)
  const text = eventText(event)
  deps.write(text)
  const tenant = tenantIn(so)
  const { opened } = so
  // What was forwarded is recorded; what was only refused is counted when there is too much of it.
  const call = { kind: 'call', event: text } as const
  if (opened !== undefined) deps.recorder.add(tenant, { kind: 'closed', opened, event: text }, deps)
  else if (event.decision === 'allow') deps.recorder.add(tenant, call, deps)
  else deps.recorder.addRefusal(whoIn(so, tenant), call, deps)
}

/** The caller's; of a stranger, that of the token he showed or of the host entry. */
function tenantIn({ caller, refusal, place }: Progress): string {
  return caller?.tenant ?? refusal?.details.tenant ?? place?.host?.tenant ?? 'default'
}

function whoIn({ caller, refusal }: Progress, tenant: string): Refused {
  return { tenant, caller: caller?.id ?? null, code: refusal?.code ?? 'none' }
}

/**
 * The echoes that were taken out of a body while it streamed: known when the record of the call has
 * been written. A line on the console, and a record that names the call.
 */
export function writeEchoes(
  id: string,
  { caller, provider }: Permit,
  echoes: number,
  deps: Deps,
): void {
  if (echoes === 0) return
  deps.warn(`audit: ${echoes} echoes of a credential in the answer to ${id}`)
  const { agent, project, tenant } = caller
  const cut = provider.on_echo === 'block'
  const details = { provider: provider.name, agent, project, echoes_scrubbed: echoes, cut }
  const at = new Date(deps.now()).toISOString()
  const control = { at, action: 'answer.scrubbed', by: 'outpost', target: id, details }
  deps.recorder.add(tenant, { kind: 'control', control }, deps)
}

/**
 * What went over a web socket, at its end: the record of the call was written when it opened. Its
 * messages and the reasons that were given are nobody's but theirs.
 */
export function writeSocket(
  id: string,
  { caller, provider }: Permit,
  { ending, echoes, ...counts }: Passed,
  deps: Deps,
): void {
  if (echoes > 0) deps.warn(`audit: ${echoes} echoes of a credential in the messages to ${id}`)
  const { agent, project, tenant } = caller
  const { by, why } = ending
  const code = ending[by === 'agent' ? 'upstream' : 'agent'].code ?? null
  const whose = { provider: provider.name, agent, project }
  const details = { ...whose, ...counts, closed_by: by, code, why, echoes_scrubbed: echoes }
  const at = new Date(deps.now()).toISOString()
  const control = { at, action: 'websocket.closed', by: 'outpost', target: id, details }
  deps.recorder.add(tenant, { kind: 'control', control }, deps)
}
