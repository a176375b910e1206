import { describe, expect, it } from 'vitest'

import { OPERATORS } from '../fixtures/secrets.ts'
import { outpost } from './outpost.ts'
import { ask, head, KEY, values, Wire } from './wire.ts'
import type { Answer } from './wire.ts'

const at = outpost()

const HOST = 'Host: proxy.test'
const BEARER = 'X-Provider: bearer'
const GET = ['GET /echo/first HTTP/1.1', HOST, KEY, BEARER]
const POST = ['POST /echo/first HTTP/1.1', HOST, KEY, BEARER]
const CHUNKED = 'Transfer-Encoding: chunked'
const SECOND = head('GET /echo/second HTTP/1.1', HOST, KEY, BEARER)
/** What must never be a request: it would go upstream, and be in the log. */
const HIDDEN = head('GET /echo/hidden HTTP/1.1', HOST, KEY, BEARER)

interface Told {
  /** Statuses, in order; those of the runtime's own have a `w`. */
  readonly said: readonly string[]
  /** Targets of whole requests, in order. */
  readonly seen: readonly string[]
  readonly bodies: readonly string[]
}

/** Sends bytes, and reads up to `most` answers. */
async function told(bytes: string, most: number): Promise<Told> {
  const before = at.upstream.all.length
  const wire = new Wire(at.port)
  wire.send(bytes)
  const said: string[] = []
  while (said.length < most) {
    // oxlint-disable-next-line no-await-in-loop -- in order
    const answer = await wire.answer()
    if (!answer) break
    said.push(`${answer.status}${values(answer, 'x-outpost-request-id').length > 0 ? '' : 'w'}`)
  }
  wire.close()
  const seen = at.upstream.all.slice(before).filter(({ complete }) => complete)
  return {
    said,
    seen: seen.map(({ target }) => target.replace('/base/echo/', '')),
    bodies: seen.map(({ text }) => text),
  }
}

/**
 * From "HTTP Desync Attacks" (portswigger.net/research/http-desync-attacks-request-smuggling-reborn),
 * the list of RFC 9112 §11 and of the scanners that go by it: every way in which two servers have been
 * seen to read the length of a body.
 */
