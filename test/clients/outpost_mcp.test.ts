import { createServer } from 'node:http'
import type { IncomingMessage, Server } from 'node:http'

import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { clientsOutpost } from './outpost.ts'

const FORGE_TOKEN = 'sentinel-forge-91c0be77'
const at = clientsOutpost({ FORGE_TOKEN })

interface Seen {
  readonly line: string
  readonly authorization: string | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

const seen: Seen[] = []
let upstream: Server | undefined

beforeAll(async () => {
  upstream = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const { method, url, headers } = request
      const body = Buffer.concat(parts).toString()
      seen.push({ line: `${method} ${url}`, authorization: headers.authorization, headers, body })
      const echoed = { you: headers.authorization, body }
      response.setHeader('content-type', 'application/json')
      response.setHeader('x-ratelimit-remaining', '41')
      response.end(JSON.stringify(echoed))
    })
  })
  await new Promise<void>((done) => {
    upstream?.listen(at.port('forge'), '127.0.0.1', done)
  })
})

afterAll(() => {
  upstream?.close()
})

/** Everything that any client got, to be searched for the credential. */
const got: string[] = []

async function connected(token: string): Promise<Client> {
  const client = new Client({ name: 'test', version: '1.0.0' })
  const transport = new StreamableHTTPClientTransport(new URL(`${at.url}/_outpost/mcp`), {
    requestInit: { headers: { authorization: `Bearer ${token}` } },
  })
  await client.connect(transport)
  return client
}

interface Result {
  readonly isError?: boolean
  // oxlint-disable-next-line typescript/no-explicit-any -- whatever a test expects there
  readonly structuredContent: Record<string, any>
}

async function tool(client: Client, name: string, args: Record<string, unknown> = {}) {
  const result = await client.callTool({ name, arguments: args })
  got.push(JSON.stringify(result))
  return result as unknown as Result
}

/** The token of a grant whose writes wait for a person. */
async function careful(): Promise<string> {
  const body = JSON.stringify({
    agent: 'client',
    providers: [{ provider: 'forge', access: 'write' }],
    expires_in: 600,
    approval: 'sensitive',
  })
  const made = (await (await at.admin('/grants', { method: 'POST', body })).json()) as {
    token: string
  }
  return made.token
}

/** The closing record of a call. */
function recorded(id: string) {
  return vi.waitFor(
    async () => {
      const found = (await at.audit()).find((each) => each['id'] === id && each['status'] === 200)
      if (!found) throw new Error(`${id} is not recorded`)
      return found
    },
    { timeout: 5000, interval: 100 },
  )
}

