import type { Call } from '../call.ts'
import { check } from '../content/conditions.ts'
import { Unreadable } from '../content/content.ts'
import type { Content, Wanted } from '../content/content.ts'
import { isObject } from '../content/json.ts'
import type { Json, JsonObject } from '../content/json.ts'
import type { Operation, Ruling } from '../operation.ts'
import { bodyType } from './body_type.ts'
import { readMessages } from './jsonrpc.ts'
import type { Message } from './jsonrpc.ts'
import { fits, ruled, strictest } from './listed.ts'
import { pruned } from './mcp_pruned.ts'
import { refusedAs403, toolRuling } from './mcp_rules.ts'
import type { McpRules } from './mcp_rules.ts'
import { checkHeaders, checkVersion } from './mcp_versions.ts'
import { asPlaced, placeOf } from './place.ts'
import type { Protocol } from './protocol.ts'
import { spoken } from './spoken.ts'

/** What changes nothing, in any revision. `notifications/…` do not either. */
const READS = new Set([
  'initialize',
  'ping',
  'server/discover',
  'subscriptions/listen',
  'tools/list',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'resources/subscribe',
  'resources/unsubscribe',
  'prompts/list',
  'prompts/get',
  'logging/setLevel',
  'completion/complete',
  'tasks/get',
  'tasks/list',
  'tasks/result',
])

/** What every client has to say, whatever it then asks for. */
const HANDSHAKE = new Set(['initialize', 'ping', 'server/discover'])

/** A protocol whose answers say what there is to ask for. */
export interface McpProtocol extends Protocol<McpRules> {
  readonly pruned: typeof pruned
}

/** https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http */
export const mcp: McpProtocol = {
  pruned,

  wants(call: Call, rules: McpRules): Wanted | null {
    if (placeOf(rules, call.path) === null) return null
    // What a browser asks of a server beforehand.
    if (call.method === 'OPTIONS' && call.request.body === null) return null
    return call.method === 'POST' ? 'body' : 'nothing'
  },

  read(call: Call, rules: McpRules, content: Content | null): Operation {
    const { headers, body } = call.request
    if (call.method === 'POST' && content !== null) {
      if (bodyType(headers) !== 'application/json') {
        throw new Unreadable('MCP is asked for in application/json')
      }
      const messages = readMessages(content.bytes)
      checkHeaders(headers, messages)
      const rulings = messages.all.map((each) => rulingOf(each, rules))
      const name = spoken(messages.all.map(nameOf).join('; '))
      return asPlaced({ name, ruling: strictest(rulings, 'mcp') }, rules, call.path)
    }
    const name = ENDS.get(call.method)
    if (name === undefined || body !== null) {
      throw new Unreadable('MCP is asked for by POST, GET or DELETE')
    }
    if (headers.has('upgrade')) {
      const reason = 'messages in a WebSocket cannot be told'
      return { name: 'websocket', ruling: { is: 'deny', rule: 'mcp', reason, listed: true } }
    }
    checkVersion(headers)
    const ruling = { is: 'allow', sensitive: false, rule: 'mcp' } as const
    return asPlaced({ name, ruling }, rules, call.path)
  },
}

/** Of revisions with sessions: the stream of what the server says, and the end of the session. */
const ENDS = new Map([
  ['GET', 'listen'],
  ['HEAD', 'listen'],
  ['DELETE', 'end of session'],
])

function nameOf(message: Message): string {
  if (message.is === 'response') return 'response'
  const { method, params } = message
  if (method !== 'tools/call' && method !== 'prompts/get') return method
  const name = isObject(params) ? params.get('name') : null
  return typeof name === 'string' ? `${method} ${name}` : method
}

function rulingOf(message: Message, rules: McpRules): Ruling {
  // An answer to what the server asked: of a person, a model, for the roots.
  if (message.is === 'response') return { is: 'allow', sensitive: false, rule: 'mcp' }
  const { method, answered, params } = message
  if (method === 'tools/call') return toolCall(params, rules)
  const tells = method.startsWith('notifications/') && !answered
  const asked = {
    name: method,
    writes: !READS.has(method) && !tells,
    free: HANDSHAKE.has(method) || tells,
  }
  return refusedAs403(
    ruled([asked], rules.methods, {
      matches: fits,
      place: 'mcp.methods',
      treat_writes_as_sensitive: rules.treat_writes_as_sensitive,
    }),
  )
}

function toolCall(params: Json, rules: McpRules): Ruling {
  if (!isObject(params)) throw new Unreadable('tools/call names a tool')
  const name = params.get('name')
  if (typeof name !== 'string') throw new Unreadable('tools/call names a tool')
  for (const key of params.keys()) {
    // Upper case first: Go takes `argument\u017f`, with a long s, for `arguments`.
    const plain = key.toUpperCase().toLowerCase()
    if (key !== plain && ['name', 'arguments'].includes(plain)) {
      throw new Unreadable('a parameter of tools/call is in another spelling')
    }
  }
  const ruling = toolRuling(name, rules)
  return ruling?.is === 'allow' ? (unmet(name, params, rules) ?? ruling) : ruling
}

/** The first condition that the arguments do not meet. Without arguments there are none in them. */
function unmet(name: string, params: JsonObject, { arguments: rules }: McpRules): Ruling {
  for (const { tool, conditions } of rules) {
    if (!fits(tool, name)) continue
    const failure = check(conditions, params.get('arguments') ?? new Map<string, Json>())
    if (failure === null) continue
    const rule = `mcp.tools.arguments.${tool}`
    const reason = `${failure.field} ${failure.expected}`
    return { is: 'deny', rule, reason, listed: true }
  }
  return null
}