describe('a request whose end is not clear is not one', () => {
  it.each<[string, string]>([
    ['HTTP/0.9', 'GET /echo/first\r\n\r\n'],
    ['HTTP/1.2', head('GET /echo/first HTTP/1.2', HOST, KEY, BEARER)],
    ['HTTP/2.0', head('GET /echo/first HTTP/2.0', HOST, KEY, BEARER)],
    ['the version in small letters', head('GET /echo/first http/1.1', HOST, KEY, BEARER)],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\u0000\u0000\u0000\u0004\u0000'],
    ['the header of a proxy', `PROXY TCP4 192.0.2.1 127.0.0.1 1 2\r\n${head(...GET)}`],
    ['two spaces', head('GET  /echo/first HTTP/1.1', HOST, KEY, BEARER)],
    ['tabs for spaces', head('GET\t/echo/first\tHTTP/1.1', HOST, KEY, BEARER)],
    ['a space in front', ` ${head(...GET)}`],
    ['a space behind', head('GET /echo/first HTTP/1.1 ', HOST, KEY, BEARER)],
    ['NUL bytes', '\u0000'.repeat(4000)],
    ['HTTP/1.0 in chunks', head('POST /echo/first HTTP/1.0', HOST, KEY, BEARER, CHUNKED)],
    ...[
      'chunked, identity',
      'identity',
      'gzip',
      'x',
      'xchunked',
      'chunkedx',
      'chunked x',
      '"chunked"',
      'chunked;q=1',
      'chunked,',
      '\u000bchunked',
      '\u000cchunked',
      'chunk\u0000ed',
      'chu\tnked',
      '[chunked]',
      'chunked\u00a0',
      '',
    ].map((coding): [string, string] => [
      `Transfer-Encoding: ${JSON.stringify(coding)}`,
      head(...POST, `Transfer-Encoding: ${coding}`),
    ]),
    ['a coding after chunked', head(...POST, CHUNKED, 'Transfer-Encoding: identity')],
    ['a space behind the name', head(...POST, 'Transfer-Encoding : chunked')],
    ['a tab behind the name', head(...POST, 'Transfer-Encoding\t: chunked')],
    ['a folded coding', head(...POST, 'Transfer-Encoding:', ' chunked')],
    ['a folded value in front', head(...POST, 'X-A: b', ' Transfer-Encoding: chunked')],
    ...['2, 2', '2,3', '2 2', '1e1', '0x2', '-0', '+2', '2;', '"2"', '2.0', '', '\u00d9\u00a2'].map(
      (length): [string, string] => [
        `Content-Length: ${JSON.stringify(length)}`,
        `${head(...POST, `Content-Length: ${length}`)}ab`,
      ],
    ),
    ['a length of 2^64 + 2', `${head(...POST, 'Content-Length: 18446744073709551618')}ab`],
    ...(
      [
        ['0x2', 'ab'],
        ['+2', 'ab'],
        ['-2', 'ab'],
        [' 2', 'ab'],
        ['1_0', 'a'.repeat(16)],
        ['', 'ab'],
        ['ffffffffffffffff2', 'ab'],
        ['10000000000000002', 'ab'],
        ['2', 'abc'],
        ['2', 'abXX'],
        [`2;${'x'.repeat(100_000)}`, 'ab'],
        ['2;\n', 'ab'],
        ['2\rX', 'ab'],
      ] as const
    ).map(([size, data]): [string, string] => [
      `a chunk of ${JSON.stringify(size.slice(0, 20))} and ${data.slice(0, 4)}`,
      `${head(...POST, CHUNKED)}${size}\r\n${data}\r\n0\r\n\r\n`,
    ]),
    ['chunks with bare line feeds', `${head(...POST, CHUNKED)}2\nab\n0\n\n`],
  ])('%s', async (_title, request) => {
    const { said, seen } = await told(request + HIDDEN, 1)
    expect(seen).toEqual([])
    if (said.length > 0) expect(['400w', '400', '501w', '505w']).toContain(said[0])
  })
})

