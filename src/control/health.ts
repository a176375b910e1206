import type { Deps } from '../deps.ts'
import { reachOf } from '../identity.ts'
import { asRefusal, refuse } from '../refusal.ts'
import { callerOrNull } from './callers.ts'
import { own } from './own.ts'

/** What `/healthz` says: that we live, and to an accepted caller the names of its providers. */
export async function healthOf(request: Request, deps: Deps) {
  const caller = await callerOrNull(request, deps)
  if (!caller) return { status: 'ok' } as const
  return { status: 'ok', providers: reachOf(caller, deps.catalog).available() } as const
}

/** The same as an answer, for probes: nothing else of the control plane is made for it. */
export async function answerProbe(request: Request, deps: Deps): Promise<Response> {
  const response = await healthOf(request, deps).then(
    (health) => Response.json(health),
    (error: unknown) => refuse(asRefusal(error)),
  )
  return own(response, deps)
}
