import { Unreadable } from '../content/content.ts'
import { isObject } from '../content/json.ts'
import type { Json } from '../content/json.ts'
import { checkHeaders } from '../protocols/mcp_versions.ts'
import type { RpcError } from './rpc_error.ts'

/** The revision whose requests each say what they are: there is no handshake. */
const MODERN = '2026-07-28'

/** Those that begin with `initialize`, the newest first. */
export const LEGACY: readonly string[] = ['2025-11-25', '2025-06-18']

export const REVISIONS: readonly string[] = [MODERN, ...LEGACY]

/** How a request is to be answered: each in the way of its own revision. */
export type Era = 'modern' | 'legacy'

const PREFIX = 'io.modelcontextprotocol/'

/**
 * The era of a request, or why it has none: see "Server Validation" of
 * https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http and "General
 * fields" of its basic/index.
 */
export function eraOf(headers: Headers, method: string, params: Json): Era | RpcError {
  const header = headers.get('mcp-protocol-version')
  const meta = isObject(params) ? params.get('_meta') : undefined
  const own = isObject(meta) ? meta.get(`${PREFIX}protocolVersion`) : undefined
  const said = own ?? (method === 'initialize' ? undefined : (header ?? undefined))
  if (said !== undefined && !REVISIONS.some((each) => each === said)) return notSpoken(said)
  if (own !== MODERN && header !== MODERN) return 'legacy'
  if (own !== MODERN || header !== MODERN) return mismatch('MCP-Protocol-Version')
  const missing = missingHeader(headers, method)
  if (missing !== null) return mismatch(missing)
  try {
    checkHeaders(headers, {
      all: [{ is: 'call', method, answered: true, params }],
      batch: false,
    })
  } catch (error) {
    if (error instanceof Unreadable) return { code: -32020, message: error.message }
    throw error
  }
  if (isObject(meta) && isObject(meta.get(`${PREFIX}clientCapabilities`))) return 'modern'
  return { code: -32602, message: 'the capabilities of the client are missing in "_meta"' }
}

function missingHeader(headers: Headers, method: string): string | null {
  if (!headers.has('mcp-method')) return 'Mcp-Method'
  return method === 'tools/call' && !headers.has('mcp-name') ? 'Mcp-Name' : null
}

function mismatch(name: string): RpcError {
  return { code: -32020, message: `${name} is missing, or another than in the body` }
}

function notSpoken(requested: Json): RpcError {
  const shown = typeof requested === 'string' ? requested.slice(0, 100) : ''
  const data = { supported: REVISIONS, requested: shown }
  return { code: -32022, message: 'this revision of MCP is not spoken', data }
}