describe('a request whose end is clear is one, and the next is the next', () => {
  const size = HIDDEN.length.toString(16)

  it.each<[string, string, string]>([
    ['a length with zeros', `${head(...POST, 'Content-Length: 00002')}ab`, 'ab'],
    ['the same length twice', `${head(...POST, 'Content-Length: 2', 'Content-Length: 2')}ab`, 'ab'],
    ['a length with an underscore', head(...POST, 'Content_Length: 9'), ''],
    ['a coding with an underscore', head(...POST, 'Transfer_Encoding: chunked'), ''],
    ['no length', head(...POST), ''],
    ['CHUNKED', `${head(...POST, 'Transfer-Encoding: CHUNKED')}2\r\nab\r\n0\r\n\r\n`, 'ab'],
    ['chunks, tabs around', `${head(...POST, 'Transfer-Encoding:\tchunked\t')}0\r\n\r\n`, ''],
    ['a size with zeros', `${head(...POST, CHUNKED)}${'0'.repeat(60)}2\r\nab\r\n0\r\n\r\n`, 'ab'],
    ['a size with a space behind', `${head(...POST, CHUNKED)}2 \r\nab\r\n0\r\n\r\n`, 'ab'],
    ['an extension', `${head(...POST, CHUNKED)}2;a=b;c\r\nab\r\n0;d\r\n\r\n`, 'ab'],
    ['a request in chunks', `${head(...POST, CHUNKED)}${size}\r\n${HIDDEN}\r\n0\r\n\r\n`, HIDDEN],
    ['a request by length', head(...POST, `Content-Length: ${HIDDEN.length}`) + HIDDEN, HIDDEN],
    ['trailers', `${head(...POST, CHUNKED)}0\r\nContent-Length: 9\r\n${KEY}\r\n\r\n`, ''],
    ['a wish for another version', head(...GET, 'Connection: Upgrade', 'Upgrade: h2c'), ''],
    [
      'a wish for a web socket',
      head(...GET, 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'),
      '',
    ],
    ['line ends in front', `\r\n\r\n${head(...GET)}`, ''],
    ['a strange Expect', `${head(...POST, 'Expect: 200-ok', 'Content-Length: 2')}ab`, 'ab'],
  ])('%s', async (_title, request, body) => {
    const { said, seen, bodies } = await told(request + SECOND, 2)
    expect([said, seen]).toEqual([
      ['200', '200'],
      ['first', 'second'],
    ])
    expect(bodies).toEqual([body, ''])
  })

  it.each<[string, string, string]>([
    ['a path that is denied', 'POST /admin/x HTTP/1.1', '403'],
    ['a path that is none', 'POST /a%00 HTTP/1.1', '400'],
    ['an endpoint of operators', 'POST /_outpost/pause HTTP/1.1', '401'],
    ['a probe', 'POST /healthz HTTP/1.1', '200'],
  ])('behind the body of %s', async (_title, line, status) => {
    const lines = [line, HOST, KEY, BEARER]
    for (const request of [
      head(...lines, `Content-Length: ${HIDDEN.length}`) + HIDDEN,
      `${head(...lines, CHUNKED)}${size}\r\n${HIDDEN}\r\n0\r\n\r\n`,
      head(...lines, 'Expect: 100-continue', `Content-Length: ${HIDDEN.length}`) + HIDDEN,
    ]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const { said, seen } = await told(request + SECOND, 2)
      expect(said).toEqual([status, '200'])
      expect(seen.filter((target) => target.endsWith('second'))).toHaveLength(1)
      expect(seen).not.toContain('hidden')
    }
  })
})

/** Whatever a server may take for `/_outpost/status`, in the ways of asking that there are. */
describe('an agent at the endpoints of operators', () => {
  const SPELLINGS = (
    '/%5foutpost/status /%5Foutpost/status //_outpost/status /_outpost%2fstatus /_outpost%2Fstatus ' +
    '/./_outpost/status /x/../_outpost/status /x/%2e%2e/_outpost/status /_outpost;x/status ' +
    '/_outpost/status;x /_OUTPOST/status /_outpost\\status /_outpost/%73tatus /_outpost//status ' +
    '/_outpost/status/ /_outpost/./status /_outpost/x/../status /_outpost /_outpost? /_outpost/ ' +
    '/_outpost/status?x /_outpost/status%00 /_outpost/status%20 /%EF%BC%BFoutpost/status ' +
    '/_outp\u00c3\u00b6st/status /_out%70ost/status /_outpost%252fstatus /p/_outpost/status ' +
    '/p/plain/_outpost/status /p/plain/../../_outpost/status /p/../_outpost/status'
  ).split(' ')
  const WAYS: readonly (readonly [string, (path: string) => string])[] = [
    ['by path', (path) => head(`GET ${path} HTTP/1.1`, HOST, KEY)],
    ['beside a provider', (path) => head(`GET ${path} HTTP/1.1`, HOST, KEY, 'X-Provider: plain')],
    ['at a host', (path) => head(`GET ${path} HTTP/1.1`, 'Host: plain.outpost.test', KEY)],
    ['absolutely', (path) => head(`GET http://_outpost${path} HTTP/1.1`, HOST, KEY)],
    [
      'with the key as a token',
      (path) =>
        head(
          `GET ${path} HTTP/1.1`,
          HOST,
          KEY,
          KEY.replace('X-Outpost-Auth:', 'Authorization: Bearer'),
        ),
    ],
    ['by HTTP/1.0', (path) => head(`GET ${path} HTTP/1.0`, HOST, KEY)],
    ['by POST', (path) => head(`POST ${path} HTTP/1.1`, HOST, KEY, 'Content-Length: 0')],
  ]

  it.each(WAYS)('%s: is an operator in none of 31 spellings', async (_title, request) => {
    expect(SPELLINGS).toHaveLength(31)
    for (const path of SPELLINGS) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const answer = await ask(at.port, request(path))
      const [code = ''] = values(answer ?? { headers: [] }, 'x-proxy-error')
      const said = `${path} ${answer?.status} ${code}`
      expect(said).toMatch(/ (?:200 $|400 |401 PROXY_AUTH_REQUIRED)/)
      // 200 is the upstream's, which says what it got.
      if (answer?.status === 200) expect(answer.body.toString()).toMatch(/^\{"method":/)
    }
  })

  it('and one who is gets the status by its one spelling alone', async () => {
    const token = `Authorization: Bearer ${OPERATORS.OUTPOST_VIEWER_TOKEN}`
    for (const path of ['/_outpost/status', '/_outpost/status?']) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const answer = await ask(at.port, head(`GET ${path} HTTP/1.1`, HOST, token))
      expect([path, answer?.status]).toEqual([path, 200])
    }
    for (const path of SPELLINGS.filter((each) => !/^\/_outpost\/status(?:\?x)?$/.test(each))) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const answer = await ask(at.port, head(`GET ${path} HTTP/1.1`, HOST, token))
      expect([path, answer?.body.toString()]).not.toEqual([
        path,
        expect.stringContaining('version'),
      ])
    }
  })
})

