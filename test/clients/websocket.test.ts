import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { clientsOutpost } from './outpost.ts'
import { open, startSockets } from './websocket_server.ts'
import type { Opened, Sockets } from './websocket_server.ts'

const WS_TOKEN = 'sentinel-socket-81e0f4c2'
const at = clientsOutpost({
  WS_TOKEN,
  WS_CLIENT: 'sentinel-client-5d1c08',
  WS_SECRET: 'sentinel-secret-0b9fe2',
})

let server: Sockets | undefined
let token = ''

beforeAll(async () => {
  server = await startSockets(at.port('websocket'))
  token = await at.grant(
    'ws',
    'ws_query',
    'ws_deny',
    'ws_block',
    'ws_list',
    'ws_listed',
    'ws_minted',
  )
})

afterAll(async () => {
  await server?.close()
})

function upstream(): Sockets {
  if (!server) throw new Error('the server is not running')
  return server
}

/** Opens a socket with the grant, and the upstream's end of it. */
async function both(path: string, protocols: readonly string[] = [], key = token) {
  const next = upstream().next()
  const agent = await open(`${at.url}/p/${path}`, bearer(key), protocols)
  expect(agent.status).toBe(101)
  return { agent, theirs: await next }
}

/** Asks for one that is not given. */
async function refused(path: string, key = token): Promise<Opened> {
  return open(`${at.url}/p/${path}`, bearer(key))
}

function bearer(key: string): Readonly<Record<string, string>> {
  return { authorization: `Bearer ${key}` }
}

const ACCEPT = 'sec-websocket-accept: ACCEPT'

/** The path of a 101 with these headers. */
function raw(...lines: readonly string[]): string {
  const text = ['HTTP/1.1 101 x', 'connection: upgrade', ...lines, '', ''].join('\r\n')
  return `raw/${Buffer.from(text).toString('hex')}`
}

/** What the ledger says of the end of a socket. */
async function endOf({ headers }: Opened): Promise<Readonly<Record<string, unknown>>> {
  const id = headers['x-outpost-request-id']
  for (let tries = 0; tries < 60; tries += 1) {
    const found = (await at.audit()).find(({ target }) => target === id)
    if (found) return found['details'] as Record<string, unknown>
    await delay(100)
  }
  throw new Error('its end was not recorded')
}

/** The record of a call, which may come a second later. */
async function recorded({ headers }: Opened) {
  for (let tries = 0; tries < 60; tries += 1) {
    const found = (await at.audit()).find(({ id }) => id === headers['x-outpost-request-id'])
    if (found) return found
    await delay(100)
  }
  throw new Error('it was not recorded')
}

