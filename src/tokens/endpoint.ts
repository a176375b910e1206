import type { Ask, EndpointAnswer } from '../auth/scheme.ts'
import { readBounded } from '../bounded.ts'

/** Until the whole answer is here. */
const PATIENCE_MS = 15_000
const MAX_ANSWER = 64 * 1024

const REDIRECTS = new Set([301, 302, 303, 307, 308])

/** Ends a mint. The message is for the operator, and holds nothing that the endpoint said. */
export class EndpointError extends Error {
  override readonly name = 'EndpointError'
}

/** Asks token endpoints through `send`, and lets through only what has the form of an answer. */
export function asking(
  send: (request: Request, signal: AbortSignal) => Promise<Response>,
  patience = PATIENCE_MS,
): Ask {
  return async (request) => {
    const clock = new AbortController()
    const timer = setTimeout(() => clock.abort(), patience)
    try {
      return await answerTo(new Request(request, { redirect: 'manual' }), send, clock.signal)
    } catch (cause) {
      if (cause instanceof EndpointError) throw cause
      const why = clock.signal.aborted ? `no answer in ${patience / 1000} s` : 'unreachable'
      throw new EndpointError(why, { cause })
    } finally {
      clearTimeout(timer)
    }
  }
}

async function answerTo(
  request: Request,
  send: (request: Request, signal: AbortSignal) => Promise<Response>,
  signal: AbortSignal,
): Promise<EndpointAnswer> {
  const response = await send(request, signal)
  const { status } = response
  if (REDIRECTS.has(status)) {
    await response.body?.cancel()
    throw new EndpointError('redirect refused')
  }
  const bytes = await readBounded(response.body, MAX_ANSWER)
  if (!bytes) throw new EndpointError('the answer is too large')
  return { status, json: jsonIn(bytes) }
}

/** Whatever the content type says: some endpoints say `text/html` for JSON. */
function jsonIn(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return undefined
  }
}
