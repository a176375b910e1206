import type { Rejection } from './auth/index.ts'
import type { Upstream } from './forward.ts'
import type { Permit } from './policy/decide.ts'
import { codesAt, jsonBeside } from './tokens/body_codes.ts'

/** The credential of one call, as far as the upstream's opinion of it matters. */
export interface Judged {
  readonly reject: (reason: string) => Promise<boolean>
}

/** One attempt, from signing a fresh draft to the upstream's headers. */
export type Attempt = () => Promise<Upstream>

export interface Rejectable {
  readonly credentials: Judged
  readonly rejection: Rejection
  readonly signedBody: Uint8Array | null
  /** Whether the limits admit a second call: it counts like any other. */
  readonly admitAgain: () => Promise<boolean>
}

/**
 * Forwards a call, and once more with another token when the upstream rejected a minted one and
 * the body can be sent again: there is none, or `signedBody` has it. The rejected answer is not
 * read. Whatever the second answer is, the agent gets it.
 * @throws Refusal 502 when there is no other token to be had.
 */
export async function forwardSigned(
  attempt: Attempt,
  permit: Permit,
  { credentials, rejection, signedBody, admitAgain }: Rejectable,
): Promise<Upstream> {
  const first = await attempt()
  const { status } = first.response
  if (!rejection.statuses.includes(status)) return first
  const another = await credentials.reject(String(status))
  const repeatable = !permit.call.request.body || signedBody !== null
  if (!another || !repeatable || !(await admitAgain())) return first
  await first.response.body?.cancel()
  return attempt()
}

/**
 * Looks for a code in a JSON answer that says that the credential was rejected, beside the stream
 * and without delaying it. Answers of more than 64 KiB are not looked at. Returns the answer.
 */
export function judgeBody(
  upstream: Upstream,
  { credentials, rejection: { body } }: Pick<Rejectable, 'credentials' | 'rejection'>,
  waitUntil: (work: Promise<unknown>) => void,
): Upstream {
  const saying = body && jsonBeside(upstream.response)
  if (!saying) return upstream
  waitUntil(
    saying.then((json) => {
      const code = codesAt(json, body.json_path).find((each) => body.codes.includes(each))
      return code === undefined ? false : credentials.reject(`code ${code}`)
    }),
  )
  return upstream
}
