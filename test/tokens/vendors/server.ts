import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** One request to a vendor's endpoint, its body read. */
export interface Asked {
  readonly method: string
  /** The address without its query: what an assertion names as its audience. */
  readonly url: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export interface Answer {
  readonly status: number
  readonly json: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** What a vendor answers; undefined for a path that is none of its own. */
export type Vendor = (asked: Asked) => Answer | undefined | Promise<Answer | undefined>

export interface VendorServer {
  readonly url: string
  readonly close: () => Promise<void>
}

/**
 * Serves vendors on loopback, the first that has an answer. Below `/slow/NAME` the same is there,
 * 200 ms later, and `/asked?path=…` says how often a path was asked.
 */
export async function serveVendors(vendors: readonly Vendor[], port = 0): Promise<VendorServer> {
  const asked = new Map<string, number>()
  const server = createServer((request, response) => {
    void answer(request).then(({ status, json, headers }) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers })
      response.end(JSON.stringify(json))
    })
  })
  server.listen(port, '127.0.0.1').unref()
  await once(server, 'listening')
  server.on('connection', (socket) => socket.unref())
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  async function answer(request: IncomingMessage): Promise<Answer> {
    const { pathname, searchParams } = new URL(request.url ?? '', origin)
    if (pathname === '/asked') {
      return { status: 200, json: asked.get(searchParams.get('path') ?? '') ?? 0 }
    }
    asked.set(pathname, (asked.get(pathname) ?? 0) + 1)
    const body = await text(request)
    const [slow = ''] = /^\/slow\/[^/]+/.exec(pathname) ?? []
    if (slow !== '') await new Promise((done) => setTimeout(done, 200))
    const { method = '', headers } = request
    const path = pathname.slice(slow.length)
    return first({ method, url: origin + pathname, path, headers, body })
  }
  async function first(call: Asked): Promise<Answer> {
    for (const vendor of vendors) {
      const said = await vendor(call)
      if (said) return said
    }
    return { status: 404, json: { message: 'Not Found' } }
  }

  return {
    url: origin,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

export function bearerOf({ headers }: Asked): string {
  return /^(?:Bearer|token) (.+)$/i.exec(headers.authorization ?? '')?.[1] ?? ''
}
