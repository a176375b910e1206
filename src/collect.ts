import { readBounded } from './bounded.ts'
import type { Kept } from './replay/claim.ts'
import { codingOf } from './scrub/kinds.ts'

/** Said of the body as it was sent, which is kept as it was read: decoded. */
const OF_THE_ENCODING = new Set(['content-encoding', 'content-length', 'transfer-encoding'])

/** What the runtime decodes when a body is read. Anything else would be kept under a false name. */
const READABLE = new Set(['', 'gzip', 'br'])

/** Said of the one call, not of the answer. */
const OF_THE_CALL = /^(?:x-outpost-request-id|ratelimit|ratelimit-policy|date)$/

/** A kept answer as a response. */
export function given({ status, headers, body }: Kept): Response {
  const fields = new Headers()
  for (const { name, value } of headers) fields.append(name, value)
  return new Response(body.byteLength > 0 ? body : null, { status, headers: fields })
}

/**
 * The response to hand on, and, when it has passed, a copy of it; null when its body is over
 * `limit` bytes, breaks off, or has an encoding that the runtime does not know. At most `limit`
 * bytes are held, however slowly the agent reads.
 */
export function collected(
  response: Response,
  limit: number,
): { readonly copy: Response; readonly done: Promise<Kept | null> } {
  const headers = Array.from(response.headers, ([name, value]) => ({ name, value })).filter(
    ({ name }) => !OF_THE_ENCODING.has(name) && !OF_THE_CALL.test(name),
  )
  const { status } = response
  if (!READABLE.has(codingOf(response.headers))) {
    return { copy: response, done: Promise.resolve(null) }
  }
  if (!response.body) {
    return { copy: response, done: Promise.resolve({ status, headers, body: new Uint8Array() }) }
  }
  const [passing, copied] = response.body.tee()
  const done = readBounded(copied, limit).then(
    (body) => body && { status, headers, body },
    () => null, // the upstream broke off: nobody is given half an answer again
  )
  return { copy: new Response(passing, response), done }
}
