import { isObject } from '../content/json.ts'
import type { Json, JsonObject } from '../content/json.ts'
import { asRefusal } from '../refusal.ts'
import { VERSION } from '../version.ts'
import { thrown } from './refused.ts'
import { INSTRUCTIONS } from './texts.ts'
import type { Asking, Said } from './tool.ts'
import { TOOLS } from './tools.ts'

/** The revisions of MCP that are spoken, the newest first. */
export const REVISIONS: readonly string[] = ['2025-11-25', '2025-06-18']

/** Who asks, in which request. */
export type Asker = Omit<Asking, 'args'>

/** An error of JSON-RPC (https://www.jsonrpc.org/specification#error_object). */
export interface RpcError {
  readonly code: -32601 | -32602
  readonly message: string
}

export type Answer = { readonly result: object } | { readonly error: RpcError }

type Method = (params: JsonObject, asker: Asker) => Answer | Promise<Answer>

const NO_PARAMS: JsonObject = new Map()

const METHODS: ReadonlyMap<string, Method> = new Map<string, Method>([
  ['initialize', initialize],
  ['ping', () => ({ result: {} })],
  ['tools/list', listTools],
  ['tools/call', callTool],
])

/** What a request of JSON-RPC is answered. Never throws for what was asked. */
export async function answerOf(
  method: string,
  params: Json | undefined,
  asker: Asker,
): Promise<Answer> {
  const known = METHODS.get(method)
  if (!known) return failure(-32601, 'no such method')
  const named = params ?? NO_PARAMS
  return isObject(named) ? known(named, asker) : failure(-32602, '"params" has to be an object')
}

/** The client's revision where we speak it, else our newest: it then goes on with that or not at all. */
function initialize(params: JsonObject): Answer {
  const asked = params.get('protocolVersion')
  if (typeof asked !== 'string') return failure(-32602, '"protocolVersion" has to be a text')
  return {
    result: {
      protocolVersion: REVISIONS.includes(asked) ? asked : REVISIONS[0],
      capabilities: { tools: {} },
      serverInfo: { name: 'outpost', title: 'Outpost', version: VERSION },
      instructions: INSTRUCTIONS,
    },
  }
}

/** All at once, so that no cursor is ever ours. */
function listTools(params: JsonObject, { caller }: Asker): Answer {
  if (params.has('cursor')) return failure(-32602, 'no such cursor')
  const tools = TOOLS.filter(({ isFor }) => isFor(caller)).map(
    ({ isFor: _isFor, run: _run, ...shown }) => shown,
  )
  return { result: { tools } }
}

async function callTool(params: JsonObject, asker: Asker): Promise<Answer> {
  const name = params.get('name')
  const args = params.get('arguments') ?? NO_PARAMS
  const tool = TOOLS.find((each) => each.name === name && each.isFor(asker.caller))
  if (!tool) return failure(-32602, 'no such tool')
  if (!isObject(args)) return failure(-32602, '"arguments" has to be an object')
  const said = await tool
    .run({ ...asker, args })
    .catch((error: unknown) => thrown(asRefusal(error)))
  return { result: resultOf(said) }
}

/** The same twice: as an object, and as text for clients that know no other. */
function resultOf({ value, failed = false }: Said) {
  return {
    content: [{ type: 'text', text: JSON.stringify(value) }],
    structuredContent: value,
    isError: failed,
  }
}

function failure(code: RpcError['code'], message: string): Answer {
  return { error: { code, message } }
}
