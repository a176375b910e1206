import { PLAIN_CALL, PLAIN_REPLY } from './case.ts'
import type { Call, Case, Reply } from './case.ts'
import {
  address,
  chunked,
  edits,
  FORWARDED,
  inParts,
  naming,
  printable,
  showing,
  target,
  usual,
  withHost,
} from './make-parts.ts'
import type { Random } from './random.ts'

const METHODS = 'GET GET GET GET GET POST POST POST PUT PATCH DELETE HEAD HEAD OPTIONS'.split(' ')
const SELDOM = 'TRACE TRACK CONNECT PROPFIND PURGE QUERY get Post FOO G\xc9T'.split(' ')

/** Headers that mean something to somebody on the way. */
const HEADERS: readonly string[] = [
  'Connection: close',
  'Connection: x-fuzz, keep-alive',
  'Connection: x-outpost-auth, authorization, x-provider',
  'Connection: upgrade',
  'Upgrade: websocket',
  'Upgrade: h2c',
  'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
  'TE: trailers, deflate;q=0.5',
  'Trailer: X-Trailer',
  'Expect: 100-continue',
  'Expect: 200-maybe',
  'Range: bytes=0-1',
  'Range: bytes=9-1,-0',
  'If-None-Match: "one"',
  'If-Range: "x"',
  'If-Modified-Since: never',
  'Cache-Control: no-cache',
  'Cookie: a=1; b=2',
  'Cookie: c=3',
  'Accept-Encoding: gzip, br, zstd, *;q=0',
  'Accept: text/event-stream',
  'Accept: */*',
  'Content-Type: application/json',
  'Content-Type: multipart/form-data; boundary=',
  'Content-Encoding: gzip',
  'X-HTTP-Method-Override: DELETE',
  'X-Http_Method.Override: DELETE',
  'X-Original-URL: /admin/x',
  'X-Rewrite-URL: /_outpost/status',
  'X-Forwarded-Host: evil.test',
  'X-Forwarded-Proto: gopher',
  'Forwarded: for=127.0.0.1;host=x',
  'X-Real-IP: 127.0.0.2',
  'CF-Connecting-IP: 127.0.0.2',
  'CF-Worker: x',
  'Via: 1.1 x',
  'Proxy-Authorization: Basic eA==',
  'Proxy-Connection: keep-alive',
  'Sec-Fetch-Dest: document',
  'Sec-Fetch-Site: cross-site',
  'Origin: null',
  'X-Outpost-Tenant: acme',
  'X-Outpost-Tenant: default',
  'X-Outpost-Project: site',
  'X_Outpost_Auth: x',
  'X-Outpost-: x',
  'X-Auth-Token: agents',
  'X-App-Secret: agents',
  'X_App_Secret: agents',
  'X-Mbx-Apikey: agents',
  'Signature: x',
  '__proto__: x',
  'constructor: x',
  'User-Agent: \xc3\xa9\xff\x01',
  'X-Empty:',
  'X-Tab:\tx\t',
  'Date: Thu, 01 Jan 1970 00:00:00 GMT',
  'Priority: u=1',
]

/** What a server had better not take. */
const WRONG: readonly string[] = [
  ' X-Folded: x',
  'X-Colon',
  ': x',
  'X Y: z',
  'X-Nul: a\0b',
  'X-Cr: a\rb',
  'X-Lf: a\nX-Injected: b',
  'Host: evil.test',
  'Host: plain.fuzz.test',
  'Host: fuzz.test:80',
  'Host: fuzz.test/../_outpost/status?',
  'TE : x',
]

/** A client that may write anything, and an upstream that answers well. */
export function makeClientCase(r: Random): Case {
  const method = r.pick(r.chance(0.95) ? METHODS : SELDOM)
  const { headers: named, prefix } = naming(r)
  const shown = showing(r)
  const asked = target(r)
  const path = prefix === '' || !asked.startsWith('/') ? asked : prefix + asked
  const query = shown.query === '' ? '' : (path.includes('?') ? '&' : '?') + shown.query
  const { headers: framing, body } = bodyOf(r, method)
  const version = r.chance(0.98)
    ? 'HTTP/1.1'
    : r.pick(['HTTP/1.0', 'HTTP/2.0', 'HTTP/0.9', 'http/1.1', '', 'HTTP/1.1 '])
  const lines = [...usual(), ...shown.headers, ...named, ...more(r), ...framing]
  const call: Call = {
    ...PLAIN_CALL,
    from: address(r),
    line: `${method} ${path}${query} ${version}`,
    headers: r.chance(0.97) ? withHost(lines) : lines,
    body,
    edits: edits(r, 0.12),
    leaves: r.chance(0.04) ? r.below(60) : null,
    replies: [goodReply(r)],
  }
  return { kind: 'client', calls: [call] }
}

