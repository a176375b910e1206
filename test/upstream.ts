import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'

import type { Received } from './received.ts'
import { ENCODERS, raw as bytesOf } from './scrub/encoders.ts'

/** A real HTTP server on loopback that answers by path and remembers what it was sent. */
export interface Upstream {
  readonly port: number
  readonly url: string
  /** What came with `x-test-request-id: id` or `?as=id`, in order. */
  readonly seen: (id: string) => readonly Received[]
  /** Resolves when the exchange that `seen(id)` begins with is over, in whatever way. */
  readonly ended: (id: string) => Promise<void>
  /** Everything that came, in order, `/_seen` aside. */
  readonly all: readonly Received[]
  /** Bytes that were no HTTP request. */
  readonly unparsable: readonly string[]
  /** The open response to `/held/NAME`, to be written by the test itself. */
  readonly held: (name: string) => Promise<ServerResponse>
  readonly close: () => Promise<void>
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** What follows the route in the path, without its slash. */
  readonly rest: string
  readonly query: URLSearchParams
  readonly received: Received
}

type Route = (exchange: Exchange) => void | Promise<void>

const SHOWN_BODY = 64 * 1024
/** Where the fixtures' base URLs point; it is not part of the routes below. */
const BASE = '/base'
const JSON_TYPE = { 'content-type': 'application/json' }

/** What `/encoded/…` compresses. */
export const PLAIN_TEXT = 'all work and no play makes a proxy dull. '.repeat(200)

/** The bodies of `/encoded/NAME`, exactly as they are sent. */
export const ENCODED: Readonly<Record<string, { readonly coding: string; readonly body: Buffer }>> =
  {
    gzip: { coding: 'gzip', body: gzipSync(PLAIN_TEXT) },
    br: { coding: 'br', body: brotliCompressSync(PLAIN_TEXT) },
    zstd: { coding: 'zstd', body: zstdCompressSync(PLAIN_TEXT) },
    'broken-gzip': { coding: 'gzip', body: Buffer.from('this is not gzip at all') },
    'cut-gzip': { coding: 'gzip', body: gzipSync(PLAIN_TEXT).subarray(0, 40) },
    'broken-br': { coding: 'br', body: Buffer.from([255, 254, 253, 252, 251, 250]) },
    unknown: { coding: 'rot13', body: Buffer.from('nyy jbex') },
  }

const CODINGS: Readonly<Record<string, (body: Buffer) => Buffer>> = {
  gzip: (body) => gzipSync(body),
  'x-gzip': (body) => gzipSync(body),
  deflate: (body) => deflateSync(body),
  br: (body) => brotliCompressSync(body),
  zstd: (body) => zstdCompressSync(body),
}

/** Puts what a request had for a credential, in a form, and its signature into a text. */
function repeating(received: Received, form: string): (text: string) => string {
  const credential = (ENCODERS[form] ?? String)(credentialOf(received))
  const signature = /signature=(\w+)/.exec(received.target)?.[1] ?? ''
  return (text) => text.replaceAll('@', credential).replaceAll('§', signature)
}

/** What a request had for a credential: the last word of its header. */
function credentialOf({ headers }: Received): string {
  const [, value = ''] =
    headers.find(([name]) => /^(?:authorization|x-api-key|x-mbx-apikey)$/i.test(name)) ?? []
  return value.split(' ').at(-1) ?? ''
}

const GATHERED = (request: IncomingMessage): Promise<unknown> =>
  request.complete ? Promise.resolve() : once(request, 'end').catch(() => {})

function json(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, JSON_TYPE).end(JSON.stringify(value))
}

/** Writes bytes that node:http would not, and ends the connection. */
function raw({ socket }: IncomingMessage, ...lines: string[]): void {
  socket.end(Buffer.from(lines.join('\r\n'), 'latin1'))
}

