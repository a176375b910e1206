import { createHash, randomBytes } from 'node:crypto'
import { createServer, request as send } from 'node:http'
import type { ClientRequest, IncomingHttpHeaders, Server } from 'node:http'

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'

import { clientsOutpost } from './outpost.ts'

const GIT_BYTES_TOKEN = 'sentinel-git-bytes-c2a4'
const at = clientsOutpost({ GIT_BYTES_TOKEN })

interface Received {
  readonly headers: IncomingHttpHeaders
  readonly size: number
  readonly digest: string
}

const received: Received[] = []
let begun = 0
let server: Server | undefined
let token = ''

beforeAll(async () => {
  server = createServer((request, response) => {
    begun += 1
    const hash = createHash('sha256')
    let size = 0
    request.on('data', (chunk: Buffer) => {
      hash.update(chunk)
      size += chunk.length
    })
    request.on('end', () => {
      received.push({ headers: request.headers, size, digest: hash.digest('hex') })
      response.end('ok')
    })
  })
  server.listen(at.port('git-bytes'), '127.0.0.1')
  token = await at.grant('git-bytes')
})

beforeEach(() => {
  received.length = 0
  begun = 0
})

afterAll(() => server?.close())

function pkt(text: string): string {
  return (text.length + 4).toString(16).padStart(4, '0') + text
}

function pushOf(ref: string, pack: Buffer): Buffer {
  const command = `${'1'.repeat(40)} ${'2'.repeat(40)} ${ref}\0 report-status agent=git/2.39.5`
  return Buffer.concat([Buffer.from(`${pkt(command)}0000`), pack])
}

interface Answered {
  readonly status: number
  readonly error: string | undefined
}

function push(headers: Readonly<Record<string, string>>, write: (to: ClientRequest) => void) {
  return new Promise<Answered>((done, fail) => {
    const asking = send(
      `${at.url}/p/git-bytes/o/r.git/git-receive-pack`,
      {
        method: 'POST',
        headers: {
          authorization: `Basic ${btoa(`agent:${token}`)}`,
          'content-type': 'application/x-git-receive-pack-request',
          ...headers,
        },
      },
      (response) => {
        response.resume()
        const { statusCode = 0 } = response
        done({ status: statusCode, error: response.headers['x-proxy-error'] as string | undefined })
      },
    )
    asking.on('error', fail)
    write(asking)
  })
}

/** Writes a body in pieces, each in a segment of its own as far as that can be had. */
async function inPieces(to: ClientRequest, body: Buffer, pieces: readonly number[]): Promise<void> {
  let from = 0
  for (const size of pieces) {
    to.write(body.subarray(from, (from += size)))
    await new Promise((done) => {
      setImmediate(done)
    })
  }
  to.end(body.subarray(from))
}

function digestOf(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex')
}

const PACK = randomBytes(300_000)

describe('a push arrives byte for byte', () => {
  it.each<[string, readonly number[]]>([
    ['at once', []],
    ['its length in two', [2]],
    ['byte by byte', Array.from({ length: 170 }, () => 1)],
    ['cut within the flush', [pushOf('refs/heads/x', PACK).length - PACK.length - 2]],
    ['cut behind the flush', [pushOf('refs/heads/x', PACK).length - PACK.length]],
    ['in many', Array.from({ length: 70 }, () => 4096)],
  ])('%s, in chunks and with a length', async (_what, pieces) => {
    const body = pushOf('refs/heads/x', PACK)
    const length = { 'content-length': String(body.length) }
    for (const headers of [{ 'transfer-encoding': 'chunked' }, length]) {
      const answered = await push(headers, (to) => void inPieces(to, body, pieces))
      expect(answered).toEqual({ status: 200, error: undefined })
    }
    expect(received.map(({ digest }) => digest)).toEqual([digestOf(body), digestOf(body)])
    expect(received.map(({ headers }) => headers['content-length'])).toEqual([
      undefined,
      String(body.length),
    ])
  })

  it('when the client waits to be told to go on', async () => {
    const body = pushOf('refs/heads/x', PACK)
    const headers = { expect: '100-continue', 'content-length': String(body.length) }
    const answered = await push(headers, (to) => {
      to.flushHeaders()
      to.on('continue', () => to.end(body))
    })
    expect(answered.status).toBe(200)
    expect(received.map(({ digest }) => digest)).toEqual([digestOf(body)])
  })

  it('also the empty one that tries a password', async () => {
    expect((await push({}, (to) => to.end('0000'))).status).toBe(200)
    expect(received.map(({ size }) => size)).toEqual([4])
  })
})

describe('nothing of it arrives', () => {
  it('when a ref is denied, though the rest of the body never comes', async () => {
    const answered = await push({}, (to) => to.write(pushOf('refs/heads/main', PACK)))
    expect(answered).toEqual({ status: 403, error: 'PROXY_PATH_DENIED' })
    expect(begun).toBe(0)
  })

  it.each<[string, string, Answered]>([
    ['no list', 'PACK', { status: 400, error: 'PROXY_BAD_REQUEST' }],
    ['half a list', pkt('x').slice(0, 3), { status: 400, error: 'PROXY_BAD_REQUEST' }],
    [
      'a list without an end',
      pkt(`shallow ${'1'.repeat(40)}`).repeat(6000),
      { status: 413, error: 'PROXY_BODY_TOO_LARGE' },
    ],
    ['nothing', '', { status: 400, error: 'PROXY_BAD_REQUEST' }],
  ])('when the body is %s', async (_what, text, expected) => {
    expect(await push({}, (to) => to.end(text))).toEqual(expected)
    const length = { 'content-length': String(text.length) }
    expect(await push(length, (to) => to.end(text))).toEqual(expected)
    expect(begun).toBe(0)
  })

  it('in another coding', async () => {
    const answered = await push({ 'content-encoding': 'gzip' }, (to) => to.end('x'))
    expect(answered).toEqual({ status: 400, error: 'PROXY_BAD_REQUEST' })
    expect(begun).toBe(0)
  })
})
