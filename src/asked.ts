import type { Call } from './call.ts'
import type { Provider } from './catalog.ts'
import type { Caller } from './identity.ts'
import type { Incoming } from './incoming.ts'
import { decide } from './policy/decide.ts'
import type { Decision } from './policy/decision.ts'
import { Refusal } from './refusal.ts'

/**
 * The decision about a call. Its body is read only where a rule has to see it, as far as the rule
 * has to, and when everything else has been decided that can be without it.
 * @throws Refusal as `Incoming.read` does.
 */
export async function decideAsked(
  caller: Caller,
  provider: Provider,
  call: Call,
  body: Incoming,
): Promise<Decision> {
  const first = decide(caller, provider, call, null)
  if (first.allow !== null) return first
  const content = await body.read(first.enough)
  const decision = decide(caller, provider, call, content)
  if (decision.allow !== null) return decision
  throw new Refusal('PROXY_BAD_REQUEST', 'the body cannot be read', { reason: 'read, and unread' })
}
