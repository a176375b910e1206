import { describe, expect, it, vi } from 'vitest'

import { SECRETS } from '../fixtures/secrets.ts'
import { expectRefusal, FROM, names, only, values } from '../worker/call.ts'
import { ADMIN, VIEWER, well } from './asking.ts'
import type { Json } from './asking.ts'
import { fresh, granted } from './builders.ts'
import { post, request, rpc, tool } from './mcp_client.ts'
import type { Sending } from './mcp_client.ts'

const PING = { jsonrpc: '2.0', id: 1, method: 'ping' }

/** The token of a grant with write access to `bearer`, and what is said otherwise. */
async function token(over: object = {}): Promise<string> {
  const made = await granted({ providers: [{ provider: 'bearer', access: 'write' }], ...over })
  return made['token'] as string
}

describe('who is let in', () => {
  it.each<[string, string, Sending, number, string]>([
    ['nobody, from nowhere', '', { from: null }, 403, 'PROXY_HOST_DENIED'],
    ['a stranger', '', { from: FROM.stranger }, 403, 'PROXY_HOST_DENIED'],
    ['a host entry without its key', '', { from: FROM.keyed }, 401, 'PROXY_AUTH_REQUIRED'],
    ['one whose entry wants a grant', '', { from: FROM.fleet }, 403, 'PROXY_GRANT_REQUIRED'],
    ['a made-up token', `op_${'x'.repeat(43)}`, {}, 401, 'PROXY_AUTH_REQUIRED'],
    [
      'another tenant asserted',
      '',
      { headers: { 'x-outpost-tenant': 'x' } },
      403,
      'PROXY_WRONG_CLIENT',
    ],
  ])('%s is answered as on every path', async (_, key, sending, status, code) => {
    expectRefusal(await post(key, PING, sending), status, code)
    for (const method of ['GET', 'DELETE']) {
      expectRefusal(await post(key, undefined, { ...sending, method }), status, code)
    }
  })

  it('an operator is no agent', async () => {
    for (const headers of [ADMIN, VIEWER]) {
      expectRefusal(await post('', PING, { headers, from: FROM.keyed }), 401, 'PROXY_AUTH_REQUIRED')
    }
  })

  it('a host entry and its key', async () => {
    const sending = { from: FROM.keyed, headers: { 'x-outpost-auth': SECRETS.AGENT_KEY } }
    expect(await tool('', 'list_capabilities', {}, sending)).toMatchObject({
      host: 'keyed',
      grant: null,
    })
    const { said, seen } = await request('', { method: 'POST' }, sending)
    expect(said['status']).toBe(200)
    expect(values(only({ seen }), 'authorization')).toEqual([`Bearer ${SECRETS.BEARER_TOKEN}`])
  })

  it('whoever showed the token in X-Outpost-Auth, beside a dummy', async () => {
    const headers = { 'x-outpost-auth': await token(), authorization: 'Bearer dummy' }
    const { said, seen } = await request('', {}, { headers })
    expect(said['status']).toBe(200)
    expect(JSON.stringify(seen)).not.toMatch(/dummy|op_/)
  })

  it('a grant that has ended is none any more', async () => {
    const made = await granted()
    await well('revokeGrant', { params: { id: made['grant'].id } })
    const answer = await post(made['token'], PING)
    expect([401, 403]).toContain(answer.status)
  })
})

