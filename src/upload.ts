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
  /** Why the body ended the call, if it did. */
  refusal: Refusal | null
  /** Called for every chunk that passes. */
  onProgress: () => void
}

/** Refuses a body that says itself that it is too large. Nothing has been read then. */
export function checkBody({ call, provider }: Permit): void {
  const { max_body_bytes: limit, credential } = provider
  const length = declaredLength(call.request.headers)
  if (limit !== null && (length ?? 0) > limit) throw tooLarge(limit)
  // The runtime sends a body with GET only if its length is known and nothing has touched it.
  const touched = credential.reads_body || length === null
  if (call.request.body && !takesBody(call.method) && touched) {
    throw new Refusal('PROXY_BAD_REQUEST', `a ${call.method} with such a body cannot be forwarded`)
  }
}

/** Whether the Fetch standard lets a request of this method be made with a body. */
export function takesBody(method: string): boolean {
  return method !== 'GET' && method !== 'HEAD'
}

/** The whole body, for a scheme that signs it. At most `max_body_bytes`, or 256 KiB. */
export async function readBody({ call, provider }: Permit): Promise<Uint8Array> {
  const limit = provider.max_body_bytes ?? READ_LIMIT
  if ((declaredLength(call.request.headers) ?? 0) > limit) throw tooLarge(limit)
  const chunks: Uint8Array[] = []
  let size = 0
  if (call.request.body) {
    for await (const chunk of chunksOf(call.request.body)) {
      size += chunk.byteLength
      if (size > limit) throw tooLarge(limit)
      chunks.push(chunk.slice())
    }
  }
  return joined(chunks, size)
}

/**
 * The agent's body as a stream, counted as it flows. A body that breaks off ends the upstream call
 * and is never closed: the runtime would send the closing chunk, and half a body would look whole.
 */
export function upload({ call, provider }: Permit, read: Uint8Array | null): Upload {
  const state = { stop: new AbortController(), refusal: null, onProgress: () => {} }
  const { body, headers } = call.request
  if (read || !body || !takesBody(call.method)) return { ...state, body: read ?? body }

  const length = declaredLength(headers)
  const through = length === null ? new IdentityTransformStream() : new FixedLengthStream(length)
  const flowing: Upload = { ...state, body: through.readable }
  void pass(body, through.writable, provider.max_body_bytes ?? Infinity, flowing)
  return flowing
}

async function pass(
  from: ReadableStream,
  to: WritableStream<Uint8Array>,
  limit: number,
  state: Upload,
): Promise<void> {
  const writer = to.getWriter()
  let size = 0
  try {
    for await (const chunk of chunksOf(from)) {
      size += chunk.byteLength
      if (size > limit) throw tooLarge(limit)
      state.onProgress()
      await writer.write(chunk)
    }
    await writer.close()
  } catch (cause) {
    state.refusal = cause instanceof Refusal ? cause : brokenOff(cause)
    state.stop.abort()
  }
}

/** The bytes of a stream in order. A chunk is valid until the next one is asked for. */
async function* chunksOf(body: ReadableStream): AsyncGenerator<Uint8Array> {
  const reader = body.getReader({ mode: 'byob' })
  let buffer = new Uint8Array(CHUNK_BYTES)
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

function joined(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.byteLength
  }
  return whole
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
