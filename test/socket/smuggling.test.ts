import { describe, expect, it } from 'vitest'

import { SECRETS } from '../fixtures/secrets.ts'
import type { Received } from '../received.ts'
import { outpost } from './outpost.ts'
import { ask, head, KEY, values, Wire } from './wire.ts'
import type { Answer } from './wire.ts'

const at = outpost()

const HOST = 'Host: proxy.test'
const BEARER = 'X-Provider: bearer'
const TRUE_CREDENTIAL = [`Bearer ${SECRETS.BEARER_TOKEN}`]

interface Exchange {
  readonly answer: Answer | null
  readonly seen: readonly Received[]
}

async function exchange(request: string, method = 'GET'): Promise<Exchange> {
  const before = at.upstream.all.length
  const answer = await ask(at.port, request, method)
  return { answer, seen: at.upstream.all.slice(before) }
}

function codeOf({ answer }: Exchange): string | undefined {
  return answer ? values(answer, 'x-proxy-error')[0] : undefined
}

/** Refused in the envelope, and the upstream saw nothing. */
function expectRefused(found: Exchange, status: number, code: string): void {
  expect([found.answer?.status, codeOf(found), found.seen]).toEqual([status, code, []])
  expect(JSON.parse(found.answer?.body.toString() ?? '')).toMatchObject({
    status: 'FAILURE',
    error: { code },
  })
}

/** Nothing that an agent sent as a credential arrived, and the injected one did, once. */
function expectInjected({ answer, seen }: Exchange): Received {
  expect(answer?.status).toBe(200)
  expect(seen).toHaveLength(1)
  const [received] = seen
  if (!received) throw new Error('the upstream saw nothing')
  expect(values(received, 'authorization')).toEqual(TRUE_CREDENTIAL)
  expect(JSON.stringify(received)).not.toContain('dummy')
  expect(JSON.stringify(received)).not.toContain(SECRETS.AGENT_KEY)
  return received
}

describe('repeated headers', () => {
  const dummy = 'Authorization: Bearer dummy'

  it.each<[string, string[]]>([
    ['Authorization beside the key', [KEY, dummy]],
    ['Authorization twice', [KEY, dummy, dummy]],
    ['Authorization in two cases', [KEY, dummy, 'aUTHORIZATION: Basic dummy']],
    ['Cookie twice', [KEY, 'Cookie: a=dummy', 'Cookie: b=dummy']],
    ['Cookie with a number', [KEY, 'Cookie2: dummy']],
    [
      'an API key in many spellings',
      [KEY, 'X-Api-Key: dummy', 'X_API_KEY: dummy', 'x.api.key: dummy'],
    ],
    ['Proxy-Authorization', [KEY, 'Proxy-Authorization: Basic dummy']],
    ['a key in odd case', [KEY.replace('X-Outpost-Auth', 'x-OUTPOST-auth')]],
    ['a key with blanks around it', [KEY.replace(': ', ':\t  ').concat('  \t')]],
  ])('%s: only ours goes', async (_title, lines) => {
    const found = await exchange(head('GET /echo HTTP/1.1', HOST, BEARER, ...lines))
    expectInjected(found)
  })

  it.each<[string, number, string, string[]]>([
    [
      'X-Outpost-Auth, right and wrong',
      401,
      'PROXY_AUTH_REQUIRED',
      [KEY, 'X-Outpost-Auth: x', BEARER],
    ],
    [
      'X-Outpost-Auth, wrong and right',
      401,
      'PROXY_AUTH_REQUIRED',
      ['X-Outpost-Auth: x', KEY, BEARER],
    ],
    ['X-Outpost-Auth, right and right', 401, 'PROXY_AUTH_REQUIRED', [KEY, KEY, BEARER]],
    [
      'X-Outpost-Auth, right and empty',
      401,
      'PROXY_AUTH_REQUIRED',
      [KEY, 'X-Outpost-Auth:', BEARER],
    ],
    ['X_Outpost_Auth', 401, 'PROXY_AUTH_REQUIRED', [KEY.replaceAll('-Auth', '_Auth'), BEARER]],
    ['X-Provider, alike', 400, 'PROXY_AMBIGUOUS_PROVIDER', [KEY, BEARER, BEARER]],
    ['X-Provider, other', 400, 'PROXY_AMBIGUOUS_PROVIDER', [KEY, BEARER, 'X-Provider: plain']],
    ['X-Provider, empty', 400, 'PROXY_AMBIGUOUS_PROVIDER', [KEY, 'X-Provider:', BEARER]],
    ['X-Broker', 400, 'PROXY_AMBIGUOUS_PROVIDER', [KEY, BEARER, 'X-Broker: plain']],
    ['X_Provider', 400, 'PROXY_UNKNOWN_PROVIDER', [KEY, 'X_Provider: bearer']],
    [
      'Authorization with the key, twice',
      401,
      'PROXY_AUTH_REQUIRED',
      [
        BEARER,
        `Authorization: Bearer ${SECRETS.AGENT_KEY}`,
        `Authorization: Bearer ${SECRETS.AGENT_KEY}`,
      ],
    ],
  ])('%s: %i %s', async (_title, status, code, lines) => {
    expectRefused(await exchange(head('GET /echo HTTP/1.1', HOST, ...lines)), status, code)
  })

  it('others stay apart, in order', async () => {
    const lines = ['X-Many: a', 'X-Many: b, c', 'x-many: d']
    const { seen } = await exchange(head('GET /echo HTTP/1.1', HOST, KEY, BEARER, ...lines))
    expect(values(seen[0] ?? { headers: [] }, 'x-many')).toEqual(['a', 'b, c', 'd'])
  })

  it('cookies that may pass are not mixed up', async () => {
    const lines = ['X-Provider: cookies', 'Cookie: a=1; b=2', 'Cookie: c=3']
    const { answer, seen } = await exchange(head('GET /echo HTTP/1.1', HOST, KEY, ...lines))
    if (answer?.status === 400) return
    const cookies = values(seen[0] ?? { headers: [] }, 'cookie')
    expect(cookies.join('; ').split(/; */)).toEqual(['a=1', 'b=2', 'c=3'])
  })
})

