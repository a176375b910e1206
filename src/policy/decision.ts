import type { Call } from '../call.ts'
import type { Provider } from '../catalog.ts'
import type { Caller } from '../identity.ts'
import { Refusal } from '../refusal.ts'
import type { RefusalCode } from '../refusal.ts'
import type { Route } from './route.ts'

declare const issued: unique symbol

/** Proof that policy allowed one call. `decide` alone makes them, and no secret opens without one. */
export interface Permit extends Route {
  readonly [issued]: true
  readonly caller: Caller
  readonly provider: Provider
  readonly call: Call
  /** The patterns that let it through, which a timed approval covers; null: the path itself. */
  readonly pattern: string | null
  /** A person has to say yes first. */
  readonly approval: boolean
  /** What it asks for in the words of its API; null where method and path say all that is known. */
  readonly operation: string | null
}

/** A value, so that the record and a simulation can ask why. `reason` is for the operator. */
export type Decision = { readonly allow: true; readonly permit: Permit } | Denial

export interface Denial {
  readonly allow: false
  readonly code: RefusalCode
  /** For the agent. */
  readonly message: string
  readonly rule: string
  readonly reason: string
  readonly sensitive: boolean
  readonly operation: string | null
}

/** No decision yet: it depends on what the body says. */
export interface Unread {
  readonly allow: null
  /** Whether a beginning of the body is enough; not there: the whole is wanted. */
  readonly enough?: (head: Uint8Array) => boolean
}

/** The permit, or the refusal that the agent gets. */
export function permitted(decision: Decision): Permit {
  if (decision.allow) return decision.permit
  throw new Refusal(decision.code, decision.message, { reason: decision.reason })
}

/** A denial. */
export function deny(
  code: RefusalCode,
  message: string,
  why: { rule: string; reason: string; sensitive?: boolean; operation?: string | null },
): Denial {
  return { allow: false, code, message, sensitive: false, operation: null, ...why }
}
