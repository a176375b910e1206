import { readBounded } from '../bounded.ts'
import { callerOf } from '../control/callers.ts'
import type { ControlDeps } from '../control/deps.ts'
import { Refusal } from '../refusal.ts'
import { readMessage } from './message.ts'
import type { MessageId } from './message.ts'
import { answerOf } from './methods.ts'
import type { Answer } from './methods.ts'
import { eraOf } from './revision.ts'

/** A message, with the body of the call that it asks for. */
const MOST_BYTES = 1024 * 1024

const JSON_TYPE = /^application\/json[ \t]*(?:;|$)/i

/**
 * One POST of MCP's Streamable HTTP, of this revision and the two before it:
 * https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http. There are no
 * sessions: each request says by itself who asks, as every call does, and is answered with JSON.
 * @throws Refusal for a caller who is not let in, and for what is no message of JSON-RPC.
 */
export async function answerMcp(request: Request, deps: ControlDeps): Promise<Response> {
  const caller = await callerOf(request, deps)
  checkOrigin(request)
  const bytes = await bytesOf(request)
  const message = readMessage(bytes)
  if (message.is === 'told') return new Response(null, { status: 202 })
  const { id, method, params = null } = message
  const era = eraOf(request.headers, method, params)
  // Clients tell by the status and the code in what is refused here which revisions we speak.
  if (typeof era === 'object') return replied(id, { error: era }, 400)
  const answer = await answerOf(era, message, { caller, request, deps })
  const isUnknown = era === 'modern' && 'error' in answer && answer.error.code === -32601
  return replied(id, answer, isUnknown ? 404 : 200)
}

function replied(id: MessageId, answer: Answer, status: number): Response {
  return Response.json({ jsonrpc: '2.0', id, ...answer }, { status })
}

/**
 * Clients of MCP are programs, and no page of a browser has anything to do here: its `Origin` may be a
 * name that was bound anew to this very address, and then it looks like our own.
 */
function checkOrigin({ headers }: Request): void {
  if (!headers.has('origin')) return
  throw new Refusal('PROXY_CROSS_ORIGIN', 'not for pages of a browser', { reason: 'Origin' })
}

async function bytesOf({ headers, body }: Request): Promise<Uint8Array> {
  if (!JSON_TYPE.test(headers.get('content-type') ?? '')) {
    throw new Refusal('PROXY_BAD_REQUEST', 'a message has to be application/json')
  }
  const bytes = await readBounded(body, MOST_BYTES)
  if (bytes) return bytes
  throw new Refusal('PROXY_BODY_TOO_LARGE', `a message may have ${MOST_BYTES} bytes`)
}
