import { joined } from './bounded.ts'
import { hex, sha256 } from './digest.ts'
import type { Permit } from './policy/decide.ts'
import { Refusal } from './refusal.ts'

/** What a signature or a rule may hold in memory where the provider sets no `max_body_bytes`. */
const READ_LIMIT = 256 * 1024

/** As much as is taken from the agent in one read. */
const CHUNK_BYTES = 64 * 1024

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

/** Refuses a body that says itself that it is too large. Nothing has been read then. */
export function checkBody({ call, provider, approval }: Permit): void {
  const { max_body_bytes: limit, credential } = provider
  const length = declaredLength(call.request.headers)
  if (limit !== null && (length ?? 0) > limit) throw tooLarge(limit)
  // The runtime sends a body with GET only if its length is known and nothing has touched it.
  const touched = credential.reads_body || approval || length === null
  if (call.request.body && !takesBody(call.method) && touched) {
    throw new Refusal('PROXY_BAD_REQUEST', `a ${call.method} with such a body cannot be forwarded`)
  }
}

/** Whether the Fetch standard lets a request of this method be made with a body. */
export function takesBody(method: string): boolean {
  return method !== 'GET' && method !== 'HEAD'
}

/** The whole body, for a scheme that signs it. At most `max_body_bytes`, or 256 KiB. */
export async function readBody(permit: Permit): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  const limit = permit.provider.max_body_bytes ?? READ_LIMIT
  const size = await readAll(permit, limit, (chunk) => chunks.push(chunk.slice()))
  return joined(chunks, size)
}

/** SHA-256 of the whole body in hex, which is not kept. At most `max_body_bytes`. */
export async function digestBody(permit: Permit): Promise<string> {
  const hash = new crypto.DigestStream('SHA-256')
  const writer = hash.getWriter()
  await readAll(permit, permit.provider.max_body_bytes ?? Infinity, (chunk) => writer.write(chunk))
  await writer.close()
  return hex(await hash.digest)
}

/** Reads a body to its end, with no longer pause than `timeout_ms`. Returns its size. */
async function readAll(
  { call, provider }: Permit,
  limit: number,
  take: (chunk: Uint8Array) => unknown,
): Promise<number> {
  if ((declaredLength(call.request.headers) ?? 0) > limit) throw tooLarge(limit)
  const late = Promise.withResolvers<never>()
  const wait = () => setTimeout(() => late.reject(brokenOff('no more came')), provider.timeout_ms)
  let timer = wait()
  const reading = async (): Promise<number> => {
    let size = 0
    for await (const chunk of chunksOf(call.request)) {
      size += chunk.byteLength
      if (size > limit) throw tooLarge(limit)
      clearTimeout(timer)
      timer = wait()
      await take(chunk)
    }
    return size
  }
  try {
    return await Promise.race([reading(), late.promise])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * The agent's body as a stream, counted, and hashed if asked, as it flows. A body that breaks off
 * ends the upstream call and is never closed: the runtime would send the closing chunk, and half a
 * body would look whole. Of a body in chunks it does so all the same once the answer has begun:
 * docs/fuzzing.md, Known.
 */
export function upload(
  { call, provider }: Permit,
  read: Uint8Array | null,
  hashed: boolean,
): Upload {
  const stop = new AbortController()
  const state = { stop, patient: hashed, refusal: null, onProgress: () => {} }
  const { body } = call.request
  if (read || !body || !takesBody(call.method)) {
    const digest = hashed ? sha256(read ?? new Uint8Array()) : NOT_HASHED
    return { ...state, body: read ?? body, digest }
  }
  const through = passage(declaredLength(call.request.headers))
  const hash = hashed ? new crypto.DigestStream('SHA-256') : null
  const digest = hash ? hash.digest.then(hex, () => null) : NOT_HASHED
  const flowing: Upload = { ...state, body: through.readable, digest }
  const writers = [through.writable, hash].filter((each) => each !== null)
  void pass(call.request, writers, provider.max_body_bytes ?? Infinity, flowing)
  return flowing
}

/** `Content-Length` goes upstream where it is known. */
function passage(length: number | null): IdentityTransformStream {
  return length === null ? new IdentityTransformStream() : new FixedLengthStream(length)
}

const NOT_HASHED = Promise.resolve(null)

async function pass(
  from: Request,
  to: readonly WritableStream<Uint8Array>[],
  limit: number,
  state: Upload,
): Promise<void> {
  const writers = to.map((each) => each.getWriter())
  let size = 0
  try {
    for await (const chunk of chunksOf(from)) {
      size += chunk.byteLength
      if (size > limit) throw tooLarge(limit)
      state.onProgress()
      await Promise.all(writers.map((writer) => writer.write(chunk)))
    }
    await Promise.all(writers.map((writer) => writer.close()))
  } catch (cause) {
    for (const writer of writers.slice(1)) writer.abort(cause).catch(() => {})
    // Anything else is the upstream's doing: it has had enough, or is gone, and `fetch` says which.
    if (!(cause instanceof Refusal)) return
    state.refusal = cause
    state.stop.abort()
  }
}

/** The bytes of a body in order. A chunk is valid until the next one is asked for. */
async function* chunksOf({ body, headers }: Request): AsyncGenerator<Uint8Array> {
  if (!body) return
  const reader: ReadableStreamBYOBReader = body.getReader({ mode: 'byob' })
  const wanted = declaredLength(headers) || CHUNK_BYTES
  let buffer = new Uint8Array(Math.min(CHUNK_BYTES, wanted))
  try {
    for (;;) {
      const { done, value } = await reader.read(buffer)
      if (done) return
      yield value
      buffer = new Uint8Array(value.buffer)
    }
  } catch (cause) {
    throw brokenOff(cause)
  } finally {
    reader.cancel().catch(() => {})
  }
}

function tooLarge(limit: number): Refusal {
  return new Refusal('PROXY_BODY_TOO_LARGE', `the body is larger than ${limit} bytes`, {
    metadata: { limit },
  })
}

function brokenOff(cause: unknown): Refusal {
  return new Refusal('PROXY_BAD_REQUEST', 'the request body broke off', { cause })
}

/** What `Content-Length` says; null where it says nothing. */
export function declaredLength(headers: Headers): number | null {
  const value = headers.get('content-length')
  return value !== null && /^\d{1,15}$/.test(value) ? Number(value) : null
}
