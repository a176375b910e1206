import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'

import { describe, expect, it } from 'vitest'

import { SECRETS, sentinelsIn } from '../fixtures/secrets.ts'
import { outpost } from './outpost.ts'
import { head, KEY, values, Wire } from './wire.ts'
import type { Answer } from './wire.ts'

const at = outpost()
let made = 0

/** What comes back of one call while a raw socket stands for the upstream. */
async function answered(
  act: (socket: Socket) => unknown,
  { provider = 'bearer', method = 'GET', limitMs = 8000 } = {},
): Promise<Answer | null> {
  const name = `hostile-${(made += 1)}`
  const wire = new Wire(at.port)
  wire.send(
    head(`${method} /held/${name} HTTP/1.1`, 'Host: h.test', KEY, `X-Provider: ${provider}`),
  )
  const response = await at.upstream.held(name)
  const { socket } = response
  if (!socket) throw new Error('the upstream has no socket')
  socket.on('error', () => {})
  const acting = Promise.resolve(act(socket)).catch(() => {})
  const answer = await wire.answer(method, limitMs)
  wire.close()
  socket.destroy()
  await acting
  expect(sentinelsIn(`${JSON.stringify(answer)}${answer?.body.toString('latin1')}`)).toEqual([])
  return answer
}

/** Writes bytes, given as Latin-1 text, and ends. */
const saying = (text: string) => (socket: Socket) => socket.end(Buffer.from(text, 'latin1'))
const ok = (...lines: string[]) => `${['HTTP/1.1 200 OK', ...lines].join('\r\n')}\r\n\r\n`

function expectOurs(answer: Answer | null, status: number, code: string): void {
  expect([answer?.status, answer && values(answer, 'x-proxy-error')]).toEqual([status, [code]])
  expect(JSON.parse(answer?.body.toString() ?? '')).toMatchObject({ error: { code } })
}

describe('an answer that is none is a 502 of ours', () => {
  it.each([
    ['status 000', 'HTTP/1.1 000 x\r\ncontent-length: 0\r\n\r\n'],
    ['status 099', 'HTTP/1.1 099 x\r\ncontent-length: 0\r\n\r\n'],
    ['two digits', 'HTTP/1.1 20 x\r\ncontent-length: 0\r\n\r\n'],
    ['four digits', 'HTTP/1.1 2000 x\r\ncontent-length: 0\r\n\r\n'],
    ['a sign', 'HTTP/1.1 -200 x\r\ncontent-length: 0\r\n\r\n'],
    ['101 without an upgrade', 'HTTP/1.1 101 x\r\n\r\n'],
    ['101 to a web socket', 'HTTP/1.1 101 x\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n'],
    ['HTTP/0.9', 'hello'],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['HTTP/3.0', 'HTTP/3.0 200 OK\r\n\r\n'],
    ['another protocol', 'ICY 200 OK\r\n\r\n'],
    ['TLS', '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003'],
    ['nothing', ''],
    ['two line ends', '\r\n\r\n'],
    ['a NUL in the reason', 'HTTP/1.1 200 a\u0000b\r\ncontent-length: 0\r\n\r\n'],
    ['a CR in the reason', 'HTTP/1.1 200 a\rx-proxy-error: forged\r\ncontent-length: 0\r\n\r\n'],
    ['ESC in the reason', 'HTTP/1.1 200 a\u001b[2J\r\ncontent-length: 0\r\n\r\n'],
    ['two lengths that differ', `${ok('content-length: 2', 'content-length: 3')}okk`],
    ['a negative length', `${ok('content-length: -2')}ok`],
    ['a length with a sign', `${ok('content-length: +2')}ok`],
    ['a length of 20 digits', `${ok('content-length: 99999999999999999999')}ok`],
    ['obs-fold', ok('x-a: 1', ' x-proxy-error: forged', 'content-length: 0')],
    ['a NUL in a value', ok('x-a: a\u0000b', 'content-length: 0')],
    ['a CR in a value', ok('x-a: a\rx-proxy-error: forged', 'content-length: 0')],
    ['a space in a name', ok('x a: b', 'content-length: 0')],
    ['a space behind a name', ok('x-proxy-error : forged', 'content-length: 0')],
    ['no name', ok(': b', 'content-length: 0')],
    ['no colon', ok('x-a', 'content-length: 0')],
    ['a megabyte of a header', ok(`x-a: ${'a'.repeat(5 << 20)}`, 'content-length: 0')],
    [
      '100 000 headers',
      ok(...Array.from({ length: 100_000 }, (_, n) => `x-${n}: ${'y'.repeat(40)}`)),
    ],
  ])('%s', async (_title, text) => {
    expectOurs(await answered(saying(text)), 502, 'PROXY_UPSTREAM_ERROR')
  })
})

