import type { Call } from '../call.ts'
import type { Content, Wanted } from '../content/content.ts'
import type { Operation } from '../operation.ts'

/** One way of asking for operations, by what a provider file says of it. Pure. */
export interface Protocol<C> {
  /**
   * What has to be read of this call before it is known what it asks, by its method, path, query and
   * headers alone; null: it is none of this protocol's.
   */
  readonly wants: (call: Call, config: C) => Wanted | null
  /** For `head`: whether enough of the body is there. Asked of ever longer beginnings. */
  readonly enough?: (head: Uint8Array) => boolean
  /**
   * `content` is what was wanted; null for `nothing`.
   * @throws Unreadable
   */
  readonly read: (call: Call, config: C, content: Content | null) => Operation
}
