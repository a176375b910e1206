import { REFUSALS } from '../refusal.ts'
import type { Refusal } from '../refusal.ts'
import type { Said } from './tool.ts'

/** The words that a refusal has in the error envelope of contract §7. */
export interface Envelope {
  readonly code: string
  readonly message: string
  readonly metadata: unknown
}

/** What an agent can do about a refusal, where there is something. */
const NEXT: Readonly<Record<string, string>> = {
  PROXY_APPROVAL_REQUIRED:
    'A person has to approve this very call. Call this tool again with exactly the same arguments ' +
    'once that was done, until metadata.expires_at; asking again makes no second question.',
  PROXY_GRANT_DENIED:
    'list_capabilities shows what the grant allows; request_access asks an operator for more.',
  PROXY_PROVIDER_DENIED: 'list_capabilities shows which providers may be called.',
  PROXY_UNKNOWN_PROVIDER: 'list_capabilities shows which providers may be called.',
  PROXY_RATE_LIMITED: 'Wait metadata.retry_after seconds and call again.',
  PROXY_PAUSED: 'An operator has stopped this. Nothing but waiting helps.',
}

/** A refusal as the answer of a tool: the model reads it, and can do better. */
export function refused(
  envelope: Envelope,
  status: number,
  more: Readonly<Record<string, unknown>> = {},
): Said {
  const { code, message, metadata } = envelope
  const next = NEXT[code]
  return {
    failed: true,
    value: {
      status,
      refusal: { code, message, metadata },
      ...(next === undefined ? {} : { next }),
      ...more,
    },
  }
}

/** The same for one that a tool threw. */
export function thrown({ code, message, details }: Refusal): Said {
  return refused({ code, message, metadata: details.metadata ?? null }, REFUSALS[code])
}
