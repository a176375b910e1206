import { sha256 } from '@noble/hashes/sha2.js'

import { stateAt } from './access_request.ts'
import type { AccessAsk, AccessRequest } from './access_request.ts'

/** How long a request waits for a decision, and how long a denial stands. */
export const WAITS_MS = 24 * 60 * 60_000

/** So many may be pending: an agent cannot flood the people who decide, nor shut out the others. */
export const MOST_OF_AGENT = 10
export const MOST_OF_TENANT = 200

/** What is known of requests when an agent asks. */
export interface KnownRequests {
  /** The newest with the very key. */
  readonly same: AccessRequest | null
  /** How many are pending; asked only for one that would add to them. */
  readonly pending: () => { readonly agent: number; readonly tenant: number }
}

export type Requested =
  /** `fresh`: to be stored, and told to people. */
  | { readonly is: 'known'; readonly request: AccessRequest; readonly fresh: boolean }
  | { readonly is: 'crowded' }

const utf8 = new TextEncoder()

/** The same grant that asks for the same, whatever it gives as the reason: SHA-256, lower-case hex. */
export function keyOf({ grant, provider, access, allow, duration }: AccessAsk): string {
  return sha256(utf8.encode(JSON.stringify([grant, provider, access, allow, duration]))).toHex()
}

/** An agent asks. What it asked before and has not ended is the same question, however it was answered. */
export function requesting(
  ask: AccessAsk,
  { same, pending }: KnownRequests,
  { id, now }: { readonly id: string; readonly now: number },
): Requested {
  if (same && stateAt(same, now) !== 'expired') return { is: 'known', request: same, fresh: false }
  const { agent, tenant } = pending()
  if (agent >= MOST_OF_AGENT || tenant >= MOST_OF_TENANT) return { is: 'crowded' }
  const open = { state: 'pending', created: now, expires: now + WAITS_MS } as const
  const request = { id, key: keyOf(ask), ask, ...open, decided: null, by: null }
  return { is: 'known', request, fresh: true }
}
