import { describe, expect, it } from 'vitest'

import { call, expectRefusal, FROM, open } from './call.ts'
import type { Asking } from './call.ts'

/** What the upstream is to answer, and how: `mirror` of `test/upstream.ts`. */
type Said = Readonly<Record<string, string>>

const message = (method: string, params: object = {}) => ({ jsonrpc: '2.0', id: 1, method, params })

function asking(body: unknown, over: Asking = {}): Asking {
  const headers = { 'content-type': 'application/json' }
  return { provider: 'tools', method: 'POST', headers, body: JSON.stringify(body), ...over }
}

function mirror(said: Said): string {
  return `/mirror?${String(new URLSearchParams({ type: 'application/json', ...said }))}`
}

const tools = (...names: string[]) =>
  `{"jsonrpc":"2.0","id":1,"result":{"tools":[${names.map((name) => `{"name":"${name}"}`).join(',')}]}}`
const ALL = tools('read_file', 'send_mail', 'read_secret', 'other')
const FOR_WRITER = tools('read_file', 'send_mail')
const FOR_READER = tools('read_file')

const list = (said: Said, over: Asking = {}) =>
  call(mirror(said), asking(message('tools/list'), over))
const EVENT = { type: 'text/event-stream' }

describe('a list of tools', () => {
  it.each([
    ['writer', FROM.writer, FOR_WRITER],
    ['reader', FROM.reader, FOR_READER],
  ])('has what the %s may call', async (_who, from, expected) => {
    const whole = await list({ say: ALL, declared: '1', line: 'etag: "one"' }, { from })
    expect(whole.text).toBe(expected)
    expect(whole.headers.get('content-length')).toBe(String(expected.length))
    expect(whole.headers.get('etag')).toBe('W/"one"')
    expect((await list({ say: ALL, pieces: '7' }, { from })).text).toBe(expected)
    const event = await list({ ...EVENT, say: `id: 1\ndata: ${ALL}\n\n`, pieces: '5' }, { from })
    expect(event.text).toBe(`id: 1\ndata: ${expected}\n\n`)
    expect(event.headers.get('content-length')).toBeNull()
  })

  it.each(['gzip', 'br', 'deflate'])('is read in %s', async (coding) => {
    for (const how of [{ declared: '1' }, { pieces: '9' }]) {
      const whole = await list({ say: ALL, coding, ...how })
      expect([whole.text, whole.headers.get('content-encoding')]).toEqual([FOR_WRITER, null])
      const event = await list({ ...EVENT, say: `data: ${ALL}\n\n`, coding, ...how })
      expect(event.text).toBe(`data: ${FOR_WRITER}\n\n`)
    }
  })

  it('that cannot be read is a 502', async () => {
    expectRefusal(await list({ say: ALL, coding: 'zstd' }), 502, 'PROXY_UPSTREAM_ERROR')
    const large = await list({ say: ALL, pad: String(5 * 1024 * 1024) })
    expectRefusal(large, 502, 'PROXY_UPSTREAM_ERROR')
  })

  it('an event of it that is too long ends the stream', async () => {
    const { response } = await open(
      mirror({ ...EVENT, say: `data: ${ALL}\n\n`, pad: String(5 * 1024 * 1024) }),
      asking(message('tools/list')),
    )
    await expect(response.text()).rejects.toThrow()
  })

  it('is searched for the credential', async () => {
    const say = ALL.replace('"read_file"', '"read_file","title":"@"')
    expect((await list({ say })).text).toContain('"title":"[redacted]"')
    const event = await list({ ...EVENT, say: `data: ${say}\n\n` })
    expect(event.text).toContain('"title":"[redacted]"')
    expect(event.text).not.toContain('read_secret')
  })

  it.each([
    ['an error', { say: '{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"no"}}' }],
    ['what is no JSON', { say: '{"result":{"tools":[{"name":"other"}' }],
    ['another status', { say: ALL, status: '400' }],
    ['another type', { say: ALL, type: 'text/plain' }],
  ])('%s stays as it is', async (_what, said: Said) => {
    const answer = await list(said)
    expect(answer.text).toBe(said['say'])
  })

  it('in the answer to a call is none', async () => {
    const answer = await call(
      mirror({ say: ALL }),
      asking(message('tools/call', { name: 'read_file' })),
    )
    expect(answer.text).toBe(ALL)
  })

  it('that is resumed by GET is one', async () => {
    const answer = await call(mirror({ ...EVENT, say: `data: ${ALL}\n\n` }), { provider: 'tools' })
    expect(answer.text).toBe(`data: ${FOR_WRITER}\n\n`)
  })

  it.each([
    [[message('ping'), message('tools/list')]],
    [[message('tools/list'), message('ping')]],
    [[message('tools/call', { name: 'read_é' }), message('tools/list')]],
    [[...Array.from({ length: 40 }, () => message('resources/list')), message('tools/list')]],
  ])('in a batch is one', async (body) => {
    expect((await call(mirror({ say: `[${ALL}]` }), asking(body))).text).toBe(`[${FOR_WRITER}]`)
  })
})