describe('the transport', () => {
  it('GET and DELETE are not there: no stream, no session', async () => {
    const key = await token()
    for (const method of ['GET', 'DELETE', 'PUT', 'OPTIONS']) {
      const answer = await post(key, undefined, { method })
      expectRefusal(answer, 405, 'PROXY_METHOD_DENIED')
      expect(answer.headers.get('allow')).toBe('POST')
    }
  })

  it.each(['https://elsewhere.test', 'https://proxy.test', 'http://127.0.0.1:8788', 'null'])(
    'a page from %s has nothing to do here',
    async (origin) => {
      expectRefusal(
        await post(await token(), PING, { headers: { origin } }),
        403,
        'PROXY_CROSS_ORIGIN',
      )
    },
  )

  it.each<[string, unknown]>([
    ['nothing', ''],
    ['no JSON', '{'],
    ['a batch', [PING]],
    ['an empty batch', []],
    ['a text', '"ping"'],
    ['no version', { id: 1, method: 'ping' }],
    ['another version', { ...PING, jsonrpc: '1.0' }],
    ['an id that is null', { ...PING, id: null }],
    ['an id that is a fraction', { ...PING, id: 1.5 }],
    ['an id that no double holds', '{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}'],
    ['an id that is an object', { ...PING, id: {} }],
    ['an id without end', { ...PING, id: 'x'.repeat(201) }],
    ['a method that is a number', { ...PING, method: 1 }],
    ['no method', { jsonrpc: '2.0', id: 1 }],
    ['an answer with two ends', { jsonrpc: '2.0', id: 1, result: {}, error: {} }],
    ['a name twice', '{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/list"}'],
    ['a mark in front', '\uFEFF{"jsonrpc":"2.0","id":1,"method":"ping"}'],
    ['bytes that are no text', new Uint8Array([0x22, 0xff, 0x22])],
    ['depths', `${'['.repeat(5000)}${']'.repeat(5000)}`],
  ])('%s is no message', async (_, body) => {
    expectRefusal(await post(await token(), body), 400, 'PROXY_BAD_REQUEST')
  })

  it('a message has its type, its size and its revision', async () => {
    const key = await token()
    const wrong = { headers: { 'content-type': 'text/plain' } }
    expectRefusal(await post(key, PING, wrong), 400, 'PROXY_BAD_REQUEST')
    const large = { ...PING, params: { x: 'x'.repeat(1024 * 1024) } }
    expectRefusal(await post(key, large), 413, 'PROXY_BODY_TOO_LARGE')
    for (const spoken of ['2025-11-25', '2025-06-18']) {
      const headers = { 'mcp-protocol-version': spoken, 'mcp-session-id': 'made-up' }
      expect(await rpc(key, 'ping', {}, { headers })).toMatchObject({ result: {} })
    }
  })

  it.each([
    { jsonrpc: '2.0', method: 'notifications/initialized' },
    { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } },
    { jsonrpc: '2.0', method: 'tools/call', params: { name: 'request' } },
    { jsonrpc: '2.0', id: 1, result: {} },
    { jsonrpc: '2.0', id: 1, error: { code: 1, message: 'x' } },
  ])('%j wants no answer', async (message) => {
    const { status, text } = await post(await token(), message)
    expect([status, text]).toEqual([202, ''])
  })
})

