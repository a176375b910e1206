import { joined } from './bounded.ts'
import { declaredLength } from './incoming.ts'
import type { Permit } from './policy/decision.ts'
import { HEADROOM, LARGE_BYTES, Reading } from './reading.ts'
import { Refusal } from './refusal.ts'
import type { RefusalDetails } from './refusal.ts'
import { codingOf, isBinary, isJson, kindOf } from './scrub/kinds.ts'
import { takesParts } from './scrub/parts.ts'
import { Scrubber } from './scrub/scrubber.ts'
import type { Search } from './scrub/search.ts'

/** These carry no body, and the runtime throws when one is given: Fetch standard, null body status. */
const WITHOUT_BODY = new Set([204, 205, 304])

/**
 * An answer that says that it is shorter than `LARGE_BYTES` is searched before its headers leave,
 * unless it takes longer than this to come.
 */
const WHOLE_MS = 250

/** Said of the very bytes that the upstream sent: RFC 9530, RFC 3230, RFC 1864, RFC 9110 §14.3. */
const OF_THE_BYTES = ['content-digest', 'repr-digest', 'digest', 'content-md5', 'accept-ranges']

/** A body without secrets. */
export interface ScrubbedBody {
  readonly body: ReadableStream<Uint8Array> | Uint8Array | null
  /** How many echoes were taken out before the headers leave. */
  readonly found: number
  /** How many are taken out of what streams, known at its end; null when all is known. */
  readonly later: Promise<number> | null
  /** To be called when a response has been made of it, which copies bytes. */
  readonly release: () => void
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
  const coding = codingOf(upstream.headers)
  const readable = decoded(upstream, body, coding, takesParts(permit.provider))
  const length = declaredLength(upstream.headers) ?? Infinity
  const scrubber = new Scrubber(search, isJson(upstream.headers.get('content-type')))
  const how = { scrubber, block: on_echo === 'block', coding, left }
  const reading = new Reading(readable, coding === '' ? length : Infinity)
  return read(headers, { ...how, reading, length, unknown: kind === 'unknown' })
}

/** Of a body that is read bit by bit. */
async function read(headers: Headers, how: HowRead): Promise<ScrubbedBody> {
  const { reading, length, unknown } = how
  try {
    if (unknown && (await isPassed(reading, length))) return untouched(reading.rest())
    const whole = length < LARGE_BYTES ? await reading.whole(WHOLE_MS) : null
    if (whole) return { ...searched(whole, headers, how), release: () => reading.release() }
    // What is not in its coding at all is a 502, and no answer that breaks off.
    if (how.coding !== '') await reading.first(WHOLE_MS)
    return streamed(headers, how)
  } catch (cause) {
    reading.cancel(cause)
    throw brokenOff(cause)
  }
}

/**
 * Whether bytes are passed on unsearched: there are many, and they begin as no text does. To search
 * fewer costs less than to hand them back to the runtime.
 */
async function isPassed(reading: Reading, length: number): Promise<boolean> {
  return length >= LARGE_BYTES && isBinary(await reading.first(WHOLE_MS))
}

interface HowRead extends How {
  readonly reading: Reading
  /** What the answer says that it has. */
  readonly length: number
  /** Nobody has said whether it is text. */
  readonly unknown: boolean
}

interface How {
  readonly scrubber: Scrubber
  readonly block: boolean
  /** What the body came in. */
  readonly coding: string
  readonly left: AbortSignal | null
}

/** What a provider with `on_echo: block` gives in place of an answer with an echo. */
export function blocked(echoes: number): Refusal {
  return failure('the upstream repeated a credential', { echoes })
}

function failure(message: string, details: RefusalDetails = {}): Refusal {
  return new Refusal('PROXY_UPSTREAM_ERROR', message, { ...details, answered: true })
}

function brokenOff(cause: unknown): Refusal {
  return cause instanceof Refusal ? cause : failure('the answer broke off', { cause })
}

function untouched(body: ScrubbedBody['body']): ScrubbedBody {
  return { body, found: 0, later: null, release: nothing }
}

function nothing(): void {}

/**
 * The body without its coding. The runtime takes gzip and br off by itself whenever a body is read.
 * @throws Refusal for a coding that cannot be taken off, and for a part of a body: what stands at its
 * edges may be a part of a secret.
 */
export function decoded(
  { status, headers }: Response,
  body: ReadableStream<Uint8Array>,
  coding: string,
  parts = false,
): ReadableStream<Uint8Array> {
  const part = status === 206 || (status < 300 && headers.has('content-range'))
  if (part && (!parts || coding !== '')) throw unreadable(body)
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
  if (found > 0 && block) throw blocked(found)
  const size = parts.reduce((sum, { length }) => sum + length, 0)
  const body = found === 0 ? whole : joined(parts, size)
  if (found > 0 || coding !== '') {
    weaken(headers)
    headers.set('content-length', String(body.length))
  }
  return { body, found, later: null, release: nothing }
}

/** A body that is still coming. */
function streamed(headers: Headers, how: HowRead): ScrubbedBody {
  weaken(headers)
  headers.delete('content-length')
  const { readable, writable } = new IdentityTransformStream()
  return { body: readable, found: 0, later: pump(writable, how), release: nothing }
}

/** Takes back what the upstream said of bytes that are others now. */
export function weaken(headers: Headers): void {
  for (const name of OF_THE_BYTES) headers.delete(name)
  headers.delete('content-encoding')
  const tag = headers.get('etag')
  if (tag !== null && !tag.startsWith('W/')) headers.set('etag', `W/${tag}`)
}

/** Hands on what has been searched, chunk by chunk. Resolves with the count of echoes, never rejects. */
async function pump(
  to: WritableStream<Uint8Array>,
  { reading, scrubber, block, left }: HowRead,
): Promise<number> {
  const writer = to.getWriter()
  // Nothing tells the writer that the agent has gone, until there is something to write.
  left?.addEventListener('abort', () => reading.cancel(left.reason))
  const write = async (parts: readonly Uint8Array[]): Promise<void> => {
    if (block && scrubber.count > 0) throw blocked(scrubber.count)
    // Of a chunk full of echoes there are thousands: to write one costs more than to search for it.
    const size = parts.reduce((sum, { length }) => sum + length, 0)
    const [first] = parts
    if (first) await writer.write(parts.length === 1 ? first : joined(parts, size))
  }
  try {
    for (let chunk = await reading.next(); chunk; chunk = await reading.next()) {
      await write(scrubber.push(chunk, HEADROOM))
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
