import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

export interface Asked {
  readonly method: string
  /** As it stood in the request line, without the prefix of a fault. */
  readonly target: string
  /** The path taken apart at its slashes, and then each part decoded. */
  readonly parts: readonly string[]
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export interface Told {
  readonly status: number
  readonly json: unknown
  readonly headers?: Record<string, string>
}

/**
 * A backend on loopback, by a function that says what the vendor's pages say. Below `/as/FAULT` it
 * is out of order, below `/as/FAULT:login` for a login only, below `/as/FAULT:read` for the rest.
 * `/_expire` calls `expire`, `/_seen` gives the targets since the last time.
 */
export async function serve(
  tell: (asked: Asked) => Told | Promise<Told>,
  expire: () => void = () => {},
): Promise<string> {
  let seen: string[] = []
  const server = createServer((request, response) => {
    void (async () => {
      const [, fault, which, target = ''] =
        /^(?:\/as\/([a-z0-9-]+)(?::(login|read))?)?(\/.*)$/.exec(request.url ?? '') ?? []
      const body = await text(request)
      if (target === '/_expire') {
        expire()
        return json(response, { status: 200, json: {} })
      }
      if (target === '/_seen') {
        json(response, { status: 200, json: seen })
        seen = []
        return
      }
      seen.push(`${request.method} ${target}`)
      const kind = target.endsWith('/login') ? 'login' : 'read'
      const asked = askedOf(request, target, body)
      if (fault === undefined || (which !== undefined && which !== kind)) {
        return json(response, await tell(asked))
      }
      broken(fault, asked, response)
    })().catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1').unref()
  server.on('connection', (socket) => socket.unref())
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function askedOf(request: IncomingMessage, target: string, body: string): Asked {
  const [path = '', ...search] = target.split('?')
  return {
    method: request.method ?? '',
    target,
    parts: path.slice(1).split('/').map(decodeURIComponent),
    query: new URLSearchParams(search.join('?')),
    headers: request.headers,
    body,
  }
}

/** A status repeats whatever it was sent, as error pages do. */
function broken(fault: string, asked: Asked, response: ServerResponse): void {
  const { headers, body, target } = asked
  const FAULTS: Readonly<Record<string, () => void>> = {
    html: () => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>sentinel'),
    empty: () => response.writeHead(200).end(),
    'no-content': () => response.writeHead(204).end(),
    null: () => response.writeHead(200).end('null'),
    list: () => response.writeHead(200).end('["sentinel"]'),
    text: () => response.writeHead(200).end('"sentinel"'),
    redirect: () => response.writeHead(307, { location: target }).end(),
    huge: () => response.writeHead(200).end(`{"sentinel":"${'x'.repeat(2 << 20)}"}`),
    gone: () => response.destroy(),
    cut: () => {
      response.writeHead(200, { 'content-length': 1000 }).write('{"sentinel":')
      setTimeout(() => response.destroy(), 20)
    },
  }
  const known = Object.hasOwn(FAULTS, fault) ? FAULTS[fault] : undefined
  if (known) return known()
  json(response, { status: Number(fault), json: { message: 'sentinel', headers, body, target } })
}

function json(response: ServerResponse, { status, json: value, headers }: Told): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(value))
}
