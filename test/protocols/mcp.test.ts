import { describe, expect, it } from 'vitest'

import type { Call } from '../../src/call.ts'
import { Unreadable } from '../../src/content/content.ts'
import { mcp } from '../../src/protocols/mcp.ts'
import type { McpRules } from '../../src/protocols/mcp_rules.ts'

const LIMIT = [{ field: 'limit', steps: ['limit'], lte: 100, required: false }]

interface Over {
  readonly tools?: Partial<McpRules['tools']>
  readonly methods?: Partial<McpRules['methods']>
  readonly arguments?: McpRules['arguments']
  readonly treat_writes_as_sensitive?: boolean
}

function rules(over: Over = {}): McpRules {
  const open = { allow: null, sensitive: [], deny: [] }
  return {
    path: '/mcp',
    arguments: over.arguments ?? [],
    treat_writes_as_sensitive: over.treat_writes_as_sensitive ?? true,
    tools: { ...open, ...over.tools },
    methods: { ...open, ...over.methods },
  }
}

function call(method: string, headers: Record<string, string> = {}): Call {
  const request = new Request('https://proxy.test/mcp', { method, headers })
  return { method, path: '/mcp', query: '', named: { by: 'header', name: 'api' }, request }
}

function outcome(read: () => ReturnType<typeof mcp.read>): string {
  try {
    const { name, ruling } = read()
    if (ruling?.is === 'deny') return `${ruling.listed ? 'deny' : '404'} ${ruling.rule}: ${name}`
    return `${ruling?.sensitive === true ? 'sensitive' : 'allow'} ${ruling?.rule}: ${name}`
  } catch (error) {
    if (error instanceof Unreadable) return 'unreadable'
    throw error
  }
}

/** Of a POST with this body: `allow`, `sensitive`, `deny` or `unreadable`, by what, and its name. */
function sent(body: unknown, over: Over = {}, headers: Record<string, string> = {}): string {
  const asked = call('POST', { 'content-type': 'application/json', ...headers })
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const bytes = new TextEncoder().encode(text)
  return outcome(() => mcp.read(asked, rules(over), { bytes, whole: true }))
}

function message(method: string, params?: unknown, id: unknown = 1) {
  return {
    jsonrpc: '2.0',
    ...(id !== null && { id }),
    method,
    ...(params !== undefined && { params }),
  }
}

const tool = (name: unknown, args?: unknown, id: unknown = 1) =>
  message('tools/call', { name, ...(args !== undefined && { arguments: args }) }, id)

describe('what is a read', () => {
  it.each([
    ['initialize', 'allow'],
    ['ping', 'allow'],
    ['server/discover', 'allow'],
    ['subscriptions/listen', 'allow'],
    ['tools/list', 'allow'],
    ['resources/list', 'allow'],
    ['resources/templates/list', 'allow'],
    ['resources/read', 'allow'],
    ['prompts/list', 'allow'],
    ['prompts/get', 'allow'],
    ['logging/setLevel', 'allow'],
    ['completion/complete', 'allow'],
    ['tasks/result', 'allow'],
    ['tasks/cancel', 'sensitive'],
    ['tasks/update', 'sensitive'],
    ['Tools/list', 'sensitive'],
    ['tools/list ', 'sensitive'],
    ['notifications/anything', 'sensitive'],
    ['eth_sendTransaction', 'sensitive'],
    ['', 'sensitive'],
  ])('%s: %s', (method, is) => {
    expect(sent(message(method))).toBe(`${is} mcp.methods: ${method}`)
  })

  it.each([
    [
      message('notifications/initialized', undefined, null),
      'allow mcp.methods: notifications/initialized',
    ],
    [
      message('notifications/cancelled', { requestId: 1 }, null),
      'allow mcp.methods: notifications/cancelled',
    ],
    [message('other/thing', undefined, null), 'sensitive mcp.methods: other/thing'],
    [{ jsonrpc: '2.0', id: 1, result: { action: 'accept' } }, 'allow mcp: response'],
    [{ jsonrpc: '2.0', id: 1, error: { code: -1, message: 'no' } }, 'allow mcp: response'],
    [message('prompts/get', { name: 'greet' }), 'allow mcp.methods: prompts/get greet'],
    [tool('search', { q: 'x' }), 'sensitive mcp.tools: tools/call search'],
    [tool('search', { q: 'x' }, null), 'sensitive mcp.tools: tools/call search'],
  ])('%j: %s', (body, expected) => {
    expect(sent(body)).toBe(expected)
  })
})

