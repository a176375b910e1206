import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'

import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'

import { clientsOutpost } from './outpost.ts'

const MCP_TOKEN = 'sentinel-mcp-5d20e7b1'
const at = clientsOutpost({ MCP_TOKEN })

/** The tools that were really called, in order. */
const called: string[] = []
let upstream: Server | undefined

function reference(): McpServer {
  const server = new McpServer(
    { name: 'reference', version: '1.0.0' },
    { capabilities: { logging: {}, tools: { listChanged: true } } },
  )
  const text = (said: string) => ({ content: [{ type: 'text' as const, text: said }] })
  const named = (name: string) => {
    called.push(name)
    return text(`did ${name}`)
  }
  server.registerTool(
    'search',
    { inputSchema: { q: z.string(), limit: z.number().optional() } },
    () => named('search'),
  )
  server.registerTool('send_mail', { inputSchema: { to: z.string() } }, () => named('send_mail'))
  server.registerTool('wipe', {}, () => named('wipe'))
  server.registerTool('other', {}, () => named('other'))
  server.registerTool('count', {}, async ({ sendNotification, _meta }) => {
    for (const progress of [1, 2, 3]) {
      const progressToken = _meta?.progressToken ?? 0
      await sendNotification({
        method: 'notifications/progress',
        params: { progressToken, progress },
      })
    }
    return named('count')
  })
  server.registerResource('note', 'note://one', {}, () => ({
    contents: [{ uri: 'note://one', text: 'hello' }],
  }))
  return server
}

const sessions = new Map<string, StreamableHTTPServerTransport>()

/** A session for each client. Its answers are JSON below `/mcp/json`, and streams below `/mcp/stream`. */
async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.headers.authorization !== `Bearer ${MCP_TOKEN}`) {
    response.writeHead(401).end()
    return
  }
  const known = sessions.get(String(request.headers['mcp-session-id']))
  if (known) return known.handleRequest(request, response)
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: () => randomUUID(),
    enableJsonResponse: request.url === '/mcp/json',
    onsessioninitialized: (id) => void sessions.set(id, transport),
    onsessionclosed: (id) => void sessions.delete(id),
  })
  await reference().connect(transport)
  await transport.handleRequest(request, response)
}

beforeAll(async () => {
  upstream = createServer((request, response) => void answer(request, response))
  await new Promise<void>((listening) => {
    upstream?.listen(at.port('mcp'), '127.0.0.1', listening)
  })
})

afterAll(() => {
  upstream?.closeAllConnections()
  upstream?.close()
})

async function connected(kind: string, token: string) {
  const client = new Client({ name: 'test', version: '1.0.0' })
  const transport = new StreamableHTTPClientTransport(new URL(`${at.url}/p/mcp/mcp/${kind}`), {
    requestInit: { headers: { authorization: `Bearer ${token}` } },
  })
  await client.connect(transport)
  return { client, transport }
}

describe.each(['json', 'stream'])('the SDK client, answers as %s', (kind) => {
  it('connects, calls, reads, and ends its session', async () => {
    const { client, transport } = await connected(kind, await at.grant('mcp'))
    expect(client.getServerVersion()).toMatchObject({ name: 'reference' })
    expect(transport.sessionId).toMatch(/^[0-9a-f-]{36}$/)
    const { content } = await client.callTool({ name: 'search', arguments: { q: 'x', limit: 100 } })
    expect(content).toEqual([{ type: 'text', text: 'did search' }])
    expect(await client.readResource({ uri: 'note://one' })).toEqual({
      contents: [{ uri: 'note://one', text: 'hello' }],
    })
    await client.ping()
    expect(called.splice(0)).toEqual(['search'])
    const { sessionId = '' } = transport
    expect(sessions.has(sessionId)).toBe(true)
    await transport.terminateSession()
    expect(sessions.has(sessionId)).toBe(false)
    await client.close()
  })

  it('sees the tools that it may call, and no others', async () => {
    const writer = await connected(kind, await at.grant('mcp'))
    const reader = await connected(kind, await at.grant({ provider: 'mcp', access: 'read' }))
    const names = async ({ client }: typeof writer) =>
      (await client.listTools()).tools.map(({ name }) => name).toSorted()
    expect(await names(writer)).toEqual(['count', 'search', 'send_mail'])
    expect(await names(reader)).toEqual(['count', 'search'])
    await writer.client.callTool({ name: 'send_mail', arguments: { to: 'x' } })
    await expect(
      reader.client.callTool({ name: 'send_mail', arguments: { to: 'x' } }),
    ).rejects.toThrow('PROXY_GRANT_DENIED')
    expect(called.splice(0)).toEqual(['send_mail'])
    await Promise.all([writer.client.close(), reader.client.close()])
  })

  it('gets the refusal in the message of its error', async () => {
    const { client } = await connected(kind, await at.grant('mcp'))
    const calls = [
      { name: 'wipe' },
      { name: 'Wipe' },
      { name: 'other' },
      { name: 'search', arguments: { q: 'x', limit: 101 } },
    ]
    for (const call of calls) {
      await expect(client.callTool(call)).rejects.toMatchObject({
        code: 403,
        message: expect.stringContaining('PROXY_PATH_DENIED') as string,
      })
    }
    expect(called.splice(0)).toEqual([])
    // The session goes on.
    await client.callTool({ name: 'search', arguments: { q: 'x' } })
    expect(called.splice(0)).toEqual(['search'])
    await client.close()
  })
})

describe('a stream', () => {
  it('brings progress while the tool works, and a change of the list by GET', async () => {
    const { client, transport } = await connected('stream', await at.grant('mcp'))
    const progress: number[] = []
    await client.callTool({ name: 'count' }, undefined, {
      onprogress: (said) => progress.push(said.progress),
    })
    expect(progress).toEqual([1, 2, 3])
    const changed = new Promise((resolve) => {
      client.fallbackNotificationHandler = async ({ method }) => resolve(method)
    })
    await sessions
      .get(transport.sessionId ?? '')
      ?.send({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' })
    expect(await changed).toBe('notifications/tools/list_changed')
    called.length = 0
    await client.close()
  })
})

it('the record names the tools', async () => {
  // Reads are recorded in batches.
  await expect
    .poll(async () => (await at.audit()).map((event) => event['operation']), { timeout: 10_000 })
    .toEqual(
      expect.arrayContaining([
        'initialize',
        'tools/list',
        'tools/call search',
        'tools/call wipe',
        'end of session',
      ]),
    )
})
