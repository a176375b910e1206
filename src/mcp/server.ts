import { readBounded } from '../bounded.ts'
import { callerOf } from '../control/callers.ts'
import type { ControlDeps } from '../control/deps.ts'
import { Refusal } from '../refusal.ts'
import { readMessage } from './message.ts'
import { answerOf, REVISIONS } from './methods.ts'

/** A message, with the body of the call that it asks for. */
const MOST_BYTES = 1024 * 1024

const JSON_TYPE = /^application\/json[ \t]*(?:;|$)/i

/**
 * One POST of MCP's Streamable HTTP
 * (https://modelcontextprotocol.io/specification/2025-11-25/basic/transports). There are no sessions:
 * each request says by itself who asks, as every call does, and is answered with JSON.
 * @throws Refusal for a caller who is not let in, and for what is no message of JSON-RPC.
 */
export async function answerMcp(request: Request, deps: ControlDeps): Promise<Response> {
  const caller = await callerOf(request, deps)
  checkOrigin(request)
  const bytes = await bytesOf(request)
  const message = readMessage(bytes)
  if (message.is === 'told') return new Response(null, { status: 202 })
  const { id, method, params } = message
  if (method !== 'initialize') checkRevision(request)
  const answer = await answerOf(method, params, { caller, request, deps })
  return Response.json({ jsonrpc: '2.0', id, ...answer })
}

/**
 * Clients of MCP are programs, and no page of a browser has anything to do here: its `Origin` may be a
 * name that was bound anew to this very address, and then it looks like our own.
 */
function checkOrigin({ headers }: Request): void {
  if (!headers.has('origin')) return
  throw new Refusal('PROXY_CROSS_ORIGIN', 'not for pages of a browser', { reason: 'Origin' })
}

function checkRevision({ headers }: Request): void {
  const said = headers.get('mcp-protocol-version')
  if (said === null || REVISIONS.includes(said)) return
  throw new Refusal('PROXY_BAD_REQUEST', 'this revision of MCP is not spoken', {
    metadata: { supported: REVISIONS },
  })
}

async function bytesOf({ headers, body }: Request): Promise<Uint8Array> {
  if (!JSON_TYPE.test(headers.get('content-type') ?? '')) {
    throw new Refusal('PROXY_BAD_REQUEST', 'a message has to be application/json')
  }
  const bytes = await readBounded(body, MOST_BYTES)
  if (bytes) return bytes
  throw new Refusal('PROXY_BODY_TOO_LARGE', `a message may have ${MOST_BYTES} bytes`)
}
