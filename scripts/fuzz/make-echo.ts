import { PLAIN_CALL, PLAIN_REPLY } from './case.ts'
import type { Call, Case, Reply } from './case.ts'
import { usual } from './make-parts.ts'
import type { Random } from './random.ts'
import { SPELLINGS } from './spell.ts'

/** What the upstream of each knows. */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  bearer: ['BEARER_TOKEN'],
  keyheader: ['HEADER_KEY'],
  keyquery: ['QUERY_KEY'],
  basic: ['BASIC_PASSWORD', 'BASIC_USER'],
  custom: ['CUSTOM_SECRET', 'CUSTOM_ID'],
  hmac: ['HMAC_KEY'],
  cached: ['BEARER_TOKEN'],
}

const TYPES = [
  'Content-Type: text/plain',
  'Content-Type: text/html; charset=utf-8',
  'Content-Type: application/json',
  'Content-Type: text/event-stream',
  'Content-Type: application/problem+json',
  'Content-Type: application/x-www-form-urlencoded',
  'Content-Type: x',
  'Content-Type:',
  'X-No: type',
]

const CODINGS = ['gzip', 'br', 'deflate', 'zstd', 'rot13']
const FILLERS = [
  '',
  ' ',
  '"',
  '\\',
  '\\\\',
  'sentinel-',
  'x',
  '=',
  '&',
  '{"a":"',
  '"}',
  '\n\n',
  'data: ',
  '%',
  '%25',
  '\\u',
  '0',
  ':',
  'sent',
  '<b>',
  '\xc3\xa9',
]

/** An upstream that repeats what it was sent, in some form, at any place of its answer. */
export function makeEchoCase(r: Random): Case {
  const provider = r.pick(Object.keys(KNOWN))
  const method = r.pick(['GET', 'GET', 'GET', 'GET', 'POST', 'HEAD'])
  const more = r.some(
    [
      'Range: bytes=0-99',
      'Accept-Encoding: gzip',
      'Accept-Encoding: br;q=0, zstd',
      'Sec-Fetch-Dest: document',
      'Cache-Control: no-cache',
    ],
    1,
  )
  const key = method === 'POST' && r.chance(0.3) ? ['Idempotency-Key: e-{{id}}'] : []
  const call: Call = {
    ...PLAIN_CALL,
    line: `${method} ${provider === 'cached' && r.chance(0.5) ? `/same/${r.below(50)}` : '/{{id}}'} HTTP/1.1`,
    headers: [
      ...usual(),
      'X-Outpost-Auth: {{key}}',
      `X-Provider: ${provider}`,
      ...more,
      ...key,
      ...(method === 'POST' ? ['Content-Length: {{length}}'] : []),
    ],
    body: method === 'POST' ? ['a body'] : [],
    leaves: r.chance(0.05) ? r.below(60) : null,
    replies: [echoing(r, KNOWN[provider] ?? [])],
  }
  return { kind: 'echo', calls: [call] }
}

function echoing(r: Random, known: readonly string[]): Reply {
  const echo = (): string => echoOf(r, known)
  const parts = r.times(1 + r.below(4), () => filler(r) + echo())
  const text = parts.join('') + filler(r)
  const coding = r.chance(0.25) ? r.pick(CODINGS) : null
  const chunks = r.chance(0.4)
  const headers = [
    r.pick(TYPES),
    ...(r.chance(0.3) ? [headerOf(r, echo())] : []),
    ...r.some(
      [
        'ETag: "one"',
        'Content-Range: bytes 0-99/200',
        'Vary: Accept',
        'Cache-Control: no-transform',
        'Content-MD5: x',
        'Digest: x',
      ],
      2,
    ),
  ]
  return {
    ...PLAIN_REPLY,
    line: `HTTP/1.1 ${r.pick(['200', '200', '206', '400', '401', '404', '500', '302'])} ${r.chance(0.05) ? echo().replaceAll(/[\r\n]/g, '') : 'Some Reason'}`,
    headers: [
      ...headers,
      ...(coding === null ? [] : [`Content-Encoding: ${coding}`]),
      chunks ? 'Transfer-Encoding: chunked' : 'Content-Length: {{length}}',
    ],
    body: [text],
    cuts: r.times(r.below(5), () => r.next()),
    encode: [
      ...(coding === null || coding === 'rot13' ? [] : [coding]),
      ...(chunks ? ['chunked'] : []),
    ],
    pause: r.pick([0, 1, 3, 12]),
    end: r.chance(0.93) ? 'keep' : r.pick(['close', 'reset', 'stall'] as const),
  }
}

/** In a body that is said to be text, or nothing is said of it. */
function echoOf(r: Random, known: readonly string[]): string {
  const name = `secret:${r.pick(known)}`
  const form = r.chance(0.3) ? '' : `${r.pick(FORMS)}:`
  return r.chance(0.15) ? `{{run:${r.below(8)}:${name}}}` : `{{${form}${name}}}`
}

/** UTF-16 beside text of one byte a character would not be found to be text. */
const FORMS = Object.keys(SPELLINGS).filter((form) => !form.startsWith('utf16'))

function filler(r: Random): string {
  if (r.chance(0.03)) return 'x'.repeat(r.pick([1000, 4090, 16_384, 65_530, 300_000]))
  return r.some(FILLERS, 4).join('')
}

function headerOf(r: Random, echo: string): string {
  return r.pick([
    `X-Echo: ${echo}`,
    `Location: /x?api_key=${echo}`,
    `Set-Cookie: t=${echo}`,
    `WWW-Authenticate: Bearer error="${echo}"`,
    `Link: <http://x/?a=${echo}${echo}>; rel=next`,
    `ETag: "${echo}"`,
  ])
}