describe('an answer with one reading is handed on in that one', () => {
  const two = `${ok('content-length: 2')}ok`

  it.each<[string, string]>([
    ['interim answers', `HTTP/1.1 100 C\r\n\r\nHTTP/1.1 103 E\r\nlink: </x>\r\n\r\n${two}`],
    ['a hundred interim answers', `${'HTTP/1.1 102 P\r\n\r\n'.repeat(100)}${two}`],
    ['the same length twice', `${ok('content-length: 2', 'content-length: 2')}ok`],
    [
      'length and chunks',
      `${ok('content-length: 9', 'transfer-encoding: chunked')}2\r\nok\r\n0\r\n\r\n`,
    ],
    ['chunk extensions', `${ok('transfer-encoding: chunked')}2;x="\\r"\r\nok\r\n0;y\r\n\r\n`],
    [
      'trailers',
      `${ok('transfer-encoding: chunked')}2\r\nok\r\n0\r\nx-proxy-error: X\r\nset-cookie: a=b\r\n\r\n`,
    ],
    ['bare line feeds', 'HTTP/1.1 200 OK\nx-proxy-error: forged\ncontent-length: 2\n\nok'],
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\n\r\nok'],
    ['a second answer behind it', `${two}HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil`],
    ['names of prototypes', `${ok('__proto__: x', 'constructor: x', 'content-length: 2')}ok`],
    [
      'what only Outpost says',
      `${ok('X-Proxy-Error: X', 'X-Outpost-X: y', 'content-length: 2')}ok`,
    ],
    ['a cookie', `${ok('Set-Cookie: a=b', 'Set-Cookie2: c', 'content-length: 2')}ok`],
    [
      '5000 cookies',
      `${ok(...Array.from({ length: 5000 }, (_, n) => `set-cookie: c${n}=1`), 'content-length: 2')}ok`,
    ],
    ['bytes that are no UTF-8', `${ok('x-a: \u00ff\u0080', 'content-length: 2')}ok`],
    ['what steers a connection', `${ok('connection: x-a, date', 'x-a: 1', 'content-length: 2')}ok`],
  ])('%s', async (_title, text) => {
    const answer = await answered(saying(text))
    expect([answer?.status, answer?.body.toString(), answer?.complete]).toEqual([200, 'ok', true])
    const names = answer?.headers.map(([name]) => name) ?? []
    for (const name of ['x-proxy-error', 'x-outpost-x', 'set-cookie', 'set-cookie2', 'link']) {
      expect(names).not.toContain(name)
    }
    expect(names.filter((name) => name === 'x-outpost-request-id')).toHaveLength(1)
  })

  it.each([204, 304])('a body behind %i is no answer to the next call', async (status) => {
    const text = `HTTP/1.1 ${status} x\r\ncontent-length: 35\r\n\r\nHTTP/1.1 200 OK\r\nx-evil: 1\r\n\r\nevil`
    const first = await answered(saying(text))
    expect([first?.status, first?.body.length]).toEqual([status, 0])
    const next = await answered(saying(two))
    expect([next?.body.toString(), next && values(next, 'x-evil')]).toEqual(['ok', []])
  })
})

