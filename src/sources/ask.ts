import { readBounded } from '../bounded.ts'
import { SourceError } from './backend.ts'
import type { Reading, SourceAnswer } from './backend.ts'
import { isNear } from './near.ts'

/** Until the whole answer is here. */
const PATIENCE_MS = 10_000
const MAX_ANSWER = 1024 * 1024

/** Asks a backend through `send`: see `Reading.ask`. */
export function asking(
  send: (request: Request, signal: AbortSignal) => Promise<Response>,
): Reading['ask'] {
  return async (request) => {
    if (!isSafe(new URL(request.url))) {
      throw new SourceError('unconfigured', { why: 'http to an address that is not nearby' })
    }
    const clock = new AbortController()
    const timer = setTimeout(() => clock.abort(), PATIENCE_MS)
    try {
      // An answer out of a cache may be the secret that was rotated.
      const asked = new Request(request, { redirect: 'manual', cache: 'no-store' })
      return await answerOf(await send(asked, clock.signal))
    } catch (cause) {
      throw cause instanceof SourceError ? cause : new SourceError('unreachable', { cause })
    } finally {
      clearTimeout(timer)
    }
  }
}

/** The token of the backend is sent there. In clear text only where the operator says so: nearby. */
function isSafe({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && isNear(hostname))
}

async function answerOf({ status, headers, body }: Response): Promise<SourceAnswer> {
  if (status >= 300 && status < 400) {
    await body?.cancel()
    throw new SourceError('malformed')
  }
  const bytes = await readBounded(body, MAX_ANSWER)
  if (!bytes) throw new SourceError('malformed')
  return { status, headers, json: jsonIn(bytes) }
}

/** Whatever the content type says. */
function jsonIn(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return undefined
  }
}
