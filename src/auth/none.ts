import type { NoneAuth } from './config.ts'
import type { Scheme } from './scheme.ts'

/** The upstream wants no credential: nothing is added, and nothing on the request belongs to one. */
export const none: Scheme<NoneAuth> = {
  secrets: () => [],
  slots: () => ({ headers: [], params: [] }),
  sign: () => {},
}