describe('a body that is none never looks whole', () => {
  it.each<[string, string]>([
    ['a chunk without a size', `${ok('transfer-encoding: chunked')}zz\r\nok\r\n0\r\n\r\n`],
    ['a size that overflows', `${ok('transfer-encoding: chunked')}${'f'.repeat(17)}\r\nok\r\n`],
    ['a size of 2^63', `${ok('transfer-encoding: chunked')}8000000000000000\r\nok\r\n0\r\n\r\n`],
    ['a negative size', `${ok('transfer-encoding: chunked')}-2\r\nok\r\n0\r\n\r\n`],
    ['a chunk that is longer', `${ok('transfer-encoding: chunked')}2\r\nokk\r\n0\r\n\r\n`],
    ['a chunk that is cut', `${ok('transfer-encoding: chunked')}5\r\nok`],
    ['a length that is not reached', `${ok('content-length: 100')}ok`],
    ['a length of 2^53', `${ok('content-length: 9007199254740993')}ok`],
  ])('%s', async (_title, text) => {
    const answer = await answered(saying(text))
    if (answer?.status === 502) expectOurs(answer, 502, 'PROXY_UPSTREAM_ERROR')
    else expect([answer?.status, answer?.complete]).toEqual([200, false])
  })

  it('reset in the middle', async () => {
    const answer = await answered(async (socket) => {
      socket.write(`${ok('content-length: 100')}ok`)
      await delay(50)
      socket.resetAndDestroy()
    })
    if (answer?.status === 502) expectOurs(answer, 502, 'PROXY_UPSTREAM_ERROR')
    else expect([answer?.status, answer?.complete]).toEqual([200, false])
  })
})

describe('an upstream that never comes to an end', () => {
  const hasty = { provider: 'hasty' }

  async function dripping(socket: Socket, first: string, again: () => string, ms = 20) {
    socket.write(first)
    while (!socket.destroyed) {
      socket.write(again())
      // oxlint-disable-next-line no-await-in-loop -- a drop at a time
      await delay(ms)
    }
  }

  it.each<[string, string, () => string]>([
    ['headers a byte at a time', 'HTTP/1.1 200 OK\r\nx-a: ', () => 'a'],
    ['one header after the other', 'HTTP/1.1 200 OK\r\n', () => `x-${Math.random()}: 1\r\n`],
    ['interim answers', '', () => 'HTTP/1.1 102 Processing\r\n\r\n'],
    ['line ends', '', () => '\r\n'],
    ['nothing at all', '', () => ''],
  ])('is a 504 after its time: %s', async (_title, first, again) => {
    const start = performance.now()
    const answer = await answered((socket) => dripping(socket, first, again), hasty)
    // The parser may give it up sooner.
    if (answer?.status === 502) expectOurs(answer, 502, 'PROXY_UPSTREAM_ERROR')
    else expectOurs(answer, 504, 'PROXY_UPSTREAM_TIMEOUT')
    expect(performance.now() - start).toBeLessThan(5000)
  })
  it.each<[string, string]>([
    ['headers', 'x-a: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n'],
    ['a header', 'a'.repeat(64)],
  ])('is a 502 as soon as it is too much: %s', async (_title, part) => {
    const flood = part.repeat(2000)
    const answer = await answered(async (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nx-first: ')
      for (let n = 0; n < 200 && !socket.destroyed; n += 1) {
        // oxlint-disable-next-line no-await-in-loop -- as much as is taken
        await new Promise((resolve) => socket.write(flood, resolve))
      }
    })
    expectOurs(answer, 502, 'PROXY_UPSTREAM_ERROR')
  })

  it('does not hold up the others while a body drips', async () => {
    const name = `drip-${(made += 1)}`
    const wire = new Wire(at.port)
    wire.send(head(`GET /held/${name} HTTP/1.1`, 'Host: h.test', KEY, 'X-Provider: plain'))
    const response = await at.upstream.held(name)
    response.writeHead(200, { 'content-length': '1000' }).write('b')
    await wire.until((bytes) => bytes.includes('\r\n\r\nb'))
    const others = Array.from({ length: 20 }, () =>
      answered(saying(`${ok('content-length: 2')}ok`)),
    )
    expect((await Promise.all(others)).map((each) => each?.status)).toEqual(others.map(() => 200))
    wire.close()
    response.destroy()
  })
})

