import { isObject } from '../content/json.ts'
import type { Json, JsonObject } from '../content/json.ts'
import { asRefusal } from '../refusal.ts'
import { VERSION } from '../version.ts'
import { thrown } from './refused.ts'
import { LEGACY, REVISIONS } from './revision.ts'
import type { Era } from './revision.ts'
import type { RpcError } from './rpc_error.ts'
import { INSTRUCTIONS } from './texts.ts'
import type { Asking, Said } from './tool.ts'
import { TOOLS } from './tools.ts'

/** Who asks, in which request. */
export type Asker = Omit<Asking, 'args'>

export type Answer = { readonly result: object } | { readonly error: RpcError }

type Method = (params: JsonObject, asker: Asker) => Answer | Promise<Answer>

const NO_PARAMS: JsonObject = new Map()
const SERVER = { name: 'outpost', title: 'Outpost', version: VERSION }
const CAPABILITIES = { tools: {} }

/** How long a client may go by what it was told, ms: what it is told depends on its grant. */
const CACHING = { ttlMs: 60_000, cacheScope: 'private' }

const METHODS: Readonly<Record<Era, ReadonlyMap<string, Method>>> = {
  legacy: new Map<string, Method>([
    ['initialize', initialize],
    ['ping', () => ({ result: {} })],
    ['tools/list', listTools],
    ['tools/call', callTool],
  ]),
  modern: new Map<string, Method>([
    ['server/discover', discover],
    ['tools/list', listTools],
    ['tools/call', callTool],
  ]),
}

/** What a request of JSON-RPC is answered. Never throws for what was asked. */
export async function answerOf(
  era: Era,
  { method, params = NO_PARAMS }: { readonly method: string; readonly params?: Json | undefined },
  asker: Asker,
): Promise<Answer> {
  const known = METHODS[era].get(method)
  if (!known) return failure(-32601, 'no such method')
  if (!isObject(params)) return failure(-32602, '"params" has to be an object')
  const answer = await known(params, asker)
  return era === 'legacy' || 'error' in answer ? answer : { result: modern(answer.result) }
}

/** What results say since 2026-07-28. */
function modern(result: object): object {
  const _meta = { 'io.modelcontextprotocol/serverInfo': SERVER }
  const caching = 'content' in result ? {} : CACHING
  return { resultType: 'complete', ...result, ...caching, _meta }
}

/** The client's revision where we speak it, else our newest: it then goes on with that or not at all. */
function initialize(params: JsonObject): Answer {
  const asked = params.get('protocolVersion')
  if (typeof asked !== 'string') return failure(-32602, '"protocolVersion" has to be a text')
  return {
    result: {
      protocolVersion: LEGACY.includes(asked) ? asked : LEGACY[0],
      capabilities: CAPABILITIES,
      serverInfo: SERVER,
      instructions: INSTRUCTIONS,
    },
  }
}

function discover(): Answer {
  const capabilities = CAPABILITIES
  return { result: { supportedVersions: REVISIONS, capabilities, instructions: INSTRUCTIONS } }
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