describe('an agent that only speaks MCP', () => {
  it('finds out what it may do', async () => {
    const client = await connected(await at.grant({ provider: 'forge', access: 'write' }))
    expect(client.getServerVersion()).toMatchObject({ name: 'outpost' })
    expect(client.getInstructions()).toContain('list_capabilities')
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name)).toContain('request')
    const { structuredContent } = await tool(client, 'list_capabilities')
    expect(structuredContent).toMatchObject({
      agent: 'client',
      providers: [
        {
          name: 'forge',
          description: 'A forge of the tests',
          docs_url: 'https://docs.forge.test/',
          access: 'write',
          approval: { reads: false, writes: false },
          provider_rules: { deny: ['/admin/**'] },
        },
      ],
    })
    await client.close()
  })

  it('calls, and the credential is put in behind its back', async () => {
    const client = await connected(await at.grant({ provider: 'forge', access: 'write' }))
    const said = await tool(client, 'request', {
      method: 'POST',
      provider: 'forge',
      path: '/things',
      query: { q: 'a b', tag: ['x', 'y'] },
      headers: { 'X-Test': 'yes' },
      body: { name: 'one', big: 1 },
    })
    expect(said.structuredContent).toMatchObject({
      status: 200,
      encoding: 'text',
      truncated: 'no',
      headers: { 'content-type': 'application/json', 'x-ratelimit-remaining': '41' },
    })
    expect(seen.at(-1)).toMatchObject({
      line: 'POST /things?q=a%20b&tag=x&tag=y',
      authorization: `Bearer ${FORGE_TOKEN}`,
      body: '{"name":"one","big":1}',
      headers: { 'x-test': 'yes', 'content-type': 'application/json' },
    })
    const mine = await recorded(said.structuredContent['request_id'])
    expect(mine).toMatchObject({ agent: 'client', provider: 'forge', path: '/things' })
    await client.close()
  })

  it('is refused as by any other way, and told why', async () => {
    const client = await connected(await at.grant({ provider: 'forge', access: 'read' }))
    const before = seen.length
    for (const [args, code] of [
      [{ method: 'DELETE', provider: 'forge', path: '/things/1' }, 'PROXY_GRANT_DENIED'],
      [{ method: 'GET', provider: 'forge', path: '/admin/users' }, 'PROXY_PATH_DENIED'],
      [{ method: 'GET', provider: 'nowhere', path: '/' }, 'PROXY_UNKNOWN_PROVIDER'],
      [{ method: 'GET', provider: 'echo', path: '/' }, 'PROXY_GRANT_DENIED'],
      [{ method: 'GET', provider: 'forge', path: '/_outpost/mcp' }, 'PROXY_BAD_REQUEST'],
    ] as const) {
      const { isError, structuredContent } = await tool(client, 'request', args)
      expect([isError, structuredContent['refusal'].code]).toEqual([true, code])
    }
    expect(seen).toHaveLength(before)
    await client.close()
  })

  it('waits for a person, who is shown the call, and then goes', async () => {
    const client = await connected(await careful())
    const post = () =>
      tool(client, 'request', {
        method: 'POST',
        provider: 'forge',
        path: '/orders',
        body: { n: 1 },
      })
    const { isError, structuredContent } = await post()
    expect([isError, structuredContent['refusal'].code]).toEqual([true, 'PROXY_APPROVAL_REQUIRED'])
    const id = String(structuredContent['refusal'].metadata.approval_id)
    const { approval } = (await (await at.admin(`/approvals/${id}`)).json()) as {
      approval: unknown
    }
    expect(approval).toMatchObject({
      method: 'POST',
      path: '/orders',
      summary: expect.stringContaining('n: 1'),
    })
    await at.admin(`/approvals/${id}/approve`, { method: 'POST', body: '{}' })
    expect((await post()).structuredContent).toMatchObject({ status: 200 })
    await client.close()
  })

  it('asks for more, and has it when a person says so', async () => {
    const client = await connected(await at.grant({ provider: 'forge', access: 'read' }))
    const put = () =>
      tool(client, 'request', { method: 'PUT', provider: 'forge', path: '/things/1' })
    expect((await put()).isError).toBe(true)
    const wish = { provider: 'forge', access: 'write', reason: 'to name thing 1' }
    const { structuredContent: asked } = await tool(client, 'request_access', wish)
    expect(asked).toMatchObject({ state: 'pending' })
    const path = `/access-requests/${String(asked['id'])}/approve`
    const approved = await at.admin(path, { method: 'POST', body: '{}' })
    expect(approved.status).toBe(200)
    expect((await tool(client, 'request_access', wish)).structuredContent['state']).toBe('granted')
    expect((await put()).structuredContent).toMatchObject({ status: 200 })
    expect(seen.at(-1)).toMatchObject({
      line: 'PUT /things/1',
      authorization: `Bearer ${FORGE_TOKEN}`,
    })
    await client.close()
  })

  it('without a grant nobody is let in', async () => {
    await expect(connected(`op_${'x'.repeat(43)}`)).rejects.toThrow('PROXY_AUTH_REQUIRED')
  })
})

it('no client ever saw the credential', () => {
  expect(got.length).toBeGreaterThan(3)
  expect(got.filter((each) => each.includes(FORGE_TOKEN))).toEqual([])
})