describe('2026-07-28', () => {
  const PREFIX = 'io.modelcontextprotocol/'
  const META = {
    [`${PREFIX}protocolVersion`]: '2026-07-28',
    [`${PREFIX}clientCapabilities`]: {},
  }
  const HEADERS = { 'mcp-protocol-version': '2026-07-28' }

  /** What a request that says all of itself is answered, and with which status. */
  async function modern(method: string, params: Json = {}, over: Json = {}) {
    const { headers = {}, meta = META, key = await token() } = over
    const sent = {
      ...HEADERS,
      'mcp-method': method,
      ...(typeof params['name'] === 'string' ? { 'mcp-name': params['name'] } : {}),
      ...headers,
    } as Record<string, string>
    for (const name of Object.keys(sent)) if (sent[name] === '') delete sent[name]
    const message = { jsonrpc: '2.0', id: 'x', method, params: { ...params, _meta: meta } }
    const { status, text } = await post(key, message, { headers: sent })
    const json = JSON.parse(text) as Json
    expect(json).toMatchObject({ jsonrpc: '2.0', id: 'x' })
    return { status, ...json } as Json
  }

  it('is discovered', async () => {
    const { status, result } = await modern('server/discover')
    expect([status, result]).toEqual([
      200,
      {
        resultType: 'complete',
        supportedVersions: ['2026-07-28', '2025-11-25', '2025-06-18'],
        capabilities: { tools: {} },
        instructions: expect.any(String),
        ttlMs: 60_000,
        cacheScope: 'private',
        _meta: { [`${PREFIX}serverInfo`]: expect.objectContaining({ name: 'outpost' }) },
      },
    ])
  })

  it('has the tools, and they are called', async () => {
    const { result: list } = await modern('tools/list')
    expect(list).toMatchObject({ resultType: 'complete', cacheScope: 'private' })
    expect(list.tools.map(({ name }: Json) => name)).toContain('request')
    const args = { method: 'GET', provider: 'bearer', path: '/echo' }
    const { result } = await modern('tools/call', { name: 'request', arguments: args })
    expect(result).toMatchObject({
      resultType: 'complete',
      isError: false,
      structuredContent: { status: 200 },
    })
    expect(result).not.toHaveProperty('ttlMs')
  })

  it.each(['initialize', 'ping', 'subscriptions/listen', 'nothing'])(
    '%s is no method of it',
    async (method) => {
      const { status, error } = await modern(method)
      expect([status, error.code]).toEqual([404, -32601])
    },
  )

  it.each<[string, Json, number]>([
    [
      'another version in the header',
      { headers: { 'mcp-protocol-version': '2025-11-25' } },
      -32020,
    ],
    ['none in the header', { headers: { 'mcp-protocol-version': '' } }, -32020],
    ['none in the body', { meta: { [`${PREFIX}clientCapabilities`]: {} } }, -32020],
    ['no method', { headers: { 'mcp-method': '' } }, -32020],
    ['another method', { headers: { 'mcp-method': 'tools/list' } }, -32020],
    ['no name', { headers: { 'mcp-name': '' } }, -32020],
    ['another name', { headers: { 'mcp-name': 'list_capabilities' } }, -32020],
    ['no capabilities', { meta: { [`${PREFIX}protocolVersion`]: '2026-07-28' } }, -32602],
    ['a later one', { meta: { ...META, [`${PREFIX}protocolVersion`]: '2027-01-01' } }, -32022],
    ['one that is a number', { meta: { ...META, [`${PREFIX}protocolVersion`]: 1 } }, -32022],
  ])('with %s no tool is called', async (_, over, code) => {
    const call = {
      name: 'request',
      arguments: { method: 'GET', provider: 'bearer', path: '/echo' },
    }
    const { status, error } = await modern('tools/call', call, over)
    expect([status, error.code]).toEqual([400, code])
    if (code === -32022) expect(error.data.supported).toContain('2026-07-28')
  })

  it.each(['2024-11-05', '2025-03-26', 'x'])(
    '%s alone in the header is not spoken',
    async (said) => {
      const headers = { 'mcp-protocol-version': said }
      const { status, text } = await post(await token(), PING, { headers })
      expect([status, (JSON.parse(text) as Json)['error'].code]).toEqual([400, -32022])
    },
  )
})

describe('JSON-RPC', () => {
  it.each([
    ['2025-11-25', '2025-11-25'],
    ['2025-06-18', '2025-06-18'],
    ['2024-11-05', '2025-11-25'],
    ['2026-07-28', '2025-11-25'],
    ['2099-01-01', '2025-11-25'],
  ])('a client that speaks %s is answered in %s', async (asked, spoken) => {
    const params = {
      protocolVersion: asked,
      capabilities: {},
      clientInfo: { name: 'x', version: '1' },
    }
    const { result } = await rpc(await token(), 'initialize', params)
    expect(result).toMatchObject({
      protocolVersion: spoken,
      capabilities: { tools: {} },
      serverInfo: { name: 'outpost' },
    })
  })

  it.each<[string, unknown, number]>([
    ['tools/delete', {}, -32601],
    ['constructor', {}, -32601],
    ['initialize', {}, -32602],
    ['tools/list', { cursor: 'x' }, -32602],
    ['tools/list', [], -32602],
    ['tools/call', {}, -32602],
    ['tools/call', { name: 'nothing' }, -32602],
    ['tools/call', { name: '__proto__' }, -32602],
    ['tools/call', { name: 'request', arguments: [] }, -32602],
  ])('%s of %j is an error of its own', async (method, params, code) => {
    const { error } = await rpc(await token(), method, params)
    expect(error).toEqual({ code, message: expect.any(String) })
  })

  it('lists its tools with schemas and hints', async () => {
    const { result } = await rpc(await token(), 'tools/list')
    for (const each of result.tools) {
      expect(each).toMatchObject({
        name: expect.stringMatching(/^[a-z_]+$/),
        inputSchema: { type: 'object', additionalProperties: false },
        outputSchema: { type: 'object' },
        annotations: { readOnlyHint: expect.any(Boolean) },
      })
      expect(Object.keys(each)).not.toContain('run')
    }
  })
})

