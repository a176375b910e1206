import type { Ask, EndpointAnswer } from '../auth/scheme.ts'
import { readBounded } from '../bounded.ts'

/** From the beginning of a mint until its last answer is here whole: less than its lease. */
const PATIENCE_MS = 15_000
const MAX_ANSWER = 64 * 1024

const REDIRECTS = new Set([301, 302, 303, 307, 308])

/** Ends a mint. The message is for the operator, and holds nothing that the endpoint said. */
export class EndpointError extends Error {
  override readonly name = 'EndpointError'
}

interface Asking {
  readonly now: () => number
  readonly send: (request: Request, signal: AbortSignal) => Promise<Response>
}

/** Asks the token endpoints of one mint, and lets through only what has the form of an answer. */
export function asking({ now, send }: Asking, patience = PATIENCE_MS): Ask {
  const deadline = now() + patience
  return async (request, most = MAX_ANSWER) => {
    const clock = new AbortController()
    const timer = setTimeout(() => clock.abort(), deadline - now())
    const sent = (each: Request) => send(each, clock.signal)
    try {
      return await answerTo(new Request(request, { redirect: 'manual' }), sent, most)
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
  send: (request: Request) => Promise<Response>,
  most: number,
): Promise<EndpointAnswer> {
  const response = await send(request)
  const { status } = response
  if (REDIRECTS.has(status)) {
    await response.body?.cancel()
    throw new EndpointError('redirect refused')
  }
  const bytes = await readBounded(response.body, most)
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
