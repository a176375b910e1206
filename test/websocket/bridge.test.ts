import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { Refusal } from '../../src/refusal.ts'
import { bridge } from '../../src/websocket/bridge.ts'
import type { Bridging } from '../../src/websocket/bridge.ts'
import { aProvider } from '../builders.ts'

/** The real one. */
const later = setTimeout

const BEGAN = Date.UTC(2026, 10, 1)

beforeEach(
  () => void vi.useFakeTimers({ now: BEGAN, toFake: ['setTimeout', 'clearTimeout', 'Date'] }),
)
afterEach(() => void vi.useRealTimers())

/** The far ends of two sockets that are joined. */
function joined(over: Partial<Bridging> = {}) {
  const stillAllowed = vi.fn<() => Promise<void>>(async () => {})
  const [agent, ours] = Object.values(new WebSocketPair())
  const [upstream, theirs] = Object.values(new WebSocketPair())
  if (!agent || !ours || !upstream || !theirs) throw new Error('no pair')
  const all = bridge(ours, theirs, {
    provider: aProvider(),
    secrets: [],
    now: () => Date.now(),
    expires: null,
    stillAllowed,
    ...over,
  })
  return { agent: far(agent), upstream: far(upstream), over: all, stillAllowed }
}

function far(socket: WebSocket) {
  const got: unknown[] = []
  const closed = new Promise<string>((resolve) => {
    socket.addEventListener('close', ({ code, reason }) => resolve(`${code} ${reason}`.trim()))
  })
  socket.addEventListener('message', ({ data }) => got.push(data))
  socket.accept()
  return { socket, got, closed }
}

/** Until what was sent has been heard. */
const settled = () => new Promise((done) => later(done, 50))

describe('an open socket', () => {
  it('is looked at every 30 seconds, and goes on while that says nothing', async () => {
    const { agent, upstream, stillAllowed } = joined()
    for (let look = 1; look <= 3; look += 1) {
      await vi.advanceTimersByTimeAsync(29_999)
      expect(stillAllowed).toHaveBeenCalledTimes(look - 1)
      await vi.advanceTimersByTimeAsync(1)
      expect(stillAllowed).toHaveBeenCalledTimes(look)
    }
    agent.socket.send('here')
    await expect.poll(() => upstream.got).toEqual(['here'])
    agent.socket.close()
  })

  it.each<[string, unknown, string, string]>([
    [
      'a grant that was revoked',
      new Refusal('PROXY_GRANT_DENIED', 'the grant was revoked'),
      '1008 PROXY_GRANT_DENIED: the grant was revoked',
      'not allowed',
    ],
    [
      'a pause',
      new Refusal('PROXY_PAUSED', 'paused by an operator'),
      '1008 PROXY_PAUSED: paused by an operator',
      'not allowed',
    ],
    [
      'an object that cannot be asked',
      new Refusal('PROXY_UPSTREAM_ERROR', 'the call cannot be checked and recorded'),
      '1011 it cannot be checked that this is still allowed',
      'not checked',
    ],
    [
      'anything else',
      new Error('our own fault'),
      '1011 it cannot be checked that this is still allowed',
      'not checked',
    ],
  ])('%s ends it', async (_title, cause, told, why) => {
    const { agent, upstream, over } = joined({ stillAllowed: () => Promise.reject(cause) })
    await vi.advanceTimersByTimeAsync(30_000)
    expect([await agent.closed, await upstream.closed]).toEqual([told, '1001'])
    expect((await over).ending).toMatchObject({ by: 'outpost', why })
  })

  it('one that nobody can say anything of for 10 seconds ends', async () => {
    const { agent } = joined({ stillAllowed: () => new Promise(() => {}) })
    await vi.advanceTimersByTimeAsync(40_000)
    expect(await agent.closed).toMatch(/^1011 /)
  })

  it('is looked at when its grant expires', async () => {
    const { stillAllowed } = joined({ expires: BEGAN + 12_345 })
    await vi.advanceTimersByTimeAsync(12_344)
    expect(stillAllowed).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    expect(stillAllowed).toHaveBeenCalledTimes(1)
  })

  it('ends when nothing was said for long; each message begins anew', async () => {
    const provider = aProvider({ websocket_idle_ms: 20_000 })
    const { agent, upstream, over } = joined({ provider })
    await vi.advanceTimersByTimeAsync(15_000)
    upstream.socket.send('a word')
    await settled()
    expect(agent.got).toEqual(['a word'])
    await vi.advanceTimersByTimeAsync(19_999)
    expect(agent.socket.readyState).toBe(WebSocket.OPEN)
    await vi.advanceTimersByTimeAsync(1)
    expect([await agent.closed, await upstream.closed]).toEqual(['1001 idle', '1001'])
    expect(await over).toMatchObject({ duration_ms: 35_000, messages_out: 1, bytes_out: 6 })
  })

  it('passes nothing on once Outpost has ended it', async () => {
    const provider = aProvider({ websocket_unread_bytes: 1024 })
    const { agent, upstream, over } = joined({ provider })
    upstream.socket.send('a'.repeat(900))
    upstream.socket.send('b'.repeat(1000))
    upstream.socket.send('c')
    expect(await agent.closed).toBe('1013 too much has been sent that may be unread')
    expect(agent.got).toHaveLength(1)
    expect(await over).toMatchObject({ messages_out: 1, bytes_out: 900 })
  })

  it('counts what an empty message costs', async () => {
    const provider = aProvider({ websocket_unread_bytes: 1024 })
    const { agent, upstream, over } = joined({ provider })
    for (let count = 0; count < 40; count += 1) upstream.socket.send('')
    expect(await agent.closed).toBe('1013 too much has been sent that may be unread')
    expect(await over).toMatchObject({ messages_out: 16, bytes_out: 0 })
  })
})

describe('a farewell', () => {
  it('is whole when the other side has answered; what it said before that is passed on', async () => {
    const [agent, ours] = Object.values(new WebSocketPair())
    const [upstream, theirs] = Object.values(new WebSocketPair())
    if (!agent || !ours || !upstream || !theirs) throw new Error('no pair')
    const provider = aProvider()
    const how = { provider, secrets: [], now: () => Date.now(), expires: null }
    const over = bridge(ours, theirs, { ...how, stillAllowed: async () => {} })
    const got: unknown[] = []
    upstream.addEventListener('close', () => {
      upstream.send('one more')
      upstream.close(1000, 'bye')
    })
    agent.addEventListener('message', ({ data }) => got.push(data))
    agent.accept({ allowHalfOpen: true })
    upstream.accept({ allowHalfOpen: true })
    agent.close(1000, 'done')
    expect(await over).toMatchObject({ messages_out: 1, ending: { by: 'agent' } })
    await settled()
    expect(got).toEqual(['one more'])
  })

  it('that is not answered is over after 5 seconds', async () => {
    const [agent, ours] = Object.values(new WebSocketPair())
    const [upstream, theirs] = Object.values(new WebSocketPair())
    if (!agent || !ours || !upstream || !theirs) throw new Error('no pair')
    const how = { provider: aProvider(), secrets: [], now: () => Date.now(), expires: null }
    const over = bridge(ours, theirs, { ...how, stillAllowed: async () => {} })
    agent.accept({ allowHalfOpen: true })
    upstream.accept({ allowHalfOpen: true })
    let told = false
    agent.addEventListener('close', () => (told = true))
    agent.close(4001, 'gone')
    await settled()
    await vi.advanceTimersByTimeAsync(5000)
    expect(await over).toMatchObject({ duration_ms: 5000, ending: { by: 'agent' } })
    await expect.poll(() => told).toBe(true)
  })
})
