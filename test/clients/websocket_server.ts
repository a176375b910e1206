import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

import { WebSocket, WebSocketServer } from 'ws'

/** A socket as the server has it, for a test to play its part. */
export interface Served {
  readonly socket: WebSocket
  readonly request: IncomingMessage
  readonly raw: Duplex
  /** What came, `bin:` in front of hex where it was binary. */
  readonly got: string[]
  /** `CODE reason` */
  readonly closed: Promise<string>
}

export interface Sockets {
  /** Every request for a socket, also those that were answered otherwise. */
  readonly upgrades: readonly IncomingMessage[]
  /** Every other request. */
  readonly requests: readonly IncomingMessage[]
  /** The next socket that opens. */
  readonly next: () => Promise<Served>
  readonly close: () => Promise<void>
}

/**
 * A real server of web sockets. `/answer/CODE` gives that status in place of a socket, once where it
 * is `/answer/CODE/once` and `/raw/HEX` those bytes, with the right
 * `Sec-WebSocket-Accept` for `ACCEPT`; `POST /token` mints one that is new each time. Whatever the path is else, a socket opens, which
 * says back what it hears.
 */
export async function startSockets(port: number): Promise<Sockets> {
  const upgrades: IncomingMessage[] = []
  const requests: IncomingMessage[] = []
  const raws = new Set<Duplex>()
  const waiting: ((served: Served) => void)[] = []
  const server = createServer((request, response) => {
    requests.push(request)
    const minted = {
      access_token: `sentinel-minted-${requests.length}-77ca01`,
      token_type: 'bearer',
      expires_in: 900,
    }
    const isToken = request.method === 'POST' && request.url === '/token'
    if (isToken) response.setHeader('content-type', 'application/json')
    response.end(isToken ? JSON.stringify(minted) : 'plain')
  })
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: 2 ** 30,
    handleProtocols: (offered) => [...offered].at(-1) ?? false,
  })
  server.on('upgrade', (request: IncomingMessage, raw: Duplex, early: Buffer) => {
    upgrades.push(request)
    raw.on('error', () => {})
    raws.add(raw)
    const otherwise = answerTo(request, upgrades)
    if (otherwise !== null) return void raw.end(otherwise)
    sockets.handleUpgrade(request, raw, early, (socket) => {
      const served = serve(socket, request, raw)
      waiting.shift()?.(served)
    })
  })
  await new Promise<void>((done) => {
    server.listen(port, '127.0.0.1', done)
  })
  return {
    upgrades,
    requests,
    next: () => new Promise((resolve) => void waiting.push(resolve)),
    close: async () => {
      for (const socket of raws) socket.destroy()
      server.closeAllConnections()
      await new Promise((done) => void server.close(done))
    },
  }
}

function serve(socket: WebSocket, request: IncomingMessage, raw: Duplex): Served {
  const got: string[] = []
  const { promise: closed, resolve } = Promise.withResolvers<string>()
  socket.on('error', () => {})
  socket.on('message', (data: Buffer, binary: boolean) => {
    got.push(binary ? `bin:${data.toString('hex').slice(0, 100)}` : data.toString())
    if (request.url?.includes('echo')) socket.send(data, { binary })
  })
  socket.on('close', (code: number, reason: Buffer) =>
    resolve(`${code} ${reason.toString()}`.trim()),
  )
  return { socket, request, raw, got, closed }
}

function answerTo(request: IncomingMessage, upgrades: readonly IncomingMessage[]): string | null {
  const url = request.url ?? ''
  const [, raw] = /\/raw\/([0-9a-f]*)/.exec(url) ?? []
  if (raw !== undefined) {
    const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`
    const accept = createHash('sha1').update(key).digest('base64')
    return Buffer.from(raw, 'hex').toString('latin1').replace('ACCEPT', accept)
  }
  const [, status, once] = /\/answer\/(\d+)(\/once)?/.exec(url) ?? []
  if (status === undefined) return null
  if (once !== undefined && upgrades.filter((each) => each.url === url).length > 1) return null
  const repeats = request.headers.authorization ?? ''
  return [
    `HTTP/1.1 ${status} Because`,
    'content-type: text/plain',
    `content-length: ${5 + repeats.length}`,
    '',
    `said ${repeats}`,
  ].join('\r\n')
}

/** A client's end of a socket, or the answer that it got in its place. */
export interface Opened {
  readonly socket: WebSocket
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: string
  readonly got: string[]
  readonly closed: Promise<string>
  /** Until so many messages are there. */
  readonly has: (count: number) => Promise<readonly string[]>
}

/** Opens a socket, or reads the answer that says no. */
export function open(
  url: string,
  headers: Readonly<Record<string, string>>,
  protocols: readonly string[] = [],
): Promise<Opened> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), [...protocols], {
    headers,
    maxPayload: 2 ** 30,
    perMessageDeflate: false,
  })
  const got: string[] = []
  const wanted: { count: number; tell: (got: readonly string[]) => void }[] = []
  const { promise: closed, resolve: end } = Promise.withResolvers<string>()
  socket.on('message', (data: Buffer, binary: boolean) => {
    got.push(binary ? `bin:${data.toString('hex').slice(0, 100)}` : data.toString())
    for (const each of wanted) if (got.length >= each.count) each.tell(got)
  })
  socket.on('close', (code: number, reason: Buffer) => end(`${code} ${reason.toString()}`.trim()))
  const has = (count: number) =>
    new Promise<readonly string[]>((tell) => {
      if (got.length >= count) tell(got)
      else wanted.push({ count, tell })
    })
  return new Promise((resolve, reject) => {
    const said = (response: IncomingMessage, body: string) =>
      resolve({
        socket,
        status: response.statusCode ?? 0,
        headers: response.headers,
        body,
        got,
        closed,
        has,
      })
    socket.on('upgrade', (response: IncomingMessage) => said(response, ''))
    socket.on('unexpected-response', (_request, response: IncomingMessage) => {
      let body = ''
      response.on('data', (chunk: Buffer) => (body += chunk.toString()))
      response.on('end', () => said(response, body))
    })
    socket.on('error', reject)
  })
}
