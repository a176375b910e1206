import { Gathered } from './bounded.ts'
import type { Call } from './call.ts'
import type { Provider } from './catalog.ts'
import type { Content } from './content/content.ts'
import { Refusal } from './refusal.ts'

/** What a signature or a rule may hold in memory where the provider sets no `max_body_bytes`. */
export const READ_LIMIT = 256 * 1024

/** As much as is taken from the agent in one read. */
const CHUNK_BYTES = 64 * 1024

type Limits = Pick<Provider, 'max_body_bytes' | 'timeout_ms'>

/**
 * The body of one request. It can be read in part or whole before it goes on; `chunks` then has it
 * from its first byte, so that what was looked at is what is sent.
 */
export class Incoming {
  readonly #request: Request
  readonly #limits: Limits
  readonly #coming: AsyncGenerator<Uint8Array>
  readonly #held = new Gathered()
  #ended = false

  constructor({ request }: Pick<Call, 'request'>, limits: Limits) {
    this.#request = request
    this.#limits = limits
    this.#coming = chunksOf(request)
  }

  /** All of it, when it was read. */
  get whole(): Uint8Array | null {
    return this.#ended ? this.#held.bytes : null
  }

  /**
   * Its beginning, as much as `enough` wants, or the whole.
   * @throws Refusal 413 when that is over `max_body_bytes` or 256 KiB, 400 for a body that breaks
   * off or pauses for `timeout_ms`, or that could not be forwarded once it was read.
   */
  async read(enough?: (head: Uint8Array) => boolean): Promise<Content> {
    const limit = this.#limits.max_body_bytes ?? READ_LIMIT
    this.#checkReadable(enough ? Infinity : limit)
    const isEnough = enough ? seldom(enough) : () => false
    while (!this.#ended && !isEnough(this.#held.bytes)) {
      const chunk = await this.#next()
      if (!chunk) continue
      if (this.#held.size + chunk.byteLength > limit) throw tooLarge(limit)
      this.#held.add(chunk)
    }
    return { bytes: this.#held.bytes, whole: this.#ended }
  }

  /** From the first byte on. A chunk is valid until the next one is asked for. */
  chunks(): AsyncGenerator<Uint8Array> {
    return this.#held.size === 0 ? this.#coming : this.#again()
  }

  /** The same for who does not send it on: a pause ends it as it ends `read`. Nothing of it is held. */
  async *timely(): AsyncGenerator<Uint8Array> {
    if (this.#held.size > 0) yield this.#held.bytes
    for (let chunk = await this.#next(); chunk; chunk = await this.#next()) yield chunk
  }

  /** Nothing more is wanted of it. */
  leave(): void {
    this.#coming.return(undefined).catch(() => {})
  }

  #checkReadable(limit: number): void {
    const { method, body, headers } = this.#request
    if (body && !takesBody(method)) throw unforwardable({ method })
    if ((declaredLength(headers) ?? 0) > limit) throw tooLarge(limit)
  }

  async *#again(): AsyncGenerator<Uint8Array> {
    yield this.#held.bytes
    yield* this.#coming
  }

  async #next(): Promise<Uint8Array | null> {
    const late = Promise.withResolvers<never>()
    const { timeout_ms } = this.#limits
    const timer = setTimeout(() => late.reject(brokenOff('no more came')), timeout_ms)
    try {
      const { done, value } = await Promise.race([this.#coming.next(), late.promise])
      this.#ended = done === true
      return value ?? null
    } finally {
      clearTimeout(timer)
    }
  }
}

/** So often it is asked at each piece; then no more than when an eighth has come beside. */
const ASKED_AT_ONCE = 64

/** The same question, which looks at all from the start, asked less often of a body in tiny pieces. */
function seldom(enough: (head: Uint8Array) => boolean): (head: Uint8Array) => boolean {
  let asked = 0
  let next = 0
  return (head) => {
    if (asked >= ASKED_AT_ONCE && head.byteLength < next) return false
    asked += 1
    next = head.byteLength + Math.ceil(head.byteLength / 8)
    return enough(head)
  }
}

/** Whether the Fetch standard lets a request of this method be made with a body. */
export function takesBody(method: string): boolean {
  return method !== 'GET' && method !== 'HEAD'
}

/** The runtime sends a body with GET only if its length is known and nothing has touched it. */
export function unforwardable({ method }: Pick<Request, 'method'>): Refusal {
  return new Refusal('PROXY_BAD_REQUEST', `a ${method} with such a body cannot be forwarded`)
}

/** What `Content-Length` says; null where it says nothing. */
export function declaredLength(headers: Headers): number | null {
  const value = headers.get('content-length')
  return value !== null && /^\d{1,15}$/.test(value) ? Number(value) : null
}

export function tooLarge(limit: number): Refusal {
  return new Refusal('PROXY_BODY_TOO_LARGE', `the body is larger than ${limit} bytes`, {
    metadata: { limit },
  })
}

function brokenOff(cause: unknown): Refusal {
  return new Refusal('PROXY_BAD_REQUEST', 'the request body broke off', { cause })
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
