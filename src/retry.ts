import type { Rejection } from './auth/signer.ts'
import type { Upstream } from './forward.ts'
import { textsAt } from './json_path.ts'
import type { Opening } from './opening.ts'
import type { Permit } from './policy/decision.ts'
import { jsonBeside } from './tokens/body_codes.ts'

/** The credential of one call, as far as the upstream's opinion of it matters. */
export type Judged = Pick<Opening, 'reject' | 'accepted'>

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
 * Forwards a call, and once more with another credential when the upstream rejected the first,
 * there is another (a token minted anew, a secret that was rotated) and the body can be sent again:
 * there is none, or `signedBody` has it. The rejected answer is not
 * read. Whatever the second answer is, the agent gets it.
 * @throws Refusal 502 when there is no other token to be had.
 */
export async function forwardSigned(
  attempt: Attempt,
  permit: Permit,
  { credentials, rejection, signedBody, admitAgain }: Rejectable,
): Promise<Upstream> {
  const judged = async (): Promise<Upstream> => {
    const upstream = await attempt()
    // Where a body may say otherwise, `judgeBody` knows.
    if (!rejection.body) hearStatus(upstream, { credentials, rejection })
    return upstream
  }
  const first = await judged()
  const { status } = first.response
  if (!rejection.statuses.includes(status)) return first
  const repeatable = !permit.call.request.body || signedBody !== null
  const another = await credentials.reject(String(status), repeatable)
  if (!another || !repeatable || !(await admitAgain())) return first
  await first.response.body?.cancel()
  return judged()
}

/** Who is overloaded or out of order has not looked at the credential. */
function hearStatus({ response: { status } }: Upstream, { credentials, rejection }: Hearing): void {
  if (status < 500 && status !== 429 && !rejection.statuses.includes(status)) {
    credentials.accepted?.()
  }
}

type Hearing = Pick<Rejectable, 'credentials' | 'rejection'>

/**
 * Looks for a code in a JSON answer that says that the credential was rejected, beside the stream
 * and without delaying it. Answers of more than 64 KiB are not looked at. Returns the answer.
 */
export function judgeBody(
  upstream: Upstream,
  hearing: Hearing,
  waitUntil: (work: Promise<unknown>) => void,
): Upstream {
  const { credentials, rejection } = hearing
  const { body } = rejection
  if (!body) return upstream
  const saying = jsonBeside(upstream.response)
  if (!saying) {
    hearStatus(upstream, hearing)
    return upstream
  }
  waitUntil(
    saying.then((json) => {
      const code = textsAt(json, body.json_path).find((each) => body.codes.includes(each))
      if (code !== undefined) return credentials.reject(`code ${code}`, false)
      hearStatus(upstream, hearing)
      return false
    }),
  )
  return upstream
}