describe('a name', () => {
  const INHERITED = '__proto__ constructor toString hasOwnProperty valueOf __defineGetter__'.split(
    ' ',
  )
  const UNICODE = [
    '\u212aeyheader',
    'pla\u0131n',
    'ba\u017fic',
    '\uff50lain',
    'plain\u200b',
    'plain\u00a0',
    'plain\u0301',
    '\u202enialp',
    'plain\u0001',
    '"plain"',
    'plain;x',
    'plain\u00ff',
    '',
  ]
  const utf8 = (text: string) => Buffer.from(text).toString('latin1')

  it.each([...INHERITED, ...UNICODE])('%j is no provider', async (name) => {
    const asked = [
      head('GET /echo HTTP/1.1', HOST, KEY, `X-Provider: ${utf8(name)}`),
      head('GET /echo HTTP/1.1', HOST, KEY, `X-Broker: ${utf8(name)}`),
      head(`GET /p/${encodeURIComponent(name)}/echo HTTP/1.1`, HOST, KEY),
      head('GET /echo HTTP/1.1', `Host: ${utf8(name)}.outpost.test`, KEY),
    ]
    for (const request of asked) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const answer = await ask(at.port, request)
      expect([answer?.status, values(answer ?? { headers: [] }, 'x-proxy-provider')]).toEqual([
        400,
        [],
      ])
    }
  })

  it.each(INHERITED)('%s is one of a header, or a parameter, like any other', async (name) => {
    const query = `?${name}=1&${name}[a]=b&a[${name}]=c`
    const request = head(`GET /echo${query} HTTP/1.1`, HOST, KEY, BEARER, `${name}: v`)
    const answer = await ask(at.port, request)
    expect(answer?.status).toBe(200)
    const received = at.upstream.all.at(-1)
    expect(received?.target).toBe(`/base/echo${query}`)
    expect(values(received ?? { headers: [] }, name.toLowerCase())).toEqual(['v'])
    const [id = ''] = values(answer ?? { headers: [] }, 'x-outpost-request-id')
    expect((await at.logged(id)).query_keys).toEqual([name, `${name}[a]`, `a[${name}]`])
  })
})

describe('bytes that are no UTF-8', () => {
  it('make two Idempotency-Keys that look alike, and neither is one', async () => {
    for (const byte of ['\u00ff', '\u00fe']) {
      const line = `Idempotency-Key: k${byte}`
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const { said, seen } = await told(`${head(...POST, line, 'Content-Length: 1')}x`, 1)
      expect([said, seen]).toEqual([['400'], []])
    }
  })

  it('go upstream as they came', async () => {
    for (const byte of ['\u00ff', '\u00fe']) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await told(head(...GET, `X-A: ${byte}`), 1)
      expect(values(at.upstream.all.at(-1) ?? { headers: [] }, 'x-a')).toEqual([byte])
    }
  })
})

