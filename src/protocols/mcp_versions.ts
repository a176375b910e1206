import { Unreadable } from '../content/content.ts'
import { isObject } from '../content/json.ts'
import type { Json } from '../content/json.ts'
import type { Message, Messages } from './jsonrpc.ts'

/** Revisions with the Streamable HTTP transport: https://modelcontextprotocol.io/specification/versioning */
export const MCP_VERSIONS = ['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26'] as const

/** The only one with batches, and the one that a request without the header is in. */
const BATCHES = '2025-03-26'

const VERSION = 'mcp-protocol-version'
const META_VERSION = 'io.modelcontextprotocol/protocolVersion'

/** @throws Unreadable for a revision that is not known here: what its messages mean is not known either */
export function checkVersion(headers: Headers): void {
  const version = headers.get(VERSION)
  if (version !== null && !MCP_VERSIONS.some((each) => each === version)) {
    throw new Unreadable(`MCP-Protocol-Version is one of ${MCP_VERSIONS.join(', ')}`)
  }
}

/**
 * The headers say what the body says: servers, and what stands before them, may go by either. See
 * https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http#server-validation
 * @throws Unreadable
 */
export function checkHeaders(headers: Headers, { all, batch }: Messages): void {
  checkVersion(headers)
  const version = headers.get(VERSION)
  if (batch && (version ?? BATCHES) !== BATCHES) {
    throw new Unreadable(`MCP has batches in ${BATCHES} alone`)
  }
  if (all.some((message) => !agrees(message, version, batch))) {
    throw new Unreadable('MCP-Protocol-Version and the body are not the same')
  }
  const [only = null] = batch ? [] : all
  checkMirrored(headers, only)
}

/** Whether a message that says its version says that of the header. None does in a batch. */
function agrees(message: Message, version: string | null, batch: boolean): boolean {
  const said = versionIn(message)
  if (said === null) return true
  // Before `initialize` was answered there was no version to be in a header.
  return !batch && (version === null ? said.is === 'asked' : version === said.version)
}

function checkMirrored(headers: Headers, message: Message | null): void {
  const method = headers.get('mcp-method')
  const name = headers.get('mcp-name')
  const call = message?.is === 'call' ? message : null
  if (method !== null && method !== call?.method) {
    throw new Unreadable('Mcp-Method and the body are not the same')
  }
  if (name !== null && decoded(name) !== (call && targetOf(call.params))) {
    throw new Unreadable('Mcp-Name and the body are not the same')
  }
}

/** What `initialize` asks for, or what a request of 2026-07-28 says of itself. */
function versionIn(
  message: Message,
): { readonly is: 'asked' | 'meta'; readonly version: Json } | null {
  if (message.is === 'response' || !isObject(message.params)) return null
  const meta = message.params.get('_meta')
  const own = isObject(meta) ? meta.get(META_VERSION) : undefined
  if (own !== undefined) return { is: 'meta', version: own }
  if (message.method !== 'initialize') return null
  return { is: 'asked', version: message.params.get('protocolVersion') ?? null }
}

/** What a request is about: `params.name` of a tool or a prompt, `params.uri` of a resource. */
function targetOf(params: Json): Json {
  if (!isObject(params)) return null
  return params.get('name') ?? params.get('uri') ?? null
}

const ENCODED = /^=\?base64\?([A-Za-z0-9+/]*={0,2})\?=$/

/** @throws Unreadable for what claims to be in base64 and is not */
function decoded(value: string): string {
  if (!value.startsWith('=?base64?')) return value
  try {
    const bytes = Uint8Array.from(atob(ENCODED.exec(value)?.[1] ?? '*'), (char) =>
      char.charCodeAt(0),
    )
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new Unreadable('Mcp-Name is not in base64')
  }
}