const ROUTES: Readonly<Record<string, Route>> = {
  /** Nothing of headers or query is repeated: `mirror` does that. */
  echo: async ({ request, response, received }) => {
    await GATHERED(request)
    const { method, bytes, sha256 } = received
    json(response, { method, bytes, sha256, path: received.target.split('?', 1)[0] })
  },
  /** 401 unless the `authorization` that came has this SHA-256, in hex. */
  only: ({ request, response, rest }) => {
    const sent = createHash('sha256')
      .update(request.headers.authorization ?? '')
      .digest('hex')
    json(response, { accepted: sent === rest }, sent === rest ? 200 : 401)
  },
  status: ({ response, rest }) => {
    response.writeHead(Number(rest), 'Some Reason', { 'x-from': 'upstream', etag: '"one"' })
    response.end([204, 205, 304].includes(Number(rest)) ? undefined : 'a body')
  },
  /** `hex` of the query is the whole answer, and the end of the connection. */
  raw: ({ request, query }) => {
    request.socket.end(Buffer.from(query.get('hex') ?? '', 'hex'))
  },
  bomb: ({ request, rest }) => {
    raw(
      request,
      'HTTP/1.1 200 OK',
      `x-big: ${'b'.repeat(Number(rest))}`,
      'content-length: 2',
      '',
      'ok',
    )
  },
  swarm: ({ request, rest }) => {
    const lines = Array.from({ length: Number(rest) }, (_, n) => `x-many-${n}: ${n}`)
    raw(request, 'HTTP/1.1 200 OK', ...lines, 'content-length: 2', '', 'ok')
  },
  /** `line` of the query becomes a header line. */
  with: ({ response, query }) => {
    const status = Number(query.get('status') ?? 200)
    const lines = query.getAll('line').flatMap((line) => {
      const [name = '', ...value] = line.split(': ')
      return [name, value.join(': ')]
    })
    response.writeHead(status, lines).end('ok')
  },
  encoded: ({ response, rest }) => {
    const { coding, body } = ENCODED[rest] ?? { coding: '', body: Buffer.alloc(0) }
    response.writeHead(200, { 'content-encoding': coding, 'content-length': body.length }).end(body)
  },
  /**
   * Repeats the credential, in the form that `as` names, where the text `say` has its `@`, and the
   * signature of the query where it has `§`. `type`,
   * `coding`, `status`, `reason` and `line` are of the answer; `pad` puts so many letters before it, `declared` gives it a length, and `pieces` cuts it
   * into chunks of so many bytes.
   */
  mirror: async ({ response, query, received }) => {
    const of = (name: string, otherwise: string) => query.get(name) ?? otherwise
    const said = repeating(received, of('as', 'plain'))
    const coding = of('coding', '')
    const whole = 'x'.repeat(Number(of('pad', '0'))) + said(of('say', '{"you":"sent @"}'))
    const text = Buffer.from(bytesOf(whole))
    const body = CODINGS[coding.trim().toLowerCase()]?.(text) ?? text
    const lines = query.getAll('line').flatMap((line) => said(line).split(/: (.*)/, 2))
    response.writeHead(Number(of('status', '200')), said(of('reason', 'OK')), [
      ...(query.has('type') ? ['content-type', of('type', '')] : []),
      ...(coding === '' ? [] : ['content-encoding', coding]),
      ...(query.has('declared') ? ['content-length', String(body.length)] : []),
      ...lines,
    ])
    const size = Number(of('pieces', String(body.length))) || 1
    for (let at = 0; at < body.length; at += size) {
      response.write(body.subarray(at, at + size))
      if (query.has('pieces')) await delay(2)
    }
    response.end()
  },
  range: ({ request, response }) => {
    const [, from = '0', to = '0'] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
    const part = PLAIN_TEXT.slice(Number(from), Number(to) + 1)
    const range = `bytes ${from}-${to}/${PLAIN_TEXT.length}`
    response.writeHead(206, { 'content-range': range, 'content-length': part.length }).end(part)
  },
  sized: ({ response, rest }) => {
    const body = Buffer.alloc(Number(rest), 'sized')
    response.writeHead(200, { 'content-length': body.length }).end(body)
  },
  chunked: async ({ response, rest }) => {
    response.writeHead(200, { 'transfer-encoding': 'chunked' })
    for (let n = 0; n < Number(rest); n += 1) response.write(`chunk ${n}\n`)
    response.end()
  },
  /** Events 40 ms apart. */
  events: async ({ response, rest }) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (let n = 1; n <= Number(rest) && !response.destroyed; n += 1) {
      response.write(`data: ${n}\n\n`)
      await delay(40)
    }
    response.end()
  },
  slow: async ({ request, response, rest, received }) => {
    await GATHERED(request)
    await delay(Number(rest))
    json(response, { bytes: received.bytes })
  },
  never: () => {},
  /** Headers, and then nothing more. */
  stalled: ({ response }) => {
    response.writeHead(200, { 'content-length': 10 }).write('begun')
  },
  early: ({ response }) => json(response, { early: true }, 400),
  'reset-before': ({ request }) => void request.socket.resetAndDestroy(),
  'close-before': ({ request }) => void request.socket.end(),
  'reset-mid': async ({ request, response }) => {
    response.writeHead(200, { 'content-length': 10_000 }).write('begun')
    // Later than what is looked at before the headers leave.
    await delay(700)
    request.socket.resetAndDestroy()
  },
  'reset-chunked': async ({ request, response }) => {
    response.writeHead(200).write('begun')
    await delay(60)
    request.socket.resetAndDestroy()
  },
  truncated: ({ request }) => raw(request, 'HTTP/1.1 200 OK', 'content-length: 1000', '', 'begun'),
  'truncated-chunked': ({ request }) =>
    raw(request, 'HTTP/1.1 200 OK', 'transfer-encoding: chunked', '', '5', 'begun', ''),
  redirect: ({ response, query }) => {
    response.writeHead(Number(query.get('status') ?? 302), { location: query.get('to') ?? '' })
    response.end('moved')
  },
  /** As many do: to another path with the query that came in, the credential with it. */
  'redirect-repeat': ({ request, response, received }) => {
    const search = received.target.slice(received.target.indexOf('?'))
    const origin = `http://127.0.0.1:${request.socket.localPort}`
    response.writeHead(302, { location: `${origin}${BASE}/next${search}` }).end()
  },
  limited: ({ response, query }) => {
    const after = query.get('after')
    response.writeHead(429, { ...JSON_TYPE, ...(after !== null && { 'retry-after': after }) })
    response.end('{"error":"slow down"}')
  },
}

