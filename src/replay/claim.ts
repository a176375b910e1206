/** How long a key is remembered, from its first use: 24 hours. */
export const REMEMBERED_MS = 24 * 60 * 60 * 1000

/** What an `Idempotency-Key` was used for: digests, since the request itself need not be kept. */
export interface Fingerprint {
  /** Of method, path and query. */
  readonly head: string
  /** Of the body; null when it was never read to its end. */
  readonly body: string | null
}

/** One header line. Not a pair: tuples lose their length on the way through RPC. */
export interface Field {
  readonly name: string
  readonly value: string
}

/** An answer in the form in which it is kept and given again. */
export interface Kept {
  readonly status: number
  readonly headers: readonly Field[]
  readonly body: Uint8Array
}

/** What is known of one key. */
export type Claim =
  | { readonly state: 'running'; readonly head: string; readonly since: number }
  /** `answer` is null when it was too large to keep. */
  | { readonly state: 'done'; readonly fingerprint: Fingerprint; readonly answer: Kept | null }

/** What a call with the key may do. `mine` alone may go to the upstream. */
export type Outcome =
  | { readonly is: 'mine' }
  | { readonly is: 'running'; readonly since: number }
  | { readonly is: 'mismatch' }
  | { readonly is: 'done'; readonly body: string | null; readonly answer: Kept | null }

/** The first call with a key takes it; every other one is told what became of the first. */
export function claim(known: Claim | undefined, head: string): Outcome {
  if (!known) return { is: 'mine' }
  const first = known.state === 'running' ? known.head : known.fingerprint.head
  if (first !== head) return { is: 'mismatch' }
  if (known.state === 'running') return { is: 'running', since: known.since }
  return { is: 'done', body: known.fingerprint.body, answer: known.answer }
}
