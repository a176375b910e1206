import { joined } from './bounded.ts'
import type { Permit } from './policy/decide.ts'
import { Reading } from './reading.ts'
import { Refusal } from './refusal.ts'
import type { RefusalDetails } from './refusal.ts'
import { codingOf, isBinary, isJson, kindOf } from './scrub/kinds.ts'
import { Scrubber } from './scrub/scrubber.ts'
import type { Search } from './scrub/search.ts'
import { declaredLength } from './upload.ts'

/** These carry no body, and the runtime throws when one is given: Fetch standard, null body status. */
const WITHOUT_BODY = new Set([204, 205, 304])

/** An answer that says that it is no longer than this is searched before its headers leave. */
const WHOLE_BYTES = 64 * 1024

/** Unless it takes longer than this to come. */
const WHOLE_MS = 50

/** Said of the very bytes that the upstream sent: RFC 9530, RFC 3230, RFC 1864, RFC 9110 §14.3. */
const OF_THE_BYTES = ['content-digest', 'repr-digest', 'digest', 'content-md5', 'accept-ranges']

/** A body without secrets. */
export interface ScrubbedBody {
  readonly body: ReadableStream<Uint8Array> | Uint8Array | null
  /** How many echoes were taken out before the headers leave. */
  readonly found: number
  /** How many are taken out of what streams, known at its end; null when all is known. */
  readonly later: Promise<number> | null
}

/** On whose behalf a body is searched, and for what. */
export interface Asked {
  readonly permit: Permit
  readonly search: Search
  /** The agent has gone, and with it the use of the answer. null: it is kept for another time. */
  readonly left: AbortSignal | null
}

/**
 * The body of an answer with every form of the secrets taken out while it streams. `headers`, the
 * agent's, then say what is true of the new body: no length, no digest, a weak `ETag`. A short body
 * is searched first, and when nothing is in it they stay as they are.
 * @throws Refusal 502 for a body that cannot be looked into, for a short one that breaks off and, where
 * the provider says `on_echo: block`, for a short one with an echo. A longer one then breaks off.
 */
export async function scrubBody(
  upstream: Response,
  headers: Headers,
  { permit, search, left }: Asked,
): Promise<ScrubbedBody> {
  const { scrub, on_echo } = permit.provider
  const body = WITHOUT_BODY.has(upstream.status) ? null : upstream.body
  const kind = kindOf(upstream.headers, scrub)
  if (!body || kind === 'media' || search.longest === 0) return untouched(body)
  const length = declaredLength(upstream.headers) ?? Infinity
  const coding = codingOf(upstream.headers)
  const reading = new Reading(decoded(upstream, body, coding))
  if (kind === 'unknown' && isBinary(await reading.first(WHOLE_MS))) {
    return untouched(reading.rest(length))
  }
  const json = isJson(upstream.headers.get('content-type'))
  const scrubber = new Scrubber(search, json)
  const how = { scrubber, block: on_echo === 'block', coding, left }
  if (length <= WHOLE_BYTES) {
    const whole = await reading.whole(WHOLE_BYTES, WHOLE_MS).catch((cause: unknown) => {
      reading.cancel(cause)
      throw failure('the answer broke off', { cause })
    })
    if (whole) return searched(whole, headers, how)
  }
  return streamed(reading, headers, how)
}

interface How {
  readonly scrubber: Scrubber
  readonly block: boolean
  /** What the body came in. */
  readonly coding: string
  readonly left: AbortSignal | null
}

/** What a provider with `on_echo: block` gives in place of an answer with an echo. */
export function blocked(): Refusal {
  return failure('the upstream repeated a credential')
}

function failure(message: string, details: RefusalDetails = {}): Refusal {
  return new Refusal('PROXY_UPSTREAM_ERROR', message, { ...details, answered: true })
}

function untouched(body: ScrubbedBody['body']): ScrubbedBody {
  return { body, found: 0, later: null }
}

/**
 * The body without its coding. The runtime takes gzip and br off by itself whenever a body is read.
 * @throws Refusal for a coding that cannot be taken off, and for a part of a body: what stands at its
 * edges may be a part of a secret.
 */
function decoded(
  { status, headers }: Response,
  body: ReadableStream<Uint8Array>,
  coding: string,
): ReadableStream<Uint8Array> {
  if (status === 206 || headers.has('content-range')) throw unreadable(body)
  if (['', 'gzip', 'br'].includes(coding)) return body
  const format = FORMATS.get(coding)
  if (!format) throw unreadable(body)
  return body.pipeThrough(new DecompressionStream(format))
}

const FORMATS = new Map<string, 'gzip' | 'deflate'>([
  ['x-gzip', 'gzip'],
  ['deflate', 'deflate'],
])

function unreadable(body: ReadableStream<Uint8Array>): Refusal {
  body.cancel().catch(() => {})
  return failure('the answer cannot be searched for credentials')
}

/** A body that is all here. */
function searched(
  whole: Uint8Array,
  headers: Headers,
  { scrubber, block, coding }: How,
): ScrubbedBody {
  const parts = [...scrubber.push(whole), ...scrubber.end()]
  const found = scrubber.count
  if (found > 0 && block) throw blocked()
  const size = parts.reduce((sum, { length }) => sum + length, 0)
  const body = found === 0 ? whole : joined(parts, size)
  if (found > 0 || coding !== '') {
    weaken(headers)
    headers.set('content-length', String(body.length))
  }
  return { body, found, later: null }
}

/** A body that is still coming. */
function streamed(reading: Reading, headers: Headers, how: How): ScrubbedBody {
  weaken(headers)
  headers.delete('content-length')
  const { readable, writable } = new IdentityTransformStream()
  return { body: readable, found: 0, later: pump(reading, writable, how) }
}

/** Takes back what the upstream said of bytes that are others now. */
function weaken(headers: Headers): void {
  for (const name of OF_THE_BYTES) headers.delete(name)
  headers.delete('content-encoding')
  const tag = headers.get('etag')
  if (tag !== null && !tag.startsWith('W/')) headers.set('etag', `W/${tag}`)
}

/** Hands on what has been searched, chunk by chunk. Resolves with the count of echoes, never rejects. */
async function pump(
  reading: Reading,
  to: WritableStream<Uint8Array>,
  { scrubber, block, left }: How,
): Promise<number> {
  const writer = to.getWriter()
  // Nothing tells the writer that the agent has gone, until there is something to write.
  left?.addEventListener('abort', () => reading.cancel(left.reason))
  const write = async (parts: readonly Uint8Array[]): Promise<void> => {
    if (block && scrubber.count > 0) throw blocked()
    for (const part of parts) await writer.write(part)
  }
  try {
    for (let chunk = await reading.next(); chunk; chunk = await reading.next()) {
      await write(scrubber.push(chunk))
    }
    left?.throwIfAborted()
    await write(scrubber.end())
    await writer.close()
  } catch (cause) {
    // Half an answer must not look whole.
    writer.abort(cause).catch(() => {})
    reading.cancel(cause)
  }
  return scrubber.count
}