describe('headers that steer proxies and servers', () => {
  it.each([
    'Connection: authorization',
    'Connection: close, Authorization, X-Provider, X-Outpost-Auth',
    'Connection: X-Outpost-Auth',
    'Connection: host',
    'Connection: content-length',
    'Proxy-Connection: keep-alive',
    'Keep-Alive: 5',
    'TE: trailers',
    'Trailer: Authorization',
    'Upgrade: h2c',
    'Upgrade: websocket',
    'HTTP2-Settings: AAMAAABkAAQAAP__',
    'X-HTTP-Method-Override: DELETE',
    'X-HTTP-Method: DELETE',
    'X-Method-Override: DELETE',
    'X_HTTP_METHOD_OVERRIDE: DELETE',
    'X-Original-URL: /admin',
    'X-Rewrite-URL: /admin',
    'X-Forwarded-For: 192.0.2.1',
    'X-Forwarded-Host: evil.test',
    'X-Forwarded-Proto: https',
    'Forwarded: for=192.0.2.1',
    'X-Real-IP: 192.0.2.1',
    'Via: 1.1 x',
    'CF-Connecting-IP: 192.0.2.1',
    'CF-Worker: evil.test',
    'CF-Ray: 1',
    'CDN-Loop: x',
    'Proxy-Authenticate: x',
    'Proxy: http://evil.test',
  ])('%s does nothing', async (line) => {
    const found = await exchange(head('GET /echo HTTP/1.1', HOST, KEY, BEARER, line))
    const received = expectInjected(found)
    expect(received.method).toBe('GET')
    const allowed = ['host', 'authorization', line.startsWith('HTTP2') ? 'http2-settings' : '']
    const proxy = line.startsWith('Proxy:') ? 'proxy' : ''
    for (const [name] of received.headers) expect([...allowed, proxy]).toContain(name.toLowerCase())
  })

  it('a forged address opens nothing', async () => {
    for (const line of [
      'CF-Connecting-IP: 192.0.2.1',
      'X-Forwarded-For: 192.0.2.1',
      'X-Real-IP: 192.0.2.1',
    ]) {
      const found = await exchange(head('GET /echo HTTP/1.1', HOST, BEARER, line))
      expectRefused(found, 401, 'PROXY_AUTH_REQUIRED')
    }
  })
})