/** Starts one on 127.0.0.1; port 0 is any free one. */
export async function startUpstream(port = 0): Promise<Upstream> {
  const byId = new Map<string, Received[]>()
  const all: Received[] = []
  const unparsable: string[] = []
  const holding = new Map<string, PromiseWithResolvers<ServerResponse>>()
  const endings = new Map<string, PromiseWithResolvers<void>>()
  const ending = (id: string): PromiseWithResolvers<void> => {
    const known = endings.get(id) ?? Promise.withResolvers<void>()
    endings.set(id, known)
    return known
  }
  const holder = (name: string): PromiseWithResolvers<ServerResponse> => {
    const known = holding.get(name) ?? Promise.withResolvers<ServerResponse>()
    holding.set(name, known)
    return known
  }

  const server = createServer({ maxHeaderSize: 4 << 20, keepAliveTimeout: 600_000 })
  server.requestTimeout = 0
  server.headersTimeout = 0
  server.maxRequestsPerSocket = 0
  server.maxHeadersCount = 0
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    // Whoever started this decides how long the process lives.
    socket.unref()
    socket.on('close', () => sockets.delete(socket)).on('error', () => {})
  })
  server.on('clientError', ({ rawPacket }: Error & { rawPacket?: Buffer }, socket) => {
    if (rawPacket) unparsable.push(rawPacket.toString('latin1'))
    socket.destroy()
  })
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const target = request.url ?? ''
    const [path, search] = split(target, '?')
    if (path.startsWith('/_seen/')) return json(response, byId.get(path.slice(7)) ?? [])
    const received = record(request, target)
    all.push(received)
    // `as` is for a caller that sends no headers of its own: the webhook.
    const id = request.headers['x-test-request-id'] ?? new URLSearchParams(search).get('as')
    if (typeof id === 'string') {
      byId.set(id, [...(byId.get(id) ?? []), received])
      response.on('close', () => ending(id).resolve())
    }

    const [name, rest] = split(path.replace(BASE, '').slice(1), '/')
    if (name === 'held') return holder(rest).resolve(response)
    const route = (Object.hasOwn(ROUTES, name) && ROUTES[name]) || ROUTES['echo']
    const query = new URLSearchParams(search)
    void attempt(response, () => route?.({ request, response, rest, query, received }))
  }
  server.on('request', answer)
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    response.writeContinue()
    answer(request, response)
  })
  server.listen(port, '127.0.0.1').unref()
  await once(server, 'listening')
  const bound = (server.address() as AddressInfo).port
  return {
    port: bound,
    url: `http://127.0.0.1:${bound}`,
    seen: (id) => byId.get(id) ?? [],
    ended: (id) => ending(id).promise,
    all,
    unparsable,
    held: (name) => holder(name).promise,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

function record(request: IncomingMessage, target: string): Received {
  const hash = createHash('sha256')
  const { rawHeaders } = request
  const received: Received = {
    method: request.method ?? '',
    target,
    headers: rawHeaders.flatMap((name, i) =>
      i % 2 ? [] : [[name, rawHeaders[i + 1] ?? ''] as const],
    ),
    bytes: 0,
    sha256: '',
    text: '',
    complete: false,
  }
  request.on('data', (chunk: Buffer) => {
    hash.update(chunk)
    received.bytes += chunk.length
    if (received.text.length < SHOWN_BODY) received.text += chunk.toString('latin1')
  })
  request.on('end', () => {
    received.sha256 = hash.digest('hex')
    received.complete = true
  })
  request.on('error', () => {})
  return received
}

/** A path that makes no sense to its route is answered too. */
async function attempt(response: ServerResponse, run: () => void | Promise<void>): Promise<void> {
  try {
    await run()
  } catch {
    if (!response.headersSent) response.writeHead(500)
    response.end()
  }
}

function split(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}