describe('a web socket', () => {
  it('opens with the credential, and carries text and bytes both ways', async () => {
    const { agent, theirs } = await both('ws/echo?a=1&b=%20')
    expect(theirs.request.url).toBe('/base/echo?a=1&b=%20')
    expect(theirs.request.headers.authorization).toBe(`Bearer ${WS_TOKEN}`)
    expect(JSON.stringify(theirs.request.rawHeaders)).not.toContain(token)
    expect(agent.headers).toMatchObject({ 'x-proxy-provider': 'ws', 'x-proxy-cache': 'BYPASS' })
    agent.socket.send('hello é')
    agent.socket.send(Buffer.from([0, 1, 255]))
    agent.socket.send('')
    expect(await agent.has(3)).toEqual(['hello é', 'bin:0001ff', ''])
    expect(theirs.got).toEqual(['hello é', 'bin:0001ff', ''])
    agent.socket.close(3999, 'enough')
    expect([await agent.closed, await theirs.closed]).toEqual(['3999 enough', '3999 enough'])
    expect(await endOf(agent)).toMatchObject({
      provider: 'ws',
      closed_by: 'agent',
      code: 3999,
      why: null,
      messages_in: 3,
      messages_out: 3,
      bytes_in: 11,
      bytes_out: 11,
      echoes_scrubbed: 0,
    })
  })

  it('is recorded when it opens, as the sensitive call that it is', async () => {
    const { agent } = await both('ws/echo')
    expect(await recorded(agent)).toMatchObject({
      decision: 'allow',
      method: 'GET',
      path: '/echo',
      rule: 'websocket',
      sensitive: true,
    })
    agent.socket.terminate()
  })

  it('has the subprotocol that the upstream chose of those that were offered', async () => {
    const { agent, theirs } = await both('ws/echo', ['graphql-ws', 'b.c'])
    expect(theirs.request.headers['sec-websocket-protocol']).toBe('graphql-ws, b.c')
    expect([agent.socket.protocol, theirs.socket.protocol]).toEqual(['b.c', 'b.c'])
    agent.socket.terminate()
  })

  it('is not handed on with a subprotocol that nobody offered', async () => {
    const other = raw('upgrade: websocket', ACCEPT, 'sec-websocket-protocol: other')
    const agent = await open(`${at.url}/p/ws/${other}`, bearer(token), ['mine'])
    expect([agent.status, agent.headers['x-proxy-error']]).toEqual([502, 'PROXY_UPSTREAM_ERROR'])
  })

  it('a token that the upstream does not take is minted anew, once', async () => {
    const { theirs, agent } = await both('ws_minted/answer/401/once')
    const sent = upstream().upgrades.filter(({ url }) => url === '/answer/401/once')
    const tokens = sent.map(({ headers }) => headers.authorization)
    expect(new Set(tokens).size).toBe(2)
    expect(theirs.request.headers.authorization).toBe(tokens[1])
    agent.socket.terminate()
    const never = await refused('ws_minted/answer/401')
    expect(never.status).toBe(401)
    expect(upstream().upgrades.filter(({ url }) => url === '/answer/401')).toHaveLength(2)
  })

  it('a grant in a subprotocol opens it, and never goes upstream', async () => {
    const next = upstream().next()
    const offered = ['realtime', `openai-insecure-api-key.${token}`, token, `x.y.${token}`]
    const agent = await open(`${at.url}/p/ws/echo`, {}, offered)
    const theirs = await next
    expect(theirs.request.headers['sec-websocket-protocol']).toBe('realtime')
    expect(theirs.request.headers.authorization).toBe(`Bearer ${WS_TOKEN}`)
    expect(JSON.stringify(theirs.request.rawHeaders)).not.toContain(token)
    expect([agent.status, agent.socket.protocol]).toEqual([101, 'realtime'])
    agent.socket.terminate()
  })

  it('a key of another kind in a subprotocol is nobody, and two grants are one too many', async () => {
    const nobody = await open(`${at.url}/p/ws/echo`, {}, ['openai-insecure-api-key.sk-mine'])
    expect(nobody.status).toBe(403)
    const other = await at.grant('ws')
    const two = await open(`${at.url}/p/ws/echo`, bearer(token), [other])
    expect(two.status).toBe(400)
  })

  it('the credential of a query is in the query', async () => {
    const { agent, theirs } = await both('ws_query/echo?key=mine&a=1')
    expect(theirs.request.url).toBe(`/echo?a=1&key=${WS_TOKEN}`)
    expect((await recorded(agent))['sensitive']).toBe(false)
    agent.socket.terminate()
  })
})