describe('list_capabilities', () => {
  it('says what the grant allows, and nothing of secrets or of others', async () => {
    const key = await token({
      tenant: 'acme',
      agent: fresh('agent'),
      providers: [
        {
          provider: 'bearer_acme',
          access: 'read',
          allow: [{ method: 'GET', pattern: '/a/**' }],
          deny: ['/a/b'],
        },
      ],
      approval: 'all',
      max_calls: 9,
    })
    const said = await tool(key, 'list_capabilities')
    expect(said).toMatchObject({
      tenant: 'acme',
      grant: { approval: 'all', max_calls: 9, calls_left: 9 },
      providers: [
        {
          name: 'bearer_acme',
          access: 'read',
          paused: false,
          approval: { reads: true, writes: true },
          grant_rules: [
            {
              access: 'read',
              allow: [{ methods: ['GET'], pattern: '/a/**' }],
              deny: ['/a/b'],
            },
          ],
          provider_rules: { only_what_is_listed: false, deny: ['/admin/**'] },
        },
      ],
    })
    expect(JSON.stringify(said)).not.toMatch(/TOKEN|_KEY|globex|op_/)
    const other = await tool(key, 'list_capabilities', { provider: 'bearer_globex' })
    expect(other['refusal']).toMatchObject({
      code: 'PROXY_UNKNOWN_PROVIDER',
      metadata: { available: ['bearer_acme'] },
    })
  })

  it('a host entry that allows no writes allows none', async () => {
    const { providers } = await tool('', 'list_capabilities', {}, { from: FROM.reader })
    expect(providers.length).toBeGreaterThan(5)
    expect(new Set(providers.map(({ access }: { access: string }) => access))).toEqual(
      new Set(['read']),
    )
  })
})