describe('the lists', () => {
  const tools = {
    allow: ['search', 'read_*', 'wipe'],
    sensitive: ['read_secret', 'send_*'],
    deny: ['wipe', '*_all'],
  }
  it.each([
    ['search', 'allow mcp.tools.allow[0]'],
    ['read_file', 'allow mcp.tools.allow[1]'],
    ['read_', 'allow mcp.tools.allow[1]'],
    ['read_secret', 'sensitive mcp.tools.sensitive[0]'],
    ['Read_Secret', 'sensitive mcp.tools.sensitive[0]'],
    ['send_mail', 'sensitive mcp.tools.sensitive[1]'],
    ['wipe', 'deny mcp.tools.deny[0]'],
    ['WIPE', 'deny mcp.tools.deny[0]'],
    ['read_all', 'deny mcp.tools.deny[1]'],
    ['Search', 'deny mcp.tools.allow'],
    ['search2', 'deny mcp.tools.allow'],
    ['my_search', 'deny mcp.tools.allow'],
    ['', 'deny mcp.tools.allow'],
  ])('tools/call %s: %s', (name, expected) => {
    expect(sent(tool(name), { tools })).toBe(`${expected}: tools/call ${name}`)
  })

  it('a tool that is not listed is no 404: a client would take its session for over', () => {
    expect(sent(tool('other'), { tools: { allow: [] } })).toBe(
      'deny mcp.tools.allow: tools/call other',
    )
    expect(sent(message('x'), { methods: { allow: [] } })).toBe('deny mcp.methods.allow: x')
  })

  it.each([
    [
      { methods: { deny: ['resources/*'] } },
      message('resources/read', { uri: 'x' }),
      'deny mcp.methods.deny[0]',
    ],
    [
      { methods: { sensitive: ['prompts/*'] } },
      message('prompts/get', { name: 'x' }),
      'sensitive mcp.methods.sensitive[0]',
    ],
    [{ methods: { allow: ['tools/list'] } }, message('resources/list'), 'deny mcp.methods.allow'],
    [{ methods: { allow: ['tools/list'] } }, message('tools/list'), 'allow mcp.methods.allow[0]'],
    [{ methods: { allow: ['tools/list'] } }, message('initialize'), 'allow mcp.methods'],
    [
      { methods: { allow: ['tools/list'] } },
      message('notifications/initialized', {}, null),
      'allow mcp.methods',
    ],
    [
      { methods: { allow: ['tools/list'] } },
      message('notifications/initialized', {}),
      'deny mcp.methods.allow',
    ],
    [{ methods: { allow: [] } }, tool('search'), 'sensitive mcp.tools'],
    [{ methods: { allow: ['eth_call'] } }, message('eth_call'), 'allow mcp.methods.allow[0]'],
    [{ treat_writes_as_sensitive: false }, tool('search'), 'allow mcp.tools'],
    [{ treat_writes_as_sensitive: false }, message('x'), 'allow mcp.methods'],
  ])('%j %j: %s', (over, body, expected) => {
    expect(sent(body, over).split(': ')[0]).toBe(expected)
  })
})

describe('arguments', () => {
  const over: Over = {
    tools: { allow: ['search', 'sum'] },
    arguments: [
      { tool: 'search', conditions: LIMIT },
      { tool: 's*', conditions: [{ field: 'scope', steps: ['scope'], in: ['mine'] }] },
    ],
  }
  it.each([
    [{ scope: 'mine' }, 'allow mcp.tools.allow[0]'],
    [{ scope: 'mine', limit: 100 }, 'allow mcp.tools.allow[0]'],
    [{ scope: 'mine', limit: 101 }, 'deny mcp.tools.arguments.search'],
    [{ scope: 'mine', limit: '1e9' }, 'deny mcp.tools.arguments.search'],
    [{ scope: 'mine', limit: [5] }, 'deny mcp.tools.arguments.search'],
    [{ scope: 'all', limit: 5 }, 'deny mcp.tools.arguments.s*'],
    [{ limit: 5 }, 'deny mcp.tools.arguments.s*'],
    [undefined, 'deny mcp.tools.arguments.s*'],
    [null, 'deny mcp.tools.arguments.s*'],
    ['scope=mine', 'deny mcp.tools.arguments.search'],
    [{ scope: 'mine', limit: 5, Limit: 1e9 }, 'unreadable'],
  ])('%j: %s', (args, expected) => {
    expect(sent(tool('search', args), over).split(':')[0]).toBe(expected)
  })

  it('say nothing of a tool that is refused or of another', () => {
    expect(sent(tool('sum', { scope: 'mine', limit: 500 }), over)).toMatch(/^allow/)
    expect(sent(tool('other', {}), over)).toMatch(/^deny mcp\.tools\.allow/)
  })

  it('a reason does not repeat what was found', () => {
    const asked = call('POST', { 'content-type': 'application/json' })
    const bytes = new TextEncoder().encode(JSON.stringify(tool('search', { scope: 'hunter2' })))
    const { ruling } = mcp.read(asked, rules(over), { bytes, whole: true })
    expect(JSON.stringify(ruling)).not.toContain('hunter2')
  })
})

