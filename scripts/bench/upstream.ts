import { createHash } from 'node:crypto'
import type { Hash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises'

import { blocks } from './blocks.ts'
import { echoSockets } from './sockets.ts'
import { textOf } from './text.ts'
import { called, listed } from './tools.ts'

/**
 * The upstream of the measurements: a process of its own, started by `startUpstream`. It tells its
 * port to its parent and ends with it.
 *
 *     GET  /bytes/N       N bytes at once
 *     GET  /text/N        N bytes of JSON at once
 *     GET  /events/N      N server-sent events, as fast as they are taken
 *     GET  /ticks/N       N events, 10 ms apart, each with the time at which it was written
 *     GET  /data/N/ID     N MiB that the reader can check; ?chunked without a length
 *     GET  /endless/ID    data until nobody reads
 *     POST /take/ID       reads the body and answers 2 bytes
 *     POST /echo/ID       sends the body back while it comes
 *     GET  /report/ID     the count and hash of what went through under this id, as JSON
 *     POST /mcp/list      `tools/list` of 50 tools; any other name: a result of `tools/call`
 *     POST /token/mint    an access token for an hour: RFC 6749 §5.1
 *     anything else       1 KB, or a web socket that says back what it hears
 */

/** What one end saw of a transfer. */
export interface Ledger {
  readonly sent: number
  readonly received: number
  readonly sentHash: string
  readonly receivedHash: string
}

class Account {
  sent = 0
  received = 0
  readonly #sentHash: Hash = createHash('sha256')
  readonly #receivedHash: Hash = createHash('sha256')

  send(chunk: Buffer): void {
    this.sent += chunk.length
    this.#sentHash.update(chunk)
  }

  receive(chunk: Buffer): void {
    this.received += chunk.length
    this.#receivedHash.update(chunk)
  }

  ledger(): Ledger {
    return {
      sent: this.sent,
      received: this.received,
      sentHash: this.#sentHash.copy().digest('hex'),
      receivedHash: this.#receivedHash.copy().digest('hex'),
    }
  }
}

type Route = (argument: string, request: IncomingMessage, response: ServerResponse) => unknown

const KILOBYTE = 1000
const TICK_MS = 10
const DATA_TYPE = { 'content-type': 'application/octet-stream' }
const EVENT_TYPE = { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' }
const EVENT = `data: ${'x'.repeat(100)}\n\n`

const OK = Buffer.from('ok')

const accounts = new Map<string, Account>()
const bodies = new Map<number, Buffer>()
let minted = 0

const ROUTES: Readonly<Record<string, Route>> = {
  bytes: (size, _request, response) => sendBytes(response, Number(size)),
  text: (size, _request, response) => sendText(response, Number(size)),
  events: sendEvents,
  ticks: sendTicks,
  data: sendData,
  endless: async (id, _request, response) => {
    response.writeHead(200, DATA_TYPE)
    await pour(response, account(id), Infinity)
  },
  take: takeBody,
  echo: echoBody,
  token: mintToken,
  mcp: sendTools,
  report: (id, _request, response) => response.end(JSON.stringify(account(id).ledger())),
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [, name = '', argument = ''] = /^\/(\w+)\/([\w/]*)/.exec(request.url ?? '') ?? []
  const route = Object.hasOwn(ROUTES, name) ? ROUTES[name] : undefined
  if (route) {
    await route(argument, request, response)
    return
  }
  // Else the connection could not be used again.
  request.resume()
  if (request.method !== 'GET') await once(request, 'end')
  sendBytes(response, KILOBYTE)
}

function sendBytes(response: ServerResponse, size: number): void {
  const body = bodies.get(size) ?? Buffer.alloc(size, 'outpost ')
  bodies.set(size, body)
  response.writeHead(200, { ...DATA_TYPE, 'content-length': size })
  response.end(body)
}

function sendText(response: ServerResponse, size: number): void {
  const text = texts.get(size) ?? textOf(size)
  texts.set(size, text)
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': size })
  response.end(text)
}

const texts = new Map<number, Buffer>()

async function sendTools(what: string, request: IncomingMessage, response: ServerResponse) {
  request.resume()
  await once(request, 'end')
  const said = what === 'list' ? LISTED : CALLED
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': said.length })
  response.end(said)
}

const LISTED = Buffer.from(listed())
const CALLED = Buffer.from(called())

async function sendEvents(count: string, _: IncomingMessage, response: ServerResponse) {
  response.writeHead(200, EVENT_TYPE)
  for (let left = Number(count); left > 0 && !response.destroyed; left -= 1) {
    if (!response.write(EVENT)) await roomIn(response)
    await nextTurn()
  }
  response.end()
}

/** Each event has `process.hrtime`, a clock that all processes of a machine share. */
async function sendTicks(count: string, _: IncomingMessage, response: ServerResponse) {
  response.writeHead(200, EVENT_TYPE)
  for (let left = Number(count); left > 0 && !response.destroyed; left -= 1) {
    response.write(`data: ${process.hrtime.bigint()}\n\n`)
    await delay(TICK_MS)
  }
  response.end()
}

async function sendData(argument: string, request: IncomingMessage, response: ServerResponse) {
  const [mebibytes, id = ''] = argument.split('/')
  const size = Number(mebibytes) * 2 ** 20
  const chunked = request.url?.endsWith('?chunked') ?? false
  response.writeHead(200, { ...DATA_TYPE, ...(!chunked && { 'content-length': size }) })
  await pour(response, account(id), size)
  response.end()
}

async function pour(response: ServerResponse, into: Account, size: number): Promise<void> {
  for (const block of blocks(size)) {
    if (response.destroyed) return
    into.send(block)
    if (!response.write(block)) await roomIn(response)
  }
}

/** Until more can be written, or nobody reads any longer. */
function roomIn(response: ServerResponse): Promise<void> {
  return new Promise((go) => {
    const over = () => {
      response.off('drain', over).off('close', over)
      go()
    }
    if (response.destroyed) go()
    else response.on('drain', over).on('close', over)
  })
}

async function takeBody(id: string, request: IncomingMessage, response: ServerResponse) {
  const into = account(id)
  for await (const chunk of request as AsyncIterable<Buffer>) into.receive(chunk)
  into.send(OK)
  response.end(OK)
}

async function echoBody(id: string, request: IncomingMessage, response: ServerResponse) {
  const into = account(id)
  response.writeHead(200, DATA_TYPE)
  response.flushHeaders()
  for await (const chunk of request as AsyncIterable<Buffer>) {
    into.receive(chunk)
    into.send(chunk)
    if (!response.write(chunk)) await roomIn(response)
  }
  response.end()
}

async function mintToken(_: string, request: IncomingMessage, response: ServerResponse) {
  request.resume()
  await once(request, 'end')
  minted += 1
  const token = { access_token: `bench-token-${minted}`, token_type: 'Bearer', expires_in: 3600 }
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify(token))
}

function account(id: string): Account {
  const known = accounts.get(id) ?? new Account()
  accounts.set(id, known)
  return known
}

const server = createServer((request, response) => {
  answer(request, response).catch(() => response.destroy())
})
echoSockets(server)
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
process.on('disconnect', () => process.exit())
