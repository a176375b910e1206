import type { Deps } from '../deps.ts'
import { eventOf } from './describe.ts'
import type { Ending, Progress } from './describe.ts'

/**
 * The record of a call that has ended: a line on the console, and a record in the ledger of its
 * tenant. The one place of the request path that writes; it delays no answer and never throws.
 */
export function writeCall(so: Progress, ending: Ending, deps: Deps): void {
  const event = eventOf(so, ending)
  deps.write(event)
  const tenant = event.tenant ?? so.place?.host?.tenant ?? 'default'
  const record =
    so.opened === undefined
      ? ({ kind: 'call', event } as const)
      : ({ kind: 'closed', opened: so.opened, event } as const)
  // What was forwarded is never only counted.
  if (event.decision === 'allow' || so.opened !== undefined) deps.recorder.add(tenant, record, deps)
  else
    deps.recorder.addRefusal(
      { tenant, caller: so.caller?.id ?? null, code: event.code ?? '' },
      record,
      deps,
    )
}