describe('a body that is refused', () => {
  const list = '"method":"tools/list"'
  it.each([
    [''],
    ['{}'],
    ['[]'],
    ['"x"'],
    [`{"jsonrpc":"1.0","id":1,${list}}`],
    [`{"id":1,${list}}`],
    [`{"jsonrpc":"2.0","id":1,${list},"method":"tools/call"}`],
    [`{"jsonrpc":"2.0","id":1,${list},"Method":"tools/call"}`],
    [`{"jsonrpc":"2.0","id":1,${list},"extra":1}`],
    [`{"jsonrpc":"2.0","id":1,${list},"result":{}}`],
    [`{"jsonrpc":"2.0","id":{},${list}}`],
    ['{"jsonrpc":"2.0","id":1,"method":5}'],
    ['{"jsonrpc":"2.0","id":1}'],
    ['{"jsonrpc":"2.0","id":1,"result":{},"error":{}}'],
    ['{"jsonrpc":"2.0","id":1,"result":{},"params":{}}'],
    ['{"jsonrpc":"2.0","id":1,"method":"tools/call"}'],
    ['{"jsonrpc":"2.0","id":1,"method":"tools/call","params":["search"]}'],
    ['{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}'],
    ['{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":["search"]}}'],
    ['{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"search","name":"wipe"}}'],
    ['{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"search","Name":"wipe"}}'],
    ['{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"search","ARGUMENTS":{}}}'],
    [
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"search","argument\u017f":{}}}',
    ],
  ])('%s', (body) => {
    expect(sent(body)).toBe('unreadable')
  })

  it.each([
    [{ 'content-type': 'text/plain' }],
    [{ 'content-type': 'application/x-www-form-urlencoded' }],
    [{ 'content-type': 'application/json; charset=utf-16' }],
    [{ 'content-encoding': 'gzip' }],
  ])('%j', (headers) => {
    expect(sent(message('ping'), {}, headers)).toBe('unreadable')
  })
})

const META = 'io.modelcontextprotocol/protocolVersion'
const modern = (method: string, params: object = {}) =>
  message(method, { ...params, _meta: { [META]: '2026-07-28' } })

describe('the revision', () => {
  it.each([
    ['2026-07-28', modern('tools/list'), 'allow'],
    ['2025-11-25', message('tools/list'), 'allow'],
    ['2025-06-18', message('tools/list'), 'allow'],
    ['2025-03-26', message('tools/list'), 'allow'],
    [undefined, message('tools/list'), 'allow'],
    ['2024-11-05', message('tools/list'), 'unreadable'],
    ['2099-01-01', message('tools/list'), 'unreadable'],
    ['', message('tools/list'), 'unreadable'],
    ['2025-11-25, 2025-06-18', message('tools/list'), 'unreadable'],
    ['2025-11-25', modern('tools/list'), 'unreadable'],
    [undefined, modern('tools/list'), 'unreadable'],
    ['2026-07-28', message('tools/list', { _meta: { [META]: 5 } }), 'unreadable'],
    [undefined, message('initialize', { protocolVersion: '2025-11-25' }), 'allow'],
    [undefined, message('initialize', { protocolVersion: '2099-01-01' }), 'allow'],
    ['2025-11-25', message('initialize', { protocolVersion: '2025-11-25' }), 'allow'],
    ['2025-06-18', message('initialize', { protocolVersion: '2025-11-25' }), 'unreadable'],
    ['2025-06-18', message('initialize', {}), 'unreadable'],
  ])('%s, %j: %s', (version, body, expected) => {
    const headers = version === undefined ? {} : { 'mcp-protocol-version': version }
    expect(sent(body, {}, headers).split(' ')[0]).toBe(expected)
  })

  it.each([
    [undefined, 'sensitive mcp.tools: tools/list; tools/call search'],
    ['2025-03-26', 'sensitive mcp.tools: tools/list; tools/call search'],
    ['2025-06-18', 'unreadable'],
    ['2025-11-25', 'unreadable'],
    ['2026-07-28', 'unreadable'],
  ])('%s has batches: %s', (version, expected) => {
    const headers = version === undefined ? {} : { 'mcp-protocol-version': version }
    expect(sent([message('tools/list'), tool('search')], {}, headers)).toBe(expected)
  })

  it('a batch is the sum of its parts', () => {
    const deny = { tools: { deny: ['wipe'] } }
    expect(sent([message('ping'), tool('wipe'), tool('search')], deny)).toMatch(
      /^deny mcp\.tools\.deny\[0\]/,
    )
    expect(sent([message('ping'), message('tools/list')])).toMatch(/^allow/)
    expect(sent([message('initialize', { protocolVersion: '2025-03-26' })])).toBe('unreadable')
    expect(sent([[message('ping')]])).toBe('unreadable')
    expect(sent(Array.from({ length: 101 }, () => message('ping')))).toBe('unreadable')
  })
})

