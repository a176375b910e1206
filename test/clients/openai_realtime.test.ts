import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'

import OpenAI from 'openai'
import type { OpenAIRealtimeEmitter } from 'openai/realtime/internal-base'
import { OpenAIRealtimeWebSocket } from 'openai/realtime/websocket'
import { OpenAIRealtimeWS } from 'openai/realtime/ws'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import type { ClientOptions } from 'ws'

import { clientsOutpost } from './outpost.ts'

const OPENAI_REALTIME_KEY = 'sk-proj-sentinel-realtime-2c9e7710'
const at = clientsOutpost({ OPENAI_REALTIME_KEY })

const asked: IncomingMessage[] = []
const http = createServer()
const sockets = new WebSocketServer({
  noServer: true,
  handleProtocols: (offered) => offered.has('realtime') && 'realtime',
})

/** As far as these tests go: https://developers.openai.com/api/reference/resources/realtime */
function play(socket: WebSocket): void {
  const say = (event: object) => socket.send(JSON.stringify(event))
  say({ type: 'session.created', session: { type: 'realtime' } })
  socket.on('message', (data: Buffer) => {
    const event = JSON.parse(data.toString()) as { readonly type: string }
    if (event.type !== 'response.create') {
      const message = `unknown type ${event.type} with ${OPENAI_REALTIME_KEY}`
      return say({ type: 'error', error: { type: 'invalid_request_error', message } })
    }
    for (const delta of ['Hel', 'lo', '!']) say({ type: 'response.output_text.delta', delta })
    say({ type: 'response.done', response: { status: 'completed' } })
  })
}

beforeAll(async () => {
  http.on('upgrade', (request: IncomingMessage, raw, early: Buffer) => {
    asked.push(request)
    if (request.headers.authorization !== `Bearer ${OPENAI_REALTIME_KEY}`) {
      raw.end('HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n')
      return
    }
    sockets.handleUpgrade(request, raw, early, play)
  })
  await new Promise<void>((done) => {
    http.listen(at.port('openai-realtime'), '127.0.0.1', done)
  })
})

afterAll(() => {
  for (const each of sockets.clients) each.terminate()
  http.close()
})

/** The SDK says `wss:`, whatever its base URL is. Who ends TLS is not what is tested. */
const withoutTls: ClientOptions = {
  createConnection: () => connect(Number(new URL(at.url).port), '127.0.0.1'),
}

const client = (apiKey: string) =>
  new OpenAI({
    apiKey,
    baseURL: `${at.url}/p/openai_realtime`,
    dangerouslyAllowBrowser: true,
  })

type Realtime = OpenAIRealtimeEmitter

/** Asks for an answer, and makes a mistake first. */
async function talk(realtime: Realtime): Promise<{ text: string; error: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ text: string; error: string }>()
  let [text, error] = ['', '']
  realtime.on('error', (each) => {
    error = each.message
    if (!each.error) reject(each)
  })
  realtime.on('session.created', () => {
    realtime.send({ type: 'input_audio_buffer.clear' })
    realtime.send({ type: 'response.create' })
  })
  realtime.on('response.output_text.delta', ({ delta }) => (text += delta))
  realtime.on('response.done', () => resolve({ text, error }))
  const said = await promise
  realtime.close({ code: 1000, reason: 'OK' })
  return said
}

it('ws: the agent has its grant alone, the upstream the key', async () => {
  const token = await at.grant({ provider: 'openai_realtime', access: 'read' })
  const realtime = new OpenAIRealtimeWS(
    { model: 'gpt-realtime', options: withoutTls },
    client(token),
  )
  const { text, error } = await talk(realtime)
  expect(text).toBe('Hello!')
  expect(error).toContain('with [redacted]')
  const request = asked.at(-1)
  expect(request?.url).toBe('/v1/realtime?model=gpt-realtime')
  expect(JSON.stringify(request?.rawHeaders)).not.toContain(token)
})

it('a browser, which has no place for a key but a subprotocol', async () => {
  const token = await at.grant({ provider: 'openai_realtime', access: 'read' })
  class Browser extends WebSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols, withoutTls)
    }
  }
  vi.stubGlobal('WebSocket', Browser)
  const realtime = new OpenAIRealtimeWebSocket({ model: 'gpt-realtime' }, client(token))
  vi.unstubAllGlobals()
  expect((await talk(realtime)).text).toBe('Hello!')
  const request = asked.at(-1)
  expect(request?.headers['sec-websocket-protocol']).toBe('realtime')
  expect(request?.headers.authorization).toBe(`Bearer ${OPENAI_REALTIME_KEY}`)
})

it('without a grant there is nothing', async () => {
  const before = asked.length
  const realtime = new OpenAIRealtimeWS(
    { model: 'gpt-realtime', options: withoutTls },
    client('sk-mine'),
  )
  await expect(talk(realtime)).rejects.toThrow('403')
  expect(asked).toHaveLength(before)
})
