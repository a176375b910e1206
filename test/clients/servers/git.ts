import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'

/** What reached the server. */
export interface GitRequest {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
}

export interface GitServer {
  readonly requests: GitRequest[]
  readonly close: () => Promise<void>
}

/**
 * Git's own server, `git http-backend` (https://git-scm.com/docs/git-http-backend), for the repositories
 * in a folder. It lets nobody in without this very user and password.
 */
export async function gitServer(
  folder: string,
  port: number,
  credential: string,
): Promise<GitServer> {
  const wanted = `Basic ${Buffer.from(credential).toString('base64')}`
  const requests: GitRequest[] = []
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request
    requests.push({ method, url, headers })
    if (headers.authorization === wanted) return backend(folder, request, response)
    request.resume()
    response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' })
    return response.end('who are you?')
  })
  await new Promise<void>((done) => {
    server.listen(port, '127.0.0.1', done)
  })
  return {
    requests,
    close: () =>
      new Promise((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}

/** CGI: RFC 3875. */
function backend(folder: string, request: IncomingMessage, response: ServerResponse): void {
  const { pathname, search } = new URL(request.url ?? '', 'http://git.test')
  const said = (name: string) => String(request.headers[name] ?? '')
  const child = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: '1',
      REMOTE_USER: 'somebody',
      REQUEST_METHOD: request.method ?? '',
      PATH_INFO: decodeURIComponent(pathname),
      QUERY_STRING: search.slice(1),
      CONTENT_TYPE: said('content-type'),
      HTTP_CONTENT_ENCODING: said('content-encoding'),
      GIT_PROTOCOL: said('git-protocol'),
      ...(said('content-length') !== '' && { CONTENT_LENGTH: said('content-length') }),
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  // It closes its input when it has had enough.
  child.stdin.on('error', () => {})
  request.pipe(child.stdin)
  response.on('close', () => child.kill())
  answer(child.stdout, response)
}

function answer(output: NodeJS.ReadableStream, response: ServerResponse): void {
  let head: Buffer = Buffer.alloc(0)
  const begin = (chunk: Buffer): void => {
    head = Buffer.concat([head, chunk])
    const end = head.indexOf('\r\n\r\n')
    if (end < 0) return
    output.removeListener('data', begin)
    const lines = head.subarray(0, end).toString().split('\r\n')
    const fields: readonly (readonly string[])[] = lines.map((line) => line.split(/: */, 2))
    const status = fields.find(([name]) => name === 'Status')?.[1] ?? '200'
    response.statusCode = Number.parseInt(status, 10)
    for (const [name, value] of fields) {
      if (name !== undefined && name !== 'Status') response.setHeader(name, value ?? '')
    }
    response.write(head.subarray(end + 4))
    output.pipe(response)
  }
  output.on('data', begin)
  output.on('end', () => response.end())
}
