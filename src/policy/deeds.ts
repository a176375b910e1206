import type { Call } from '../call.ts'
import type { Provider } from '../catalog.ts'
import { Unreadable } from '../content/content.ts'
import type { Content } from '../content/content.ts'
import { deedsOf } from './beside.ts'
import { deny } from './decision.ts'
import type { Decision, Denial, Permit, Unread } from './decision.ts'

interface Judged {
  readonly call: Call
  readonly content: Content | null
  /** What is decided about a call by itself. */
  readonly judge: (call: Call) => Decision | Unread
}

/**
 * The decision, with what the call does beside: each deed has to be allowed as if it were asked for
 * alone, and what that wants the call wants: it is sensitive, a person has to say yes.
 */
export function withDeeds(
  own: Decision | Unread,
  provider: Provider,
  { call, content, judge }: Judged,
): Decision | Unread {
  if (own.allow !== true) return own
  const deeds = deedsOf(provider, call, content)
  if (deeds === 'unread') return { allow: null }
  const { operation } = own.permit
  if (deeds instanceof Unreadable) return unreadable(deeds.message, operation)
  return deeds.reduce<Decision>((so, { by, method, path }) => {
    if (!so.allow) return so
    return stricter(so.permit, by, judge({ ...call, method, path, query: '' }))
  }, own)
}

function stricter(permit: Permit, by: string, other: Decision | Unread): Decision {
  const { operation } = permit
  if (other.allow === null) return unreadable(`what ${by} names cannot be judged`, operation)
  if (!other.allow) return { ...other, operation, reason: `${by}: ${other.reason}` }
  const sensitive = permit.sensitive || other.permit.sensitive
  const approval = permit.approval || other.permit.approval
  const also = [...new Set([...permit.also, other.permit.rule, ...other.permit.also])]
  return { allow: true, permit: { ...permit, sensitive, approval, also } }
}

function unreadable(message: string, operation: string | null): Denial {
  return deny('PROXY_BAD_REQUEST', message, { rule: 'unreadable', reason: message, operation })
}
