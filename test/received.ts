/** One request as it arrived on the wire. */
export interface Received {
  readonly method: string
  /** The request target of the request line, byte for byte (Latin-1). */
  readonly target: string
  /** Name and value of every header line, as spelt, in order. */
  readonly headers: readonly (readonly [string, string])[]
  /** Of the body that arrived so far. */
  bytes: number
  sha256: string
  /** The first 64 KiB of it, as Latin-1. */
  text: string
  /** Whether the end of the body arrived. */
  complete: boolean
}
