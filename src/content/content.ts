/** What has been read of a call's body. */
export interface Content {
  readonly bytes: Uint8Array
  /** False: only its beginning. */
  readonly whole: boolean
}

/** What of the body has to be read before a call can be decided. */
export type Wanted = 'nothing' | 'head' | 'body'

/** A body that cannot be read in one way: a 400. The message is ours, and shown to the agent. */
export class Unreadable extends Error {}
