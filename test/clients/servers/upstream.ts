import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'

/** One request as the upstream had it. */
export interface Asked {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

/** Answers a request, or leaves it to the next one by saying false. */
export type Answer = (asked: Asked, response: ServerResponse) => unknown

export interface TestUpstream {
  readonly asked: readonly Asked[]
  readonly close: () => void
}

/** An upstream on loopback that notes what it is asked. What fails in `answer` is a 500. */
export async function upstream(port: number, answer: Answer): Promise<TestUpstream> {
  const asked: Asked[] = []
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = '', url = '', headers } = request
    const one = { method, url, headers, body: await buffer(request) }
    asked.push(one)
    await answer(one, response)
  }
  const server: Server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : new Error(String(error)))
    })
  })
  await new Promise<void>((done) => {
    server.listen(port, '127.0.0.1', done)
  })
  return {
    asked,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

export function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
