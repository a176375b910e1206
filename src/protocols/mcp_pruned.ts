import { readBounded } from '../bounded.ts'
import type { Upstream } from '../forward.ts'
import type { Grant } from '../grants/grant.ts'
import { narrowedBy } from '../grants/narrow.ts'
import { LONGEST_NAME } from '../operation.ts'
import type { Permit } from '../policy/decision.ts'
import { readingsOf } from '../policy/path.ts'
import { Refusal } from '../refusal.ts'
import { codingOf } from '../scrub/kinds.ts'
import { decoded, weaken } from '../scrubbed.ts'
import { EventStream } from './event_stream.ts'
import type { EventRules } from './event_stream.ts'
import { toolRuling } from './mcp_rules.ts'
import { withoutTools } from './tool_lists.ts'

/** Of an answer with a list of tools, or of one event. */
const MOST_BYTES = 4 * 1024 * 1024

/**
 * The answer of an MCP server less the tools in its lists that the caller may not call. Everything else
 * in it stays byte for byte. `kept`: it goes on when the agent has gone.
 * @throws Refusal 502 for a list that is too large or cannot be read
 */
export async function pruned(upstream: Upstream, permit: Permit, kept: boolean): Promise<Upstream> {
  const { response } = upstream
  const may = mayCall(permit)
  if (!may || response.status !== 200 || !response.body || !mayList(permit)) return upstream
  const type = (response.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase()
  const change = (text: string) => withoutTools(text, may)
  if (type === 'application/json') return { ...upstream, response: await whole(response, change) }
  if (type !== 'text/event-stream') return upstream
  // What is heard by GET may be anything; a long event there is most likely no list.
  const rules = { change, limit: MOST_BYTES, passLonger: permit.call.method === 'GET' }
  const left = kept ? null : permit.call.request.signal
  return { ...upstream, response: streamed(response, rules, left) }
}

/** Whether the caller may call a tool; null: it may call them all. */
function mayCall(permit: Permit): ((tool: string) => boolean) | null {
  const { provider, caller } = permit
  const { mcp } = provider
  if (!mcp) return null
  const { host, grant } = caller
  const maySensitive = host?.can_call_sensitive !== false && (!grant || isGranted(grant, permit))
  if (maySensitive && mcp.tools.allow === null && mcp.tools.deny.length === 0) return null
  return (tool) => {
    const ruling = toolRuling(tool, mcp)
    return ruling?.is === 'allow' && (maySensitive || !ruling.sensitive)
  }
}

/** Whether a grant is for sensitive calls of tools, which are all on this path. */
function isGranted(grant: Grant, { provider, call: { path } }: Permit): boolean {
  const call = { provider: provider.name, method: 'POST', path, readings: readingsOf(path) }
  return narrowedBy(grant, { ...call, sensitive: true }).ok
}

/** Whether the answer may have a list in it. A name that was too long may have left it out. */
function mayList({ call, operation }: Permit): boolean {
  if (call.method !== 'POST' || operation === null) return true
  return operation.length === LONGEST_NAME || LISTS.test(operation)
}

/** Among the names of a batch, which may have a digest behind them. */
const LISTS = /(?:^|; )tools\/list(?:;| |$)/

/** An answer that is one message, or a batch. */
async function whole(response: Response, change: EventRules['change']): Promise<Response> {
  const { status, statusText, body } = response
  if (!body) return response
  const coding = codingOf(response.headers)
  const bytes = await readBounded(decoded(response, body, coding), MOST_BYTES).catch(brokeOff)
  if (!bytes) throw failure('the list of tools is too large')
  const instead = change(new TextDecoder().decode(bytes))
  const headers = new Headers(response.headers)
  if (instead === null && coding === '') return new Response(bytes, { status, statusText, headers })
  const sent = instead === null ? bytes : new TextEncoder().encode(instead)
  weaken(headers)
  headers.set('content-length', String(sent.length))
  return new Response(sent, { status, statusText, headers })
}

/** An answer of which each event is handed on when it is whole. */
function streamed(response: Response, rules: EventRules, left: AbortSignal | null): Response {
  const { status, statusText, body } = response
  if (!body) return response
  const readable = decoded(response, body, codingOf(response.headers))
  const headers = new Headers(response.headers)
  weaken(headers)
  headers.delete('content-length')
  const through = new IdentityTransformStream()
  void pump(readable, through.writable, new EventStream(rules), left)
  return new Response(through.readable, { status, statusText, headers })
}

async function pump(
  from: ReadableStream<Uint8Array>,
  to: WritableStream<Uint8Array>,
  events: EventStream,
  left: AbortSignal | null,
): Promise<void> {
  const reader = from.getReader()
  const writer = to.getWriter()
  // Nothing tells the writer that the agent has gone, until there is something to write.
  left?.addEventListener('abort', () => void reader.cancel(left.reason).catch(() => {}))
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      for (const ready of events.push(part.value)) await writer.write(ready)
    }
    left?.throwIfAborted()
    for (const ready of events.end()) await writer.write(ready)
    await writer.close()
  } catch (cause) {
    // Half an answer must not look whole.
    writer.abort(cause).catch(() => {})
    reader.cancel(cause).catch(() => {})
  }
}

function brokeOff(cause: unknown): never {
  throw failure('the answer broke off', cause)
}

function failure(message: string, cause?: unknown): Refusal {
  return new Refusal('PROXY_UPSTREAM_ERROR', message, { cause, answered: true })
}
