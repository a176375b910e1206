import type { Reframing } from './auth/scheme.ts'
import { hex, sha256 } from './digest.ts'
import { declaredLength, takesBody, tooLarge, unforwardable } from './incoming.ts'
import type { Incoming } from './incoming.ts'
import type { Permit } from './policy/decision.ts'
import { Refusal } from './refusal.ts'

/** A request body on its way, and what is known of it while it flows. */
export interface Upload {
  readonly body: ReadableStream | Uint8Array | null
  /** Ends the upstream call: time is up, or the body broke off or grew over its limit. */
  readonly stop: AbortController
  /** The call goes on when its agent has gone. */
  readonly patient: boolean
  /** SHA-256 of the body in hex, once it has passed whole; null when it did not, or nobody asked. */
  readonly digest: Promise<string | null>
  /** Why the body ended the call, if it did. */
  refusal: Refusal | null
  /** Called for every chunk that passes. */
  onProgress: () => void
}

/** Refuses a body that says itself that it is too large, or that cannot be read as the scheme wants. */
export function checkBody({ call, provider }: Permit, read: boolean): void {
  const { max_body_bytes: limit } = provider
  const length = declaredLength(call.request.headers)
  if (limit !== null && (length ?? 0) > limit) throw tooLarge(limit)
  const touched = read || length === null
  if (call.request.body && !takesBody(call.method) && touched) throw unforwardable(call)
}

/** SHA-256 of the whole body in hex, which is not kept. At most `max_body_bytes`. */
export async function digestBody({ call, provider }: Permit, body: Incoming): Promise<string> {
  if (body.whole) return sha256(body.whole)
  const limit = provider.max_body_bytes ?? Infinity
  if ((declaredLength(call.request.headers) ?? 0) > limit) throw tooLarge(limit)
  const hash = new crypto.DigestStream('SHA-256')
  const writer = hash.getWriter()
  let size = 0
  for await (const chunk of body.timely()) {
    size += chunk.byteLength
    if (size > limit) throw tooLarge(limit)
    await writer.write(chunk)
  }
  await writer.close()
  return hex(await hash.digest)
}

/** What of a body goes upstream, and how. */
export interface Sent {
  readonly permit: Permit
  readonly body: Incoming
  /** Another framing of it than the agent's; null: as it came. */
  readonly reframing: Reframing | null
  /** Its digest is wanted, and the call goes on when its agent has gone. */
  readonly hashed: boolean
}

/**
 * The agent's body as a stream, counted, and hashed if asked, as it flows. A body that breaks off
 * ends the upstream call and is never closed: the runtime would send the closing chunk, and half a
 * body would look whole. Of a body in chunks it does so all the same once the answer has begun:
 * docs/fuzzing.md, Known.
 */
export function upload(sent: Sent): Upload {
  const { permit, reframing, hashed } = sent
  const { request } = permit.call
  const state = { stop: new AbortController(), patient: hashed, refusal: null, onProgress }
  if (!streams(sent)) {
    const { whole } = sent.body
    const digest = hashed ? sha256(whole ?? EMPTY) : NOT_HASHED
    return { ...state, body: whole ?? request.body, digest }
  }
  const through = passage(reframing ? reframing.length : declaredLength(request.headers))
  const hash = hashed ? new crypto.DigestStream('SHA-256') : null
  const digest = hash ? hash.digest.then(hex, () => null) : NOT_HASHED
  const flowing: Upload = { ...state, body: through.readable, digest }
  void pass(sent, { through: through.writable, hash }, flowing)
  return flowing
}

function onProgress(): void {}

function streams({ permit: { call }, body, reframing }: Sent): boolean {
  return call.request.body !== null && takesBody(call.method) && (!body.whole || reframing !== null)
}

/** `Content-Length` goes upstream where it is known. */
function passage(length: number | null): IdentityTransformStream {
  return length === null ? new IdentityTransformStream() : new FixedLengthStream(length)
}

const NOT_HASHED = Promise.resolve(null)

interface Ways {
  readonly through: WritableStream<Uint8Array>
  readonly hash: WritableStream<Uint8Array> | null
}

async function pass(sent: Sent, to: Ways, state: Upload): Promise<void> {
  const through = to.through.getWriter()
  const hash = to.hash?.getWriter()
  const { push, end } = sent.reframing ?? AS_IT_CAME
  try {
    for await (const chunk of counted(sent)) {
      state.onProgress()
      await Promise.all([written(through, () => push(chunk)), hash?.write(chunk)])
    }
    await written(through, end)
    await Promise.all([through.close(), hash?.close()])
  } catch (cause) {
    hash?.abort(cause).catch(() => {})
    // Anything else is the upstream's doing: it has had enough, or is gone, and `fetch` says which.
    if (!(cause instanceof Refusal)) return
    state.refusal = cause
    state.stop.abort()
  }
}

/** @throws Refusal 413 once it is too large. */
async function* counted({ permit, body }: Sent): AsyncGenerator<Uint8Array> {
  const limit = permit.provider.max_body_bytes ?? Infinity
  let size = 0
  for await (const chunk of body.chunks()) {
    size += chunk.byteLength
    if (size > limit) throw tooLarge(limit)
    yield chunk
  }
}

const EMPTY = new Uint8Array()
const AS_IT_CAME: Pick<Reframing, 'push' | 'end'> = { push: (chunk) => chunk, end: () => EMPTY }

function written(
  to: WritableStreamDefaultWriter<Uint8Array>,
  next: () => Uint8Array,
): Promise<void> | null {
  const bytes = framed(next)
  return bytes.byteLength > 0 ? to.write(bytes) : null
}

/** @throws Refusal 400 where the agent's framing is broken. */
function framed(next: () => Uint8Array): Uint8Array {
  try {
    return next()
  } catch (cause) {
    throw new Refusal('PROXY_BAD_REQUEST', 'the framing of the body is broken', { cause })
  }
}
