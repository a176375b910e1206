import type { Call } from '../call.ts'
import type { Deps } from '../deps.ts'
import { identify, placeOf } from '../identity.ts'
import type { Caller } from '../identity.ts'
import { Refusal } from '../refusal.ts'

/**
 * The agent that asks the proxy about itself, by the same rules as one that calls.
 * @throws Refusal as `identify` does.
 */
export function callerOf(request: Request, deps: Deps): Promise<Caller> {
  const call: Call = { method: 'GET', path: '/', query: '', named: NOBODY, request }
  return identify(call, placeOf(request, deps), deps)
}

const NOBODY = { by: 'nothing', name: '' } as const

/** The agent, or null for a stranger. @throws Refusal when that cannot be found out. */
export async function callerOrNull(request: Request, deps: Deps): Promise<Caller | null> {
  try {
    return await callerOf(request, deps)
  } catch (error) {
    if (error instanceof Refusal && error.code === 'PROXY_UPSTREAM_ERROR') throw error
    return null
  }
}
