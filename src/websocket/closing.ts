import { redact } from '../secret.ts'
import type { Secret } from '../secret.ts'

/** How a side is told that it is over. No code: none is said, which is a code of its own (1005). */
export interface Closing {
  readonly code?: number
  readonly reason?: string
}

/** Who ended it, and what each side is told. */
export interface Ending {
  readonly by: 'agent' | 'upstream' | 'outpost'
  /** Why Outpost did; null where it did not. */
  readonly why: Why | null
  readonly agent: Closing
  readonly upstream: Closing
}

export type Why = 'idle' | 'unread' | 'echo' | 'not allowed' | 'not checked'

/** RFC 6455 §7.4.1: what no endpoint may send. 1005 is that nothing was said, 1006 that the line broke. */
const NOTHING_SAID = 1005
const BROKE = 1006

const LONGEST_REASON = 123

/**
 * What the other side is told of the end of one. Where the line broke it is told so in the words of
 * RFC 6455: 1011 for an upstream, 1001 for an agent.
 */
export function passedOn(
  from: 'agent' | 'upstream',
  code: number,
  reason: string,
  secrets: readonly Secret[],
): Ending {
  const own = { by: from, why: null } as const
  if (code === BROKE || !maySay(code)) {
    return from === 'agent'
      ? { ...own, agent: {}, upstream: { code: 1001, reason: '' } }
      : { ...own, agent: { code: 1011, reason: 'the upstream went away' }, upstream: {} }
  }
  const said = from === 'upstream' ? short(redact(reason, secrets)) : reason
  const closing = code === NOTHING_SAID ? {} : { code, reason: said }
  return { ...own, agent: closing, upstream: closing }
}

/** What an endpoint may say, and the runtime sends. */
function maySay(code: number): boolean {
  return (
    code === NOTHING_SAID || (code >= 1000 && code < 5000 && ![1004, 1006, 1015].includes(code))
  )
}

/** What each side is told when Outpost ends it. The upstream hears only that the agent is going. */
export function stopped(why: Why, reason: string): Ending {
  const agent = { code: CODES[why], reason: short(reason) }
  return { by: 'outpost', why, agent, upstream: { code: 1001, reason: '' } }
}

const CODES: Readonly<Record<Why, number>> = {
  idle: 1001,
  unread: 1013,
  echo: 1008,
  'not allowed': 1008,
  'not checked': 1011,
}

/** As long as a reason may be, in bytes of UTF-8. */
function short(reason: string): string {
  const room = new Uint8Array(LONGEST_REASON)
  const { read } = new TextEncoder().encodeInto(reason, room)
  return reason.slice(0, read)
}