describe('a call near the path of MCP', () => {
  const near = (method: string, name: string, from: string = FROM.writer) => {
    const body = method === 'POST' ? JSON.stringify(message('tools/call', { name })) : null
    return call('/mirror/x/repos', asking('', { method, body, from }))
  }
  it('is refused as there, and no less sensitive than its method', async () => {
    expectRefusal(await near('POST', 'read_secret'), 403, 'PROXY_PATH_DENIED')
    expectRefusal(await near('POST', 'read_file', FROM.reader), 403, 'PROXY_SENSITIVE_DENIED')
    expectRefusal(await near('DELETE', '', FROM.reader), 403, 'PROXY_SENSITIVE_DENIED')
    expect((await near('POST', 'read_file')).headers.get('x-proxy-error')).toBeNull()
  })
})

describe('a call in MCP', () => {
  it.each([
    [message('tools/call', { name: 'read_file' }), FROM.reader, 200, ''],
    [message('tools/call', { name: 'send_mail' }), FROM.writer, 200, ''],
    [message('resources/read', { uri: 'x:y' }), FROM.reader, 200, ''],
    [message('tools/call', { name: 'send_mail' }), FROM.reader, 403, 'PROXY_SENSITIVE_DENIED'],
    [message('tools/call', { name: 'read_secret' }), FROM.writer, 403, 'PROXY_PATH_DENIED'],
    [message('tools/call', { name: 'other' }), FROM.writer, 403, 'PROXY_PATH_DENIED'],
    [message('tools/call', {}), FROM.writer, 400, 'PROXY_BAD_REQUEST'],
    [message('x/y'), FROM.reader, 403, 'PROXY_SENSITIVE_DENIED'],
    [{}, FROM.writer, 400, 'PROXY_BAD_REQUEST'],
  ])('%j from %s: %i %s', async (body, from, status, code) => {
    const answer = await call(mirror({}), asking(body, { from }))
    if (status === 200) expect([answer.status, answer.seen.length]).toEqual([200, 1])
    else {
      expectRefusal(answer, status, code)
      expect(answer.seen).toEqual([])
    }
  })

  it('the session and the revision go through', async () => {
    const headers = {
      'content-type': 'application/json',
      'mcp-session-id': 'abc',
      'mcp-protocol-version': '2025-11-25',
      'last-event-id': '7',
    }
    const { seen } = await call(mirror({}), asking(message('ping'), { headers }))
    const sent = new Map(seen[0]?.headers.map(([name, value]) => [name.toLowerCase(), value]))
    for (const [name, value] of Object.entries(headers)) expect(sent.get(name)).toBe(value)
  })

  it('ends its session as a reader', async () => {
    const answer = await call(mirror({}), {
      provider: 'tools',
      method: 'DELETE',
      from: FROM.reader,
    })
    expect(answer.status).toBe(200)
  })
})