/** 4 MB, and a thousandth of that. */
const UNPACKED = 4 << 20
const BOMB = gzipSync(Buffer.alloc(UNPACKED))

describe('a body that unpacks to a thousand times its size', () => {
  const bomb = (...lines: string[]) => [
    ok('content-encoding: gzip', `content-length: ${BOMB.length}`, ...lines),
    BOMB,
  ]
  const sent = (socket: Socket, [first = '', body = '']: (string | Buffer)[]) => {
    socket.write(first)
    socket.end(body)
  }

  it.each(['plain', 'cached', 'bearer'])(
    'is as long as it says, packed or not: %s',
    async (provider) => {
      const parts = bomb('content-type: application/json')
      const start = performance.now()
      const answer = await answered((socket) => sent(socket, parts), { provider })
      const [coding] = values(answer ?? { headers: [] }, 'content-encoding')
      const length = coding === 'gzip' ? BOMB.length : UNPACKED
      expect([answer?.status, answer?.complete, answer?.body.length]).toEqual([200, true, length])
      expect(performance.now() - start).toBeLessThan(5000)
    },
  )

  it('is read in its beginning where an envelope repeats it', async () => {
    const [first, body] = bomb()
    const limited = String(first).replace('200 OK', '429 x')
    const answer = await answered((socket) => sent(socket, [limited, body ?? '']), {
      provider: 'envelope',
    })
    expectOurs(answer, 429, 'PROXY_UPSTREAM_RATE_LIMITED')
    expect(answer?.body.length).toBeLessThan(200_000)
  })
})

describe('a body of nothing but echoes', () => {
  const WHOLE = SECRETS.BEARER_TOKEN

  /** With a write for each piece of an answer: 10 s and more. */
  it.each<[string, string]>([
    ['of the credential', WHOLE],
    ['of nearly all of it', `${WHOLE.slice(0, -1)}!`],
    ['of less than is searched for', WHOLE.slice(0, 11)],
    ['of it in JSON', `{"a":"${WHOLE}"}`],
    ['of its beginning in percent-escapes', '%73%65%6e%74%69%6e%65%6c%2d'],
  ])('%s holds nobody up', async (_title, echo) => {
    const body = echo.repeat(Math.ceil((2 << 20) / echo.length))
    const start = performance.now()
    const answer = await answered(
      saying(`${ok('content-type: text/plain', `content-length: ${body.length}`)}${body}`),
    )
    expect([answer?.status, answer?.complete]).toEqual([200, true])
    expect(performance.now() - start).toBeLessThan(6000)
  })
})

describe('a Location', () => {
  const BASE = () => `http://127.0.0.1:${at.upstream.port}/base`

  it.each<[string, () => string, () => string]>([
    ['another host without a scheme', () => '//evil.test/x', () => 'http://evil.test/x'],
    ['a path that would be one', () => '/base//evil.test', () => `${BASE()}//evil.test`],
    ['the same with a backslash', () => '/base/\\evil.test', () => `${BASE()}//evil.test`],
    ['the same with a tab', () => '/base/\t/evil.test', () => `${BASE()}//evil.test`],
    ['an endpoint of ours', () => '/base/_outpost/status', () => `${BASE()}/_outpost/status`],
    ['the same behind dots', () => '/base/x/../_outpost/a', () => `${BASE()}/_outpost/a`],
    ['user info', () => 'http://u:p@evil.test/', () => 'http://evil.test/'],
    ['a script', () => 'javascript:alert(1)', () => 'javascript:alert(1)'],
    ['no URL', () => 'http://[', () => 'http://['],
    ['two of them', () => '/base/a\r\nlocation: //evil.test', () => '/a,%20//evil.test'],
    ['out of the base', () => '/base/../x', () => `${BASE().replace('/base', '')}/x`],
  ])('of %s', async (_title, location, expected) => {
    const text = `HTTP/1.1 302 x\r\nlocation: ${location()}\r\ncontent-length: 0\r\n\r\n`
    const answer = await answered(saying(text))
    expect([answer?.status, answer && values(answer, 'location')]).toEqual([302, [expected()]])
  })
})