describe('more than anybody sends', () => {
  const many = (count: number, make: (n: number) => string) =>
    Array.from({ length: count }, (_, n) => make(n))

  it.each<[string, string[], number[]]>([
    ['10 000 headers', many(10_000, (n) => `X-${n}: ${n}`), [200]],
    ['10 000 of one name', many(10_000, (n) => `X-Many: ${n}`), [200]],
    ['3000 credentials', many(3000, (n) => `Authorization: Bearer dummy-${n}`), [200]],
    ['10 000 keys', many(10_000, () => KEY), [401]],
    ['10 000 providers', many(10_000, () => 'X-Provider: bearer'), [400]],
    ['100 000 headers', many(100_000, (n) => `X-${n}: ${n}`), [431]],
    ['200 KB of one', [`X-A: ${'a'.repeat(200_000)}`], [200]],
    ['200 KB of a key', [`X-Outpost-Auth: ${'a'.repeat(200_000)}`], [401]],
    ['200 KB of Basic', [`Authorization: Basic ${'QUFB'.repeat(50_000)}`], [200]],
    ['200 KB of a connection', [`Connection: ${'x-a, '.repeat(40_000)}`], [200]],
    ['100 KB of cookies', [`Cookie: ${'a=dummy, '.repeat(11_000)}`], [200]],
    ['100 KB of addresses', [`X-Forwarded-For: ${'192.0.2.1, '.repeat(9000)}`], [200]],
  ])('%s', async (_title, lines, statuses) => {
    const before = at.upstream.all.length
    const answer = await ask(at.port, head(...GET, ...lines))
    expect(statuses).toContain(answer?.status)
    const seen = at.upstream.all.slice(before)
    expect(seen).toHaveLength(answer?.status === 200 ? 1 : 0)
    expect(JSON.stringify(seen)).not.toMatch(/dummy|192\.0\.2\.1|sentinel-agent/)
  })

  /** Each took from 0.3 to 0.7 s of the one thread there is. Most of the time here is the machine's. */
  it.each<[string, string]>([
    [
      "a stranger's path of beginnings of tokens",
      head(`GET /${'eyJ'.repeat(5400)} HTTP/1.1`, HOST),
    ],
    ["a stranger's query of them", head(`GET /?${'eyJ'.repeat(5400)} HTTP/1.1`, HOST)],
    ["a stranger's query of names", head(`GET /?${'&%EF%B7%BA'.repeat(1600)} HTTP/1.1`, HOST)],
    ['a path of dots', head(`GET /a%20${'.'.repeat(8000)}x HTTP/1.1`, HOST, KEY, BEARER)],
  ])('%s holds nobody up', async (_title, request) => {
    const start = performance.now()
    const answers = await Promise.all(many(10, () => request).map((each) => ask(at.port, each)))
    expect(new Set(answers.map((answer) => answer?.status)).size).toBe(1)
    expect(performance.now() - start).toBeLessThan(4000)
  })
})

describe('clients that leave', () => {
  const BEGUN: readonly (readonly [string, string])[] = [
    ['with nothing', ''],
    ['in the request line', 'GET /ec'],
    ['in a header', `GET /echo HTTP/1.1\r\n${HOST}\r\nX-A: b`],
    ['before the last line end', head(...GET).slice(0, -2)],
    ['in a body', `${head(...POST, 'Content-Length: 1000')}abc`],
    ['in a chunk', `${head(...POST, CHUNKED)}ff\r\nabc`],
    ['behind the request', head(...GET)],
    ['behind the request of a stranger', head('GET /echo HTTP/1.1', HOST)],
    ['behind bytes that are none', '\u0016\u0003\u0001'.repeat(50)],
  ]

  it.each(BEGUN)(
    '%s, by a reset or by their half: the others are answered',
    async (_title, text) => {
      for (let n = 0; n < 12; n += 1) {
        const wire = new Wire(at.port)
        wire.send(text)
        if (n % 2 === 0) setTimeout(() => wire.socket.resetAndDestroy(), n)
        else {
          wire.socket.end()
          setTimeout(() => wire.close(), 100)
        }
      }
      const answers = await Promise.all(Array.from({ length: 5 }, () => ask(at.port, head(...GET))))
      expect(answers.map((answer) => answer?.status)).toEqual([200, 200, 200, 200, 200])
    },
  )

  it('are answered when they have only closed their half', async () => {
    const wire = new Wire(at.port)
    wire.send(head(...GET) + SECOND)
    wire.socket.end()
    const answers = [await wire.answer(), await wire.answer()]
    wire.close()
    expect(answers.map((answer: Answer | null) => answer?.status)).toEqual([200, 200])
  })
})
