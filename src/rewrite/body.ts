import { joined } from '../bounded.ts'
import type { Provider } from '../catalog.ts'
import { declaredLength } from '../incoming.ts'
import type { Permit } from '../policy/decision.ts'
import { LARGE_BYTES, Reading } from '../reading.ts'
import { Refusal } from '../refusal.ts'
import { codingOf } from '../scrub/kinds.ts'
import { decoded, weaken, WHOLE_MS, WITHOUT_BODY } from '../scrubbed.ts'
import { JsonStrings } from './json_strings.ts'
import { stepsIn } from './steps.ts'
import type { Steps } from './steps.ts'
import { urlForAgent } from './url.ts'

/** `application/json`, `application/vnd.npm.install-v1+json`, JSON Lines, text sequences. */
const JSON_TYPE = /^\s*[\w.+-]+\/(?:[\w.+-]+\+)?(?:x-)?(?:json(?:-seq|lines?)?|ndjson)\s*(?:;|$)/i

/** What can be taken off a body. */
const READABLE = new Set(['', 'gzip', 'br', 'x-gzip', 'deflate'])

/**
 * The upstream's answer with the URLs of its `rewrite_json` fields leading back to the proxy. It is
 * changed while it streams; a short one is changed first, and then has a length. An answer that is no
 * JSON, or a part of one, or in a coding that cannot be taken off, is returned as it is.
 * `left`: the agent has gone; null: the answer is kept.
 * @throws Refusal 502 for a short one that breaks off.
 */
export async function withUrlsForAgent(
  upstream: Response,
  permit: Permit,
  left: AbortSignal | null,
): Promise<Response> {
  const ways = waysOf(permit.provider)
  const { body, status, statusText } = upstream
  if (ways.length === 0 || !isRewritable(upstream)) return upstream
  if (!body) return permit.call.method === 'HEAD' ? headOf(upstream) : upstream
  const coding = codingOf(upstream.headers)
  const length = declaredLength(upstream.headers) ?? Infinity
  const reading = new Reading(decoded(upstream, body, coding), coding === '' ? length : Infinity)
  const strings = new JsonStrings(ways, (text) => urlForAgent(text, permit))
  const { headers } = headOf(upstream)
  const whole = length < LARGE_BYTES ? await wholeOf(reading) : null
  if (!whole) return new Response(streamed(reading, strings, left), { status, statusText, headers })
  const parts = [...strings.push(whole), ...strings.end()]
  const said = joined(parts, sizeOf(parts))
  reading.release()
  headers.set('content-length', String(said.length))
  return new Response(said, { status, statusText, headers })
}

/** What is true of the answer without its body when that is another. */
function headOf({ status, statusText, headers: said }: Response): Response {
  const headers = new Headers(said)
  weaken(headers)
  headers.delete('content-length')
  return new Response(null, { status, statusText, headers })
}

function isRewritable({ status, headers }: Response): boolean {
  if (WITHOUT_BODY.has(status) || status === 206) return false
  return JSON_TYPE.test(headers.get('content-type') ?? '') && READABLE.has(codingOf(headers))
}

async function wholeOf(reading: Reading): Promise<Uint8Array | null> {
  try {
    return await reading.whole(WHOLE_MS)
  } catch (cause) {
    reading.cancel(cause)
    throw new Refusal('PROXY_UPSTREAM_ERROR', 'the answer broke off', { cause, answered: true })
  }
}

function streamed(
  reading: Reading,
  strings: JsonStrings,
  left: AbortSignal | null,
): ReadableStream<Uint8Array> {
  const { readable, writable } = new IdentityTransformStream()
  // Nothing tells the writer that the agent has gone, until there is something to write.
  left?.addEventListener('abort', () => reading.cancel(left.reason))
  void pump(writable.getWriter(), reading, strings)
  return readable
}

/** Never rejects: half an answer breaks off, and does not look whole. */
async function pump(
  writer: WritableStreamDefaultWriter<Uint8Array>,
  reading: Reading,
  strings: JsonStrings,
): Promise<void> {
  const write = async (parts: readonly Uint8Array[]): Promise<void> => {
    const [first] = parts
    if (first) await writer.write(parts.length === 1 ? first : joined(parts, sizeOf(parts)))
  }
  try {
    for (let chunk = await reading.next(); chunk; chunk = await reading.next()) {
      await write(strings.push(chunk))
    }
    await write(strings.end())
    await writer.close()
  } catch (cause) {
    writer.abort(cause).catch(() => {})
    reading.cancel(cause)
  }
}

function sizeOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0)
}

/** Worked out once. */
function waysOf(provider: Provider): readonly Steps[] {
  let ways = known.get(provider)
  if (!ways) known.set(provider, (ways = provider.rewrite_json.flatMap((each) => wayOf(each))))
  return ways
}

/** One that is none has not got past the compiler. */
function wayOf(text: string): readonly Steps[] {
  const steps = stepsIn(text)
  return steps ? [steps] : []
}

const known = new WeakMap<Provider, readonly Steps[]>()