describe('request', () => {
  it.each<[string, unknown, string]>([
    ['an object', { a: 1, b: [true, null] }, '{"a":1,"b":[true,null]}'],
    ['a text', 'plain text', 'plain text'],
    ['JSON in a text', ' {"a": 1}', ' {"a": 1}'],
    ['a list', [1, 2], '[1,2]'],
    ['false', false, 'false'],
    ['zero', 0, '0'],
  ])('sends %s', async (_, body, sent) => {
    const { seen } = await request(await token(), { method: 'POST', body })
    expect(only({ seen }).text).toBe(sent)
    const [type] = values(only({ seen }), 'content-type')
    expect(type).toBe(sent === 'plain text' ? 'text/plain; charset=utf-8' : 'application/json')
  })

  it('sends every digit of a number', async () => {
    const key = await token()
    const id = crypto.randomUUID()
    const args = `{"method":"POST","provider":"bearer","path":"/echo","headers":{"x-test-request-id":"${id}"},"body":{"n":12345678901234567890,"p":0.1000000000000000055}}`
    const message = `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"request","arguments":${args}}}`
    const { env } = await import('cloudflare:workers')
    expect((await post(key, message)).status).toBe(200)
    const [received] = (await (await fetch(`${env.UPSTREAM}/_seen/${id}`)).json()) as {
      text: string
    }[]
    expect(received?.text).toBe('{"n":12345678901234567890,"p":0.1000000000000000055}')
  })

  it.each<[string, unknown, string]>([
    ['an object', { a: 'b c', d: ['1', 2], e: true }, '?a=b%20c&d=1&d=2&e=true'],
    ['names that mean something', { 'a&b': '=#?' }, '?a%26b=%3D%23%3F'],
    ['a text', 'a=b&c', '?a=b&c'],
    ['a text with its mark', '?a=b', '?a=b'],
    ['nothing', {}, ''],
  ])('has a query from %s', async (_, query, sent) => {
    const { seen } = await request(await token(), { query })
    expect(only({ seen }).target).toBe(`/base/echo${sent}`)
  })

  it('sends no header of the agent of MCP', async () => {
    const headers = { 'mcp-protocol-version': '2025-11-25', 'user-agent': 'mcp', 'x-own': 'outer' }
    const { seen } = await request(await token(), { headers: { 'X-Mine': 'inner' } }, { headers })
    expect(names(only({ seen }))).toEqual(['accept-encoding', 'authorization', 'x-mine'])
  })

  it.each([
    ['authorization', 'Bearer x'],
    ['Authorization', 'Basic eDp5'],
    ['cookie', 'a=b'],
    ['x-api-key', 'x'],
    ['X_Api_Key', 'x'],
    ['x-outpost-auth', 'x'],
    ['x-outpost-tenant', 'acme'],
    ['x-provider', 'plain'],
    ['x-broker', 'plain'],
    ['cf-connecting-ip', '192.0.2.7'],
    ['x-forwarded-for', '192.0.2.7'],
    ['host', 'elsewhere.test'],
    ['connection', 'x-mine'],
    ['upgrade', 'websocket'],
    ['content-length', '1'],
    ['transfer-encoding', 'chunked'],
    ['x-http-method-override', 'DELETE'],
    ['x-mbx-apikey', 'x'],
    ['x-literal-token', 'x'],
  ])('%s is not for the caller to set', async (name, value) => {
    const { said, seen } = await request(await token(), { headers: { [name]: value } })
    expect(said['refusal'].code).toBe('PROXY_BAD_REQUEST')
    expect(seen).toEqual([])
  })

  it.each<[string, object]>([
    ['another line in a header', { headers: { 'x-a': 'b\r\nx-c: d' } }],
    ['another line in a name', { headers: { 'x-a\r\nx-c': 'd' } }],
    ['a letter that is no ASCII', { headers: { 'x-a': 'é' } }],
    ['one header twice', { headers: { 'x-a': 'b', 'X-A': 'c' } }],
    ['a header that is a number', { headers: { 'x-a': 1 } }],
    ['a query in the path', { path: '/echo?x=1' }],
    ['a fragment', { path: '/echo#x' }],
    ['a space', { path: '/ec ho' }],
    ['a backslash', { path: '/a\\..\\b' }],
    ['a path without its slash', { path: 'echo' }],
    ['no path', { path: '' }],
    ['another host', { path: '//elsewhere.test/x', provider: 'https://x' }],
    ['dots', { path: '/a/../admin/x' }],
    ['encoded dots', { path: '/a/%2e%2e/admin/x' }],
    ['letters that are no ASCII', { path: '/é' }],
    ['our own path', { path: '/_outpost/mcp' }],
    ['the control plane', { path: '/_outpost/grants', method: 'POST' }],
    ['a provider that is a path', { provider: '_outpost/mcp' }],
    ['a method of another kind', { method: 'TRACE' }],
    ['CONNECT', { method: 'CONNECT' }],
    ['a method that is no word', { method: 'GET /x HTTP/1.1' }],
    ['a GET with a body', { body: 'x' }],
    ['a fragment in the query', { query: 'a=b#c' }],
    ['a line in the query', { query: 'a=b\nc' }],
    ['a query that is a list', { query: ['a'] }],
    ['a query with a name that gets lost', { query: JSON.parse('{"__proto__":"x"}') as object }],
    ['another one', { query: { constructor: 'x' } }],
    ['a query of objects', { query: { a: { b: 1 } } }],
    ['a token in the path', { path: `/op_${'A'.repeat(43)}` }],
    ['a token in the query', { query: { key: `op_${'A'.repeat(43)}` } }],
    ['a token, escaped', { query: `api_key=%6Fp_${'A'.repeat(43)}` }],
    ['a token in a header', { headers: { 'x-a': `op_${'A'.repeat(43)}` } }],
    ['a field of another kind', { host: 'x' }],
  ])('%s makes no call', async (_, args) => {
    const { said, seen } = await request(await token(), args)
    expect([400, 405]).toContain(said['status'])
    expect(seen).toEqual([])
  })

  it('"_outpost" is no provider', async () => {
    const { said } = await request(await token(), { provider: '_outpost' })
    expect(said['refusal'].code).toBe('PROXY_UNKNOWN_PROVIDER')
  })

  it("another tenant's provider is as one that is not there", async () => {
    const key = await token({
      tenant: 'acme',
      providers: [{ provider: 'bearer_acme', access: 'write' }],
    })
    const [globex, none] = [
      await request(key, { provider: 'bearer_globex' }),
      await request(key, { provider: 'nothing' }),
    ]
    expect(globex.said['refusal']).toEqual(none.said['refusal'])
    expect((await request(key, { provider: 'bearer_acme' })).said['status']).toBe(200)
  })

  it('is limited and paused as every call', async () => {
    const limited = await token({ rate_limits: [{ capacity: 1, window_ms: 600_000 }] })
    expect((await request(limited, {})).said['status']).toBe(200)
    const { said } = await request(limited, {})
    expect(said).toMatchObject({ status: 429, refusal: { code: 'PROXY_RATE_LIMITED' } })

    const agent = fresh('agent')
    const tenant = fresh('tenant')
    const paused = await token({ agent, tenant })
    await well('pause', { body: { agent, tenant } })
    const { said: stopped, seen } = await request(paused, { method: 'POST' })
    expect([stopped['refusal'].code, seen]).toEqual(['PROXY_PAUSED', []])
    await well('resume', { body: { agent, tenant } })
  })

  it('waits for a person, and goes once with the same arguments', async () => {
    const key = await token({ approval: 'sensitive' })
    const args = { method: 'POST', headers: { 'x-test-request-id': 'fixed' }, body: { a: 1 } }
    const ask = () => tool(key, 'request', { provider: 'bearer', path: '/echo', ...args })
    const first = await ask()
    expect(first).toMatchObject({
      refusal: {
        code: 'PROXY_APPROVAL_REQUIRED',
        metadata: { approval_id: expect.stringMatching(/^ap_/) },
      },
      next: expect.stringContaining('same arguments'),
    })
    const id = first['refusal'].metadata.approval_id as string
    expect((await ask())['refusal'].metadata.approval_id).toBe(id)
    await well('approve', { params: { id }, body: {} })
    expect(await ask()).toMatchObject({ status: 200 })
    expect((await ask())['refusal'].code).toBe('PROXY_APPROVAL_REQUIRED')
  })

  it('goes to its record with its own id, and with who asked', async () => {
    const tenant = fresh('tenant')
    const key = await token({ tenant, agent: 'agent@mcp' })
    const { said } = await request(key, { method: 'POST', query: { secret: 'x' } })
    const isMine = ({ id, kind }: Json) => id === said['request_id'] && kind === 'closed'
    const mine = await vi.waitFor(
      async () => {
        const { events } = await well('audit', { query: { tenant } })
        expect(events.filter(isMine)).toHaveLength(1)
        return events.find(isMine) as Json
      },
      { timeout: 5000, interval: 100 },
    )
    expect(mine).toMatchObject({
      agent: 'agent@mcp',
      provider: 'bearer',
      method: 'POST',
      path: '/echo',
      query_keys: ['secret'],
      secret_read: true,
    })
  })
})