function more(r: Random): string[] {
  const lines = r.chance(0.6) ? r.some(HEADERS, 4) : []
  if (r.chance(0.04)) lines.push(r.pick(WRONG))
  if (r.chance(0.15)) lines.push(`X-Forwarded-For: ${r.pick(FORWARDED)}`)
  if (r.chance(0.1)) lines.push(`Idempotency-Key: ${keyOf(r)}`)
  if (r.chance(0.05)) lines.push(`X-Random: ${r.bytes(30)}`)
  if (r.chance(0.01)) lines.push(`X-Long: ${'l'.repeat(r.pick([4000, 60_000, 250_000]))}`)
  if (r.chance(0.01)) lines.push(...r.times(r.pick([100, 1500]), (n) => `X-Many-${n}: ${n}`))
  return lines
}

function keyOf(r: Random): string {
  return r.of(
    () => `k-${r.below(50)}`,
    () => printable(r, 20),
    () => 'k'.repeat(r.pick([255, 256])),
    () => '',
  )
}

interface Body {
  readonly headers: readonly string[]
  readonly body: readonly string[]
}

const NO_BODY: Body = { headers: [], body: [] }

/** Another request, which nobody may see as one. */
const SMUGGLED = 'GET /p/plain/smuggled HTTP/1.1\r\nHost: fuzz.test\r\nX-Fuzz: {{id}}-s\r\n\r\n'

function bodyOf(r: Random, method: string): Body {
  if (/^(?:GET|HEAD|OPTIONS)$/.test(method) ? r.chance(0.9) : r.chance(0.1)) return NO_BODY
  const text = r.of(
    () => '',
    () => 'a body',
    () => JSON.stringify({ a: r.below(1000), b: 'x'.repeat(r.below(40)) }),
    () => r.bytes(200),
    () => SMUGGLED,
    () => 'x'.repeat(r.pick([999, 1000, 1001, 70_000, 270_000])),
  )
  const parts = inParts(r, text)
  const sized = { headers: ['Content-Length: {{length}}'], body: parts }
  const inChunks = { headers: [CHUNKED], body: chunked(r, parts) }
  return r.pick([sized, sized, inChunks, inChunks, misframed(r, text, inChunks.body)])
}

const CHUNKED = 'Transfer-Encoding: chunked'
const LENGTHS = ['0', '1', '-1', '+3', '0x5', '5, 5', '99999', '9'.repeat(30), '']
const CODINGS = ['gzip, chunked', 'identity', 'Chunked', 'chunked, chunked', ' chunked', 'xchunked']
const BROKEN = [
  'zz\r\n',
  '-1\r\n',
  '5\nabcde\r\n0\r\n\r\n',
  'fffffffffffffffff\r\n',
  '5;\r\nabcde\r\n0\r\n\r\n',
]

/** A body whose end is somewhere else for whoever reads it in another way. */
function misframed(r: Random, text: string, chunks: readonly string[]): Body {
  const second = `Content-Length: ${r.pick(['{{length}}', '3'])}`
  return r.of(
    () => ({ headers: [`Content-Length: ${r.pick(LENGTHS)}`], body: inParts(r, text) }),
    () => ({ headers: ['Content-Length: {{length}}', second], body: [text] }),
    () => ({ headers: ['Content-Length: 4', CHUNKED], body: chunks }),
    () => ({ headers: [`Transfer-Encoding: ${r.pick(CODINGS)}`], body: chunks }),
    () => ({ headers: [CHUNKED], body: chunks.slice(0, -1) }),
    () => ({ headers: [CHUNKED], body: [r.pick(BROKEN)] }),
    () => ({ headers: [], body: [text] }),
  )
}

function goodReply(r: Random): Reply {
  return r.of(
    () => PLAIN_REPLY,
    () => PLAIN_REPLY,
    () => ({
      ...PLAIN_REPLY,
      body: ['mark-{{id}} ', 'and more'],
      pause: r.below(5),
      early: r.chance(0.2),
    }),
    () => ({
      ...PLAIN_REPLY,
      line: r.pick([
        'HTTP/1.1 201 Created',
        'HTTP/1.1 404 Not Found',
        'HTTP/1.1 500 Oh',
        'HTTP/1.1 401 No',
        'HTTP/1.1 206 Part',
      ]),
    }),
    () => ({
      ...PLAIN_REPLY,
      headers: ['Content-Type: application/json', 'Transfer-Encoding: chunked'],
      body: chunked(r, ['{"mark":"mark-{{id}}"}']),
    }),
    () => ({
      ...PLAIN_REPLY,
      line: r.pick(['HTTP/1.1 204 None', 'HTTP/1.1 304 Same']),
      headers: ['ETag: "one"'],
      body: [],
    }),
  )
}
