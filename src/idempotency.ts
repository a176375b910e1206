import { collected, given } from './collect.ts'
import { sha256 } from './digest.ts'
import { isLegible } from './headers.ts'
import type { Incoming } from './incoming.ts'
import type { Permit } from './policy/decision.ts'
import { isSafe } from './policy/route.ts'
import { Refusal } from './refusal.ts'
import type { Fingerprint, Kept, Outcome } from './replay/claim.ts'
import { digestBody } from './upload.ts'

const encoder = new TextEncoder()

/** Larger answers are delivered and not kept: the key then answers 409. */
const KEPT_BYTES = 1024 * 1024

/** How long after the answer the request's own end is waited for. */
const DIGEST_WAIT_MS = 1000

/** The object of one key, wherever in the world it lives. */
export interface ReplayStub {
  readonly claim: (head: string) => Promise<Outcome>
  readonly finish: (fingerprint: Fingerprint, answer: Kept | null) => Promise<void>
  readonly release: () => Promise<void>
}

export interface Replaying {
  readonly waitUntil: (work: Promise<unknown>) => void
  /** `name`: a digest of tenant, caller, provider and key. */
  readonly replayOf: (name: string) => ReplayStub
}

/** A key that this call, and no other, holds. It must end in `holding`. */
export interface Held {
  readonly head: string
  readonly name: string
}

/**
 * Takes the call's `Idempotency-Key`. null: it has none, or its method changes nothing. A Response
 * is the answer that the first call with this key had.
 * @throws Refusal 400 for a key that is none, 409 while the first call runs or where its answer was
 * not kept, 422 when the key was used for something else, 502 where the key cannot be looked up.
 */
export async function claimKey(
  permit: Permit,
  body: Incoming,
  deps: Replaying,
): Promise<Held | Response | null> {
  const { call, caller, provider } = permit
  const key = isSafe(call.method) ? null : call.request.headers.get('idempotency-key')
  if (key === null) return null
  if (key === '' || key.length > 255 || !isLegible(key)) {
    throw new Refusal('PROXY_BAD_REQUEST', 'an Idempotency-Key has 1 to 255 characters, in UTF-8')
  }
  const head = await sha256(encoder.encode(`${call.method} ${call.path}${call.query}`))
  const scope = JSON.stringify([caller.tenant, caller.id, provider.name, key])
  const name = await sha256(encoder.encode(scope))
  const outcome = await deps
    .replayOf(name)
    .claim(head)
    .catch((cause: unknown) => {
      throw new Refusal('PROXY_UPSTREAM_ERROR', 'the key cannot be looked up', { cause })
    })
  if (outcome.is === 'mine') return { head, name }
  if (outcome.is === 'mismatch') throw mismatch()
  if (outcome.is === 'running') {
    throw conflict('a call with this key has begun and its end is not known', 1)
  }
  return replay(outcome, permit, body)
}

/** What the upstream answered, and when the request body has passed whole, its digest. */
export interface Exchanged {
  readonly response: Response
  readonly digest: Promise<string | null>
}

/**
 * Ends a call with a key: its answer is kept, also when the agent has gone, and a call that came to
 * nothing, to a 429 or to a 5xx, frees the key.
 */
export function holding(held: Held, work: Promise<Exchanged>, deps: Replaying): Promise<Response> {
  return work.then(
    ({ response, digest }) => {
      if (isFinal(response.status)) return kept(held, response, digest, deps)
      settle(held, (stub) => stub.release(), deps)
      return response
    },
    (error: unknown) => {
      // An answer that cannot be handed on is an answer: the write may have been done.
      const answered = error instanceof Refusal && error.details.answered === true
      const lost = { head: held.head, body: null }
      settle(held, (stub) => (answered ? stub.finish(lost, null) : stub.release()), deps)
      throw error
    },
  )
}

/** After a 429 or a 5xx the same call may well succeed: clients repeat it with the same key. */
function isFinal(status: number): boolean {
  return status < 500 && status !== 429
}

/** Twice, if need be: a stub that has failed once is broken, and a key that is not settled is stuck. */
function settle({ name }: Held, act: (stub: ReplayStub) => Promise<void>, deps: Replaying): void {
  const again = () => act(deps.replayOf(name))
  deps.waitUntil(again().catch(again))
}

/** Keeps the answer while it streams to the agent. */
function kept(
  held: Held,
  response: Response,
  digest: Promise<string | null>,
  deps: Replaying,
): Response {
  const { copy, done } = collected(response, KEPT_BYTES)
  const recorded = done.then(async (answer) => {
    const fingerprint = { head: held.head, body: await soon(digest) }
    settle(held, (stub) => stub.finish(fingerprint, answer), deps)
  })
  deps.waitUntil(recorded)
  return copy
}

/** An upstream may answer before it has read the body; then what the body was is not known. */
async function soon(digest: Promise<string | null>): Promise<string | null> {
  const late = new Promise<null>((resolve) => setTimeout(() => resolve(null), DIGEST_WAIT_MS))
  return Promise.race([digest, late])
}

async function replay(
  { body: digest, answer }: Extract<Outcome, { is: 'done' }>,
  permit: Permit,
  body: Incoming,
): Promise<Response> {
  if (digest === null || !answer) throw conflict('the answer to this key was not kept', 3600)
  if ((await digestBody(permit, body)) !== digest) throw mismatch()
  const response = given(answer)
  response.headers.set('x-proxy-cache', 'IDEMPOTENT-HIT')
  return response
}

function conflict(message: string, retryAfter: number): Refusal {
  return new Refusal('PROXY_IDEMPOTENCY_IN_FLIGHT', message, {
    headers: { 'retry-after': String(retryAfter) },
  })
}

function mismatch(): Refusal {
  return new Refusal('PROXY_IDEMPOTENCY_MISMATCH', 'this key was used for another request')
}