describe('framing', () => {
  const POST = ['POST /echo HTTP/1.1', HOST, KEY, BEARER]

  it.each<[string, string]>([
    ['obs-fold', head('GET /echo HTTP/1.1', HOST, KEY, 'X-A: 1', ' folded', BEARER)],
    ['obs-fold with a tab', head('GET /echo HTTP/1.1', HOST, KEY, 'X-A: 1', '\tfolded', BEARER)],
    ['NUL in a value', head('GET /echo HTTP/1.1', HOST, KEY, BEARER, 'X-A: a\u0000b')],
    ['a bare CR', head('GET /echo HTTP/1.1', HOST, KEY, BEARER, 'X-A: a\rX-B: b')],
    ['a space before the colon', head('GET /echo HTTP/1.1', HOST, KEY, BEARER, 'X-A : b')],
    ['a space in a name', head('GET /echo HTTP/1.1', HOST, KEY, BEARER, 'X A: b')],
    ['no colon', head('GET /echo HTTP/1.1', HOST, KEY, BEARER, 'X-A')],
    ['a name that is not ASCII', head('GET /echo HTTP/1.1', HOST, KEY, BEARER, 'X-\xc3\xa9: b')],
    ['two lengths', `${head(...POST, 'Content-Length: 1', 'Content-Length: 2')}ab`],
    ['a negative length', head(...POST, 'Content-Length: -1')],
    ['a length with a sign', `${head(...POST, 'Content-Length: +3')}abc`],
    ['a length in hex', `${head(...POST, 'Content-Length: 0x3')}abc`],
    ['an unknown coding', `${head(...POST, 'Transfer-Encoding: xchunked')}0\r\n\r\n`],
    ['another version', head('GET /echo HTTP/3.7', HOST, KEY, BEARER)],
    ['no version', head('GET /echo', HOST, KEY, BEARER)],
    ['garbage', '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\r\n\r\n'],
  ])('%s is refused by workerd', async (_title, request) => {
    const { answer, seen } = await exchange(request)
    expect(seen).toEqual([])
    // Some it does not even answer.
    if (answer) expect([400, 501, 505]).toContain(answer.status)
  })

  it('length and chunks at once: chunks win, and one request goes upstream', async () => {
    const body = '5\r\nhello\r\n0\r\n\r\n'
    const lines = ['Content-Length: 3', 'Transfer-Encoding: chunked']
    const found = await exchange(head(...POST, ...lines) + body, 'POST')
    if (found.answer?.status === 400) return
    expect(expectInjected(found)).toMatchObject({ text: 'hello', complete: true })
    expect(values(found.seen[0] ?? { headers: [] }, 'content-length')).toEqual([])
  })

  it('a request hidden in a body stays a body', async () => {
    const hidden = head('GET /admin/hidden HTTP/1.1', HOST)
    const found = await exchange(
      `${head(...POST, `Content-Length: ${hidden.length}`)}${hidden}`,
      'POST',
    )
    expect(expectInjected(found).text).toBe(hidden)
    const chunked = `${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`
    const other = await exchange(head(...POST, 'Transfer-Encoding: chunked') + chunked, 'POST')
    expect(expectInjected(other).text).toBe(hidden)
  })

  it.each(['plain', 'small', 'hmacbody'])(
    'a GET with a body keeps it, or is refused: %s',
    async (name) => {
      const hidden = head('GET /admin/hidden HTTP/1.1', HOST)
      const size = hidden.length.toString(16)
      const lines = ['GET /echo HTTP/1.1', HOST, KEY, `X-Provider: ${name}`]
      for (const request of [
        head(...lines, `Content-Length: ${hidden.length}`) + hidden,
        head(...lines, 'Transfer-Encoding: chunked') + `${size}\r\n${hidden}\r\n0\r\n\r\n`,
      ]) {
        const found = await exchange(request)
        if (found.answer?.status === 400) expectRefused(found, 400, 'PROXY_BAD_REQUEST')
        else expect(found.seen).toMatchObject([{ method: 'GET', text: hidden, complete: true }])
      }
    },
  )

  it('trailers are dropped', async () => {
    const trailer = '2\r\nab\r\n0\r\nAuthorization: Bearer dummy\r\nX-Provider: plain\r\n\r\n'
    const wire = new Wire(at.port)
    const before = at.upstream.all.length
    wire.send(head(...POST, 'Transfer-Encoding: chunked') + trailer)
    const answer = await wire.answer().catch(() => null)
    wire.close()
    for (const each of at.upstream.all.slice(before)) {
      expect(JSON.stringify(each)).not.toContain('dummy')
    }
    expect([200, 400, undefined, 502]).toContain(answer?.status)
  })

  it('bare line feeds are line ends, for the proxy and so for the upstream', async () => {
    const lines = [
      'GET /echo HTTP/1.1',
      HOST,
      KEY,
      BEARER,
      'X-A: b',
      'Authorization: dummy',
      '',
      '',
    ]
    const found = await exchange(lines.join('\n'))
    if (found.answer?.status === 400) return
    expect(values(expectInjected(found), 'x-a')).toEqual(['b'])
  })

  it('pipelined requests are answered in order, each for itself', async () => {
    const wire = new Wire(at.port)
    wire.send(
      head('GET /echo/1 HTTP/1.1', HOST, KEY, BEARER) +
        head('GET /admin/2 HTTP/1.1', HOST, KEY, BEARER) +
        head('GET /echo/3 HTTP/1.1', HOST, BEARER) +
        head('GET /echo/4 HTTP/1.1', HOST, KEY, 'X-Provider: plain'),
    )
    const before = at.upstream.all.length
    const statuses: (number | undefined)[] = []
    for (let n = 0; n < 4; n += 1) statuses.push((await wire.answer())?.status)
    wire.close()
    expect(statuses).toEqual([200, 403, 401, 200])
    const seen = at.upstream.all.slice(before)
    expect(seen.map(({ target }) => target)).toEqual(['/base/echo/1', '/base/echo/4'])
    expect(values(seen[1] ?? { headers: [] }, 'authorization')).toEqual([])
  })

  it('a refused upload does not spoil the connection', async () => {
    const wire = new Wire(at.port)
    const body = head('GET /admin/hidden HTTP/1.1', HOST)
    wire.send(
      head('POST /admin/x HTTP/1.1', HOST, KEY, BEARER, `Content-Length: ${body.length}`) + body,
    )
    wire.send(head('GET /echo HTTP/1.1', HOST, KEY, BEARER))
    const before = at.upstream.all.length
    expect((await wire.answer())?.status).toBe(403)
    const next = await wire.answer()
    wire.close()
    expect([200, undefined]).toContain(next?.status)
    for (const { target } of at.upstream.all.slice(before)) expect(target).toBe('/base/echo')
  })

  it('HTTP/1.0 works', async () => {
    const { answer, seen } = await exchange(head('GET /echo HTTP/1.0', HOST, KEY, BEARER))
    expect(answer?.status).toBe(200)
    expect(values(seen[0] ?? { headers: [] }, 'authorization')).toEqual(TRUE_CREDENTIAL)
  })

  it('a head that is too large is refused by workerd, many headers are not', async () => {
    const large = await exchange(
      head('GET /echo HTTP/1.1', HOST, KEY, BEARER, `X-A: ${'a'.repeat(2 << 20)}`),
    )
    expect(large.seen).toEqual([])
    expect([431, undefined]).toContain(large.answer?.status)
    const many = Array.from({ length: 1000 }, (_, n) => `X-Many-${n}: ${n}`)
    const found = await exchange(head('GET /echo HTTP/1.1', HOST, KEY, BEARER, ...many))
    expect(expectInjected(found).headers.length).toBeGreaterThan(1000)
  })
})

describe('methods', () => {
  it('TRACE is 405', async () => {
    const found = await exchange(head('TRACE /echo HTTP/1.1', HOST, KEY, BEARER))
    expectRefused(found, 405, 'PROXY_METHOD_DENIED')
  })

  it.each(['TRACK', 'FOO', 'get', 'GETT', 'M-SEARCH'])(
    '%s is unknown to workerd',
    async (method) => {
      const { answer, seen } = await exchange(head(`${method} /echo HTTP/1.1`, HOST, KEY, BEARER))
      expect([answer?.status, seen]).toEqual([501, []])
    },
  )

  /** A 500 of workerd's, which never asks the worker; with a `connect()` handler it would be a 200. */
  it.each(['/echo', 'other.test:443', '127.0.0.1:1'])('CONNECT %s is refused', async (target) => {
    const { answer, seen } = await exchange(head(`CONNECT ${target} HTTP/1.1`, HOST, KEY, BEARER))
    expect([answer?.status, seen]).toEqual([500, []])
  })
})
