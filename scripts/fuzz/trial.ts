import type { Call } from './case.ts'
import type { Outcome } from './client.ts'
import { isTraceable, written } from './regular.ts'
import type { Written } from './regular.ts'
import type { Script } from './upstream.ts'

/** One call of a case, as it went. */
export interface Trial extends Went {
  /** Its request, when it can be read in one way. */
  readonly asked: Written | null
  /** Whatever the upstream got of it is known to be of it. */
  readonly traceable: boolean
}

interface Went {
  readonly id: string
  readonly call: Call
  /** What was written, part by part. */
  readonly parts: readonly string[]
  readonly outcome: Outcome
  readonly script: Script
}

export function trialOf(went: Went): Trial {
  const asked = written(went.parts)
  return { ...went, asked, traceable: isTraceable(asked, went.id) }
}