describe('an upgrade that is not let through', () => {
  it.each([
    ['ws_deny/echo', 403, 'PROXY_PATH_DENIED'],
    ['ws_list/echo', 403, 'PROXY_PATH_DENIED'],
    ['ws_listed/elsewhere', 404, 'PROXY_NO_ROUTE'],
    ['ws/denied/echo', 403, 'PROXY_PATH_DENIED'],
  ])('%s is %i %s', async (path, status, code) => {
    const before = upstream().upgrades.length
    const agent = await refused(path)
    expect([agent.status, agent.headers['x-proxy-error']]).toEqual([status, code])
    expect(upstream().upgrades).toHaveLength(before)
  })

  it('by a grant that may only read, while a socket is a sensitive call', async () => {
    const reader = await at.grant(
      { provider: 'ws', access: 'read' },
      { provider: 'ws_listed', access: 'read' },
    )
    expect((await refused('ws/echo', reader)).headers['x-proxy-error']).toBe('PROXY_GRANT_DENIED')
    const careful = await refused('ws_listed/careful', reader)
    expect(careful.headers['x-proxy-error']).toBe('PROXY_GRANT_DENIED')
    const { agent } = await both('ws_listed/echo', [], reader)
    agent.socket.terminate()
  })

  it('until a person has said yes, where the grant says so; then it goes', async () => {
    const made = await at.admin('/grants', {
      method: 'POST',
      body: JSON.stringify({
        agent: 'asks',
        providers: [{ provider: 'ws', access: 'write' }],
        approval: 'sensitive',
        expires_in: 600,
      }),
    })
    const { token: asking } = (await made.json()) as { token: string }
    const first = await refused('ws/echo', asking)
    expect(first.headers['x-proxy-error']).toBe('PROXY_APPROVAL_REQUIRED')
    const said = JSON.parse(first.body) as { error: { metadata: { approval_id: string } } }
    const path = `/approvals/${said.error.metadata.approval_id}/approve`
    const yes = await at.admin(path, { method: 'POST', body: '{"scope":"once"}' })
    expect(yes.status).toBe(200)
    const { agent } = await both('ws/echo', [], asking)
    agent.socket.send('approved')
    expect(await agent.has(1)).toEqual(['approved'])
    agent.socket.terminate()
    expect((await refused('ws/echo', asking)).status).toBe(403)
  })

  it('the plain GET of the same path goes', async () => {
    const answer = await fetch(`${at.url}/p/ws_list/echo`, {
      headers: bearer(token),
    })
    expect([answer.status, await answer.text()]).toEqual([200, 'plain'])
  })

  it.each(['/_outpost/status', '/healthz', '/_outpost/nothing'])(
    '%s never upgrades',
    async (path) => {
      const agent = await open(`${at.url}${path}`, bearer(token))
      expect(agent.status).not.toBe(101)
    },
  )
})

describe('an upstream that answers with no socket', () => {
  it.each([200, 204, 302, 400, 403, 404, 426, 429, 500, 503])('%i is relayed', async (status) => {
    const agent = await refused(`ws/answer/${status}`)
    expect(agent.status).toBe(status)
    expect(agent.body).not.toContain(WS_TOKEN)
  })

  it.each<[string, string, string]>([
    ['101 of another protocol', raw('upgrade: other'), 'relayed'],
    ['101 of none', raw(), 'relayed'],
    ['101 with the wrong accept', raw('upgrade: websocket', 'sec-websocket-accept: A'), 'relayed'],
    ['no HTTP', `raw/${Buffer.from('hello\r\n\r\n').toString('hex')}`, 'PROXY_UPSTREAM_ERROR'],
    ['nothing', 'raw/', 'PROXY_UPSTREAM_ERROR'],
  ])('%s is a 502', async (_title, path, expected) => {
    const agent = await refused(`ws/${path}`)
    expect(agent.status).toBe(502)
    // Of a 101 that is none the runtime makes an answer of its own.
    const { 'x-proxy-error': error, 'x-outpost-request-id': id } = agent.headers
    expect([id !== undefined, error ?? 'relayed']).toEqual([true, expected])
  })
})

describe('the end of a web socket', () => {
  it.each<[string, number | undefined, string]>([
    ['1000', 1000, 'done'],
    ['a reason of two languages', 4321, 'weil — чтобы'],
    ['no code', undefined, ''],
    ['1013', 1013, ''],
  ])("the upstream's: %s", async (_title, code, reason) => {
    const { agent, theirs } = await both('ws/play')
    theirs.socket.close(code, reason)
    const said = `${code ?? 1005} ${reason}`.trim()
    expect([await agent.closed, await theirs.closed]).toEqual([said, said])
    expect(await endOf(agent)).toMatchObject({ closed_by: 'upstream', code: code ?? null })
  })

  it("without a code, the agent's", async () => {
    const { agent, theirs } = await both('ws/play')
    agent.socket.close()
    expect([await agent.closed, await theirs.closed]).toEqual(['1005', '1005'])
  })

  it('a line that breaks is told as such', async () => {
    const one = await both('ws/play')
    one.theirs.raw.destroy()
    expect(await one.agent.closed).toBe('1011 the upstream went away')
    const other = await both('ws/play')
    other.agent.socket.terminate()
    expect(await other.theirs.closed).toBe('1001')
    expect(await endOf(other.agent)).toMatchObject({ closed_by: 'agent', code: 1001 })
  })

  it('what was sent before it is there', async () => {
    const { agent, theirs } = await both('ws/play')
    for (let n = 0; n < 200; n += 1) theirs.socket.send(`n ${n}`)
    theirs.socket.close(1000, 'done')
    expect(await agent.closed).toBe('1000 done')
    expect(agent.got).toHaveLength(200)
  })

  it('nothing is said for the time that the provider gives', async () => {
    const { agent, theirs } = await both('ws/play')
    expect([await agent.closed, await theirs.closed]).toEqual(['1001 idle', '1001'])
    expect(await endOf(agent)).toMatchObject({ closed_by: 'outpost', why: 'idle', code: 1001 })
  })
})