describe('an answer', () => {
  it('has its end where the limit is', async () => {
    const key = await token()
    const { said } = await request(key, { path: '/sized/300000' })
    expect([said['body'].length, said['truncated']]).toEqual([256 * 1024, 'size'])
    const { said: whole } = await request(key, { path: `/sized/${256 * 1024}` })
    expect([whole['body'].length, whole['truncated']]).toEqual([256 * 1024, 'no'])
  })

  it('that is no text is in base64', async () => {
    const hex = [
      ...new TextEncoder().encode('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n'),
      0xff,
      0xd8,
      0,
      1,
    ]
      .map((byte) => byte.toString(16).padStart(2, '0'))
      .join('')
    const { said } = await request(await token(), { path: '/raw', query: { hex } })
    expect(said).toMatchObject({
      status: 200,
      encoding: 'base64',
      body: '/9gAAQ==',
      truncated: 'no',
    })
  })

  it('with the credential in it comes without', async () => {
    const { said } = await request(await token(), { path: '/mirror' })
    expect(said['body']).toContain('you')
    expect(said['body']).not.toContain(SECRETS.BEARER_TOKEN)
  })

  it('of the upstream is no refusal, whatever it says of itself', async () => {
    const line = 'x-proxy-error: PROXY_PAUSED'
    const { said } = await request(await token(), { path: '/with', query: { line, status: 403 } })
    expect(said).toMatchObject({ status: 403, body: 'ok' })
    expect(said).not.toHaveProperty('refusal')
  })

  it('of an upstream that limits says so, with its own words', async () => {
    const provider = 'unlimited'
    const key = await token({ providers: [{ provider, access: 'write' }] })
    const { said } = await request(key, { provider, path: '/with', query: { status: 429 } })
    expect(said).toMatchObject({
      status: 429,
      refusal: { code: 'PROXY_UPSTREAM_RATE_LIMITED' },
      body: 'ok',
    })
  })

  it.each(['gzip', 'br'])('in %s is unpacked', async (coding) => {
    const { said } = await request(await token(), { path: `/encoded/${coding}` })
    expect(said['body']).toContain('all work and no play')
  })

  it('that is a stream comes to its end', async () => {
    const { said } = await request(await token(), { path: '/events/3' })
    expect(said['body']).toBe('data: 1\n\ndata: 2\n\ndata: 3\n\n')
  })
})