describe('headers that repeat the body', () => {
  const version = { 'mcp-protocol-version': '2026-07-28' }
  const read = modern('tools/call', { name: 'read' })
  const base64 = (text: string) => `=?base64?${btoa(text)}?=`
  it.each([
    [{ 'mcp-method': 'tools/call', 'mcp-name': 'read' }, read, 'sensitive'],
    [{ 'mcp-method': 'tools/call', 'mcp-name': base64('read') }, read, 'sensitive'],
    [{ 'mcp-method': 'tools/call' }, read, 'sensitive'],
    [{ 'mcp-method': 'tools/list', 'mcp-name': 'read' }, read, 'unreadable'],
    [{ 'mcp-method': 'Tools/call', 'mcp-name': 'read' }, read, 'unreadable'],
    [{ 'mcp-method': 'tools/call', 'mcp-name': 'write' }, read, 'unreadable'],
    [{ 'mcp-method': 'tools/call', 'mcp-name': base64('write') }, read, 'unreadable'],
    [{ 'mcp-name': '=?base64?***?=' }, read, 'unreadable'],
    [{ 'mcp-name': '=?base64?cmVhZA==' }, read, 'unreadable'],
    [{ 'mcp-name': 'read, write' }, read, 'unreadable'],
    [{ 'mcp-name': 'x' }, modern('tools/list'), 'unreadable'],
    [{ 'mcp-name': 'file:///a' }, modern('resources/read', { uri: 'file:///a' }), 'allow'],
    [{ 'mcp-name': 'file:///b' }, modern('resources/read', { uri: 'file:///a' }), 'unreadable'],
    [{ 'mcp-method': 'ping' }, { jsonrpc: '2.0', id: 1, result: {} }, 'unreadable'],
  ])('%j %j: %s', (headers, body, expected) => {
    expect(sent(body, {}, { ...version, ...headers }).split(' ')[0]).toBe(expected)
  })
})

describe('without a body', () => {
  it.each([
    ['GET', {}, 'allow mcp: listen'],
    ['GET', { 'last-event-id': '5' }, 'allow mcp: listen'],
    ['DELETE', {}, 'allow mcp: end of session'],
    ['GET', { 'mcp-protocol-version': '2099-01-01' }, 'unreadable'],
    ['GET', { upgrade: 'websocket' }, 'deny mcp: websocket'],
    ['PUT', {}, 'unreadable'],
    ['PATCH', {}, 'unreadable'],
    ['POST', {}, 'unreadable'],
  ])('%s %j: %s', (method, headers, expected) => {
    expect(outcome(() => mcp.read(call(method, headers), rules(), null))).toBe(expected)
  })

  it.each([
    ['POST', '/mcp', 'body'],
    ['GET', '/mcp', 'nothing'],
    ['OPTIONS', '/mcp', null],
    ['POST', '/MCP/', 'body'],
    ['POST', '/%6dcp', 'body'],
    ['POST', '/mcp/x', 'body'],
    ['POST', '/mcpx', null],
  ])('%s %s wants %s', (method, path, expected) => {
    expect(mcp.wants({ ...call(method), path }, rules())).toBe(expected)
  })
})
