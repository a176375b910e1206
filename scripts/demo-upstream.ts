import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, get } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'

const LOOPBACK = '127.0.0.1'

/** Where providers/demo.yaml says that the demo upstream is. */
export const DEMO_PORT = 8789
export const DEMO_URL = `http://${LOOPBACK}:${DEMO_PORT}`

const SERVER = 'outpost-demo-upstream'
const SHOWN_BODY = 64 * 1024
const CHUNK = Buffer.alloc(64 * 1024, 'demo ')

export interface Demo {
  readonly url: string
  /** True when another checkout's demo upstream has the port; this one takes over when it goes. */
  readonly shared: boolean
  readonly close: () => Promise<void>
}

/**
 * A key made of 43 random characters that every demo upstream knows to be one, by a checksum at its
 * end. So two checkouts on one machine, each with its own key, can share one demo upstream.
 */
export function demoKey(random: string): string {
  const body = random.slice(0, 37)
  return body + createHash('sha256').update(body).digest('hex').slice(0, 6)
}

/**
 * Serves the demo upstream on loopback. It answers every call with what it received, except for
 * the credential, which it names and does not show.
 *
 * @throws when another program has the port.
 */
export async function startDemo({ port = DEMO_PORT, key = '' } = {}): Promise<Demo> {
  const server = createServer((request, response) => {
    answer(request, response, key).catch(() => response.destroy())
  })
  const shared = !(await listens(server, port))
  if (shared && !(await isDemo(port))) {
    throw new Error(`port ${port} of the demo upstream is in use by another program`)
  }
  const takeOver = () => void (server.listening || listens(server, port).catch(() => false))
  const timer = setInterval(takeOver, 500).unref()
  const bound = server.address() as AddressInfo | null
  return {
    url: `http://${LOOPBACK}:${bound?.port ?? port}`,
    shared,
    close: async () => {
      clearInterval(timer)
      const closed = new Promise((done) => server.close(done))
      server.closeAllConnections()
      await closed
    },
  }
}

async function listens(server: Server, port: number): Promise<boolean> {
  server.listen(port, LOOPBACK)
  try {
    await once(server, 'listening')
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return false
    throw error
  }
}

async function isDemo(port: number): Promise<boolean> {
  const probe = get({ host: LOOPBACK, port, timeout: 1000 })
  probe.on('timeout', () => probe.destroy())
  const name = new Promise((resolve) => {
    probe.on('response', ({ headers }) => resolve(headers['server']))
    probe.on('error', resolve)
    probe.on('close', resolve)
  })
  const found = (await name) === SERVER
  probe.destroy()
  return found
}

async function answer(request: IncomingMessage, response: ServerResponse, key: string) {
  const { url = '', method, socket } = request
  const [, route, argument] = url.split(/[/?]/, 3)
  const number = Number((argument ?? '').replace(/\D/g, ''))
  response.setHeader('server', SERVER)
  if (route === 'events') return sendEvents(response)
  if (route === 'bytes') return sendBytes(response, number)
  if (route === 'slow') await delay(number)
  const body = JSON.stringify(await received(request, key), null, 2)
  response.writeHead(statusOf(method, route, number), {
    'content-type': 'application/json',
    ...(route === 'login' && { 'set-cookie': ['session=demo; HttpOnly', 'lang=en'] }),
    ...(route === 'redirect' && { location: `http://${LOOPBACK}:${socket.localPort}/hello` }),
  })
  response.end(`${body}\n`)
}

function statusOf(method?: string, route?: string, asked = 0): number {
  if (route === 'status' && asked >= 200 && asked <= 599) return asked
  if (route === 'redirect') return 302
  return method === 'POST' ? 201 : 200
}

/** What came in, without the text of a key wherever it stands. */
async function received(request: IncomingMessage, key: string) {
  const presented = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? ''
  const isReal = presented !== '' && (presented === key || presented === demoKey(presented))
  const hide = (shown: string) =>
    masked(masked(shown, presented, isReal ? 'the real key' : 'another key'), key, 'the real key')
  const { text, bytes } = await bodyOf(request)
  return {
    method: request.method,
    path: hide(request.url ?? ''),
    credential: isReal ? 'the real key' : request.headers.authorization ? 'wrong' : 'missing',
    headers: headerLines(request).map(hide),
    body: hide(text).slice(0, SHOWN_BODY),
    body_bytes: bytes,
  }
}

function masked(shown: string, secret: string, name: string): string {
  return secret === '' ? shown : shown.replaceAll(secret, `<${name}: ${secret.length} characters>`)
}

/** `Name: value`, in the order and spelling in which they came, repeated ones too. */
function headerLines({ rawHeaders }: IncomingMessage): string[] {
  return rawHeaders.flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${rawHeaders[i + 1]}`] : []))
}

async function bodyOf(request: IncomingMessage): Promise<{ text: string; bytes: number }> {
  const kept: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    // A little more than is shown, so that no key is cut in two before it is hidden.
    if (bytes < SHOWN_BODY + 1024) kept.push(chunk)
    bytes += chunk.length
  }
  return { text: Buffer.concat(kept).toString(), bytes }
}

/** Five server-sent events, 300 ms apart. */
async function sendEvents(response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
  for (let n = 1; n <= 5 && !response.destroyed; n += 1) {
    response.write(`id: ${n}\ndata: {"n":${n}}\n\n`)
    await delay(300)
  }
  response.end()
}

async function sendBytes(response: ServerResponse, total: number): Promise<void> {
  const type = 'application/octet-stream'
  response.writeHead(200, { 'content-type': type, 'content-length': total })
  await pipeline(Readable.from(chunksOf(total)), response)
}

function* chunksOf(total: number): Generator<Buffer> {
  for (let left = total; left > 0; left -= CHUNK.length) yield CHUNK.subarray(0, left)
}