describe('what an upstream says', () => {
  it('has no credential in it, in any form', async () => {
    const { agent, theirs } = await both('ws/play')
    theirs.socket.send(`you sent ${WS_TOKEN}!`)
    theirs.socket.send(JSON.stringify({ key: Buffer.from(WS_TOKEN).toString('base64') }))
    theirs.socket.send(Buffer.from(`bytes ${WS_TOKEN}`))
    theirs.socket.send('nothing')
    const got = await agent.has(4)
    expect(got[0]).toBe('you sent [redacted]!')
    expect(JSON.parse(got[1] ?? '')).toEqual({ key: '[redacted]' })
    expect(got[2]).toBe(`bin:${Buffer.from('bytes [redacted]').toString('hex')}`)
    expect(got[3]).toBe('nothing')
    theirs.socket.close(4000, `bye ${WS_TOKEN}`)
    expect(await agent.closed).toBe('4000 bye [redacted]')
    expect(await endOf(agent)).toMatchObject({ echoes_scrubbed: 3, messages_out: 4 })
  })

  it('ends the socket where the provider says so', async () => {
    const { agent, theirs } = await both('ws_block/play')
    theirs.socket.send('fine')
    theirs.socket.send(`you sent ${WS_TOKEN}!`)
    theirs.socket.send('more')
    expect(await agent.closed).toBe('1008 the upstream repeated a credential')
    expect(agent.got).toEqual(['fine'])
    expect(await theirs.closed).toBe('1001')
  })
})

describe('a client on the wire', () => {
  const KEY = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
  const LINES = ['Upgrade: websocket', 'Connection: Upgrade', KEY, 'Sec-WebSocket-Version: 13']

  it.each<[string, string, string[], RegExp]>([
    ['all that is wanted', 'GET', LINES, /^HTTP\/1.1 101 /],
    ['no key', 'GET', LINES.filter((each) => each !== KEY), /^HTTP\/1.1 200 /],
    [
      'another version',
      'GET',
      [...LINES.slice(0, 3), 'Sec-WebSocket-Version: 8'],
      /^HTTP\/1.1 200 /,
    ],
    ['two protocols', 'GET', ['Upgrade: websocket, h2c', ...LINES.slice(1)], /^HTTP\/1.1 200 /],
    ['h2c', 'GET', ['Upgrade: h2c', ...LINES.slice(1)], /^HTTP\/1.1 200 /],
    ['a body', 'GET', [...LINES, 'Content-Length: 0'], /^HTTP\/1.1 200 /],
    [
      'a connection of its own',
      'GET',
      [LINES[0] ?? '', 'Connection: close', ...LINES.slice(2)],
      /^HTTP\/1.1 200 /,
    ],
    ['POST', 'POST', [...LINES, 'Content-Length: 0'], /^HTTP\/1.1 200 /],
  ])('%s', async (_title, method, lines, expected) => {
    const before = upstream().upgrades.length
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(Number(new URL(at.url).port), '127.0.0.1')
      let got = ''
      socket.on('data', (chunk) => (got += chunk.toString('latin1')))
      socket.on('close', () => resolve(got))
      setTimeout(() => socket.destroy(), 400)
      const own = [`${method} /p/ws/echo HTTP/1.1`, 'Host: x', `Authorization: Bearer ${token}`]
      socket.write([...own, ...lines, '', ''].join('\r\n'), 'latin1')
    })
    expect(answer).toMatch(expected)
    expect(upstream().upgrades.length - before).toBe(answer.includes(' 101 ') ? 1 : 0)
  })
})
