import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { clientsOutpost } from './outpost.ts'
import { open, startSockets } from './websocket_server.ts'
import type { Opened, Served, Sockets } from './websocket_server.ts'

const MIB = 1024 * 1024
const at = clientsOutpost({ WS_TOKEN: 'sentinel-socket-40b7d913' })

let server: Sockets | undefined
let token = ''

beforeAll(async () => {
  server = await startSockets(at.port('websocket-load'))
  token = await at.grant('ws_load', 'ws_bulk')
})

afterAll(async () => {
  await server?.close()
})

async function both(path: string): Promise<{ readonly agent: Opened; readonly theirs: Served }> {
  if (!server) throw new Error('the server is not running')
  const next = server.next()
  const agent = await open(`${at.url}/p/${path}`, { authorization: `Bearer ${token}` })
  expect(agent.status).toBe(101)
  return { agent, theirs: await next }
}

async function endOf({ headers }: Opened) {
  for (let tries = 0; tries < 60; tries += 1) {
    const id = headers['x-outpost-request-id']
    const found = (await at.audit()).find(({ target }) => target === id)
    if (found) return found['details'] as Readonly<Record<string, unknown>>
    await delay(100)
  }
  throw new Error('its end was not recorded')
}

describe('messages', () => {
  it('in fragments arrive whole, with pings between them', async () => {
    const { agent, theirs } = await both('ws_bulk/echo')
    for (const socket of [agent.socket, theirs.socket]) {
      socket.send('one ', { fin: false })
      socket.ping('still here')
      socket.send('two ', { fin: false })
      socket.send('three')
      await once(socket, 'pong')
    }
    expect(await agent.has(2)).toEqual(['one two three', 'one two three'])
    agent.socket.terminate()
  })

  it('of many megabytes arrive whole, both ways', async () => {
    const { agent, theirs } = await both('ws_bulk/play')
    const text = 'é1234567'.repeat((20 * MIB) / 9)
    theirs.socket.send(text)
    agent.socket.send(text)
    expect((await agent.has(1))[0] === text).toBe(true)
    await expect.poll(() => theirs.got[0] === text, { timeout: 5000 }).toBe(true)
    agent.socket.close(1000)
    const bytes = Buffer.byteLength(text)
    expect(await endOf(agent)).toMatchObject({ bytes_in: bytes, bytes_out: bytes })
  })

  it('of more than the runtime takes end the socket, whichever side sends one', async () => {
    // Who is still sending may not hear its 1009.
    const large = Buffer.alloc(32 * MIB + 1)
    const one = await both('ws_bulk/play')
    one.agent.socket.send(large)
    expect(await one.agent.closed).toMatch(/^100[69]/)
    expect(await one.theirs.closed).toBe('1001')
    const other = await both('ws_bulk/play')
    other.theirs.socket.send(large)
    expect(await other.theirs.closed).toMatch(/^100[69]/)
    expect(await other.agent.closed).toBe('1011 the upstream went away')
  })

  it('keep their order, ten thousand of them', async () => {
    const { agent, theirs } = await both('ws_bulk/play')
    for (let n = 0; n < 10_000; n += 1) theirs.socket.send(String(n))
    const got = await agent.has(10_000)
    expect(got.every((each, index) => each === String(index))).toBe(true)
    agent.socket.close(1000)
    expect(await endOf(agent)).toMatchObject({ messages_out: 10_000, bytes_out: 38_890 })
  })
})

describe('a side that may not have read', () => {
  const chunk = Buffer.alloc(64 * 1024)

  it('ends the socket when that is more than the provider says', async () => {
    const { agent, theirs } = await both('ws_load/play')
    agent.socket.pause()
    for (let sent = 0; sent < 6 * MIB; sent += chunk.length) theirs.socket.send(chunk)
    expect(await theirs.closed).toBe('1001')
    agent.socket.resume()
    expect(await agent.closed).toBe('1013 too much has been sent that may be unread')
    const ended = await endOf(agent)
    expect(ended).toMatchObject({ closed_by: 'outpost', why: 'unread', code: 1013 })
    expect(ended['bytes_out']).toBeLessThan(4_000_000 + chunk.length)
  })

  it('may be the upstream', async () => {
    const { agent, theirs } = await both('ws_load/play')
    theirs.socket.pause()
    for (let sent = 0; sent < 6 * MIB; sent += chunk.length) agent.socket.send(chunk)
    expect(await agent.closed).toBe('1013 too much has been sent that may be unread')
    theirs.socket.resume()
    expect(await theirs.closed).toBe('1001')
  })

  it('is none that answers now and then', async () => {
    const { agent, theirs } = await both('ws_load/play')
    for (let round = 0; round < 4; round += 1) {
      for (let sent = 0; sent < 2 * MIB; sent += chunk.length) theirs.socket.send(chunk)
      await agent.has(32 * (round + 1))
      await delay(600)
      agent.socket.send('here')
      await expect.poll(() => theirs.got.length).toBe(round + 1)
    }
    expect(agent.socket.readyState).toBe(agent.socket.OPEN)
    agent.socket.terminate()
  })
})

it('a hundred sockets at once are a hundred', async () => {
  const sockets = await Promise.all(
    Array.from({ length: 100 }, () =>
      open(`${at.url}/p/ws_load/echo`, { authorization: `Bearer ${token}` }),
    ),
  )
  sockets.forEach(({ socket }, n) => socket.send(`mine is ${n}`))
  const got = await Promise.all(sockets.map(({ has }) => has(1)))
  expect(got.map(([first]) => first)).toEqual(sockets.map((_, n) => `mine is ${n}`))
  for (const { socket } of sockets) socket.terminate()
})
