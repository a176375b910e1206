import { PLAIN_CALL, PLAIN_REPLY } from './case.ts'
import type { Call, Case, Reply } from './case.ts'
import { wildBody } from './make-body.ts'
import { edits, usual } from './make-parts.ts'
import { COOLED } from './providers.ts'
import type { Random } from './random.ts'
import { REPLY_HEADERS, STATUSES } from './reply-parts.ts'

const CALLED =
  'plain bearer keyheader keyquery basic custom hmac cookies cached stored throttled envelope'.split(
    ' ',
  )

/** What a provider sends, as headers of an answer may repeat it. */
const SENT: Readonly<Record<string, string>> = {
  bearer: 'BEARER_TOKEN',
  keyheader: 'HEADER_KEY',
  keyquery: 'QUERY_KEY',
  basic: 'BASIC_PASSWORD',
  custom: 'CUSTOM_SECRET',
  hmac: 'HMAC_KEY',
  cached: 'BEARER_TOKEN',
  throttled: 'BEARER_TOKEN',
  envelope: 'BEARER_TOKEN',
}

/** A client that calls well, and an upstream that may answer anything. */
export function makeUpstreamCase(r: Random): Case {
  const provider = r.pick(CALLED)
  const reply = wildReply(r, provider)
  const stalls = reply.end === 'stall' && reply.line !== ''
  return {
    kind: 'upstream',
    calls: [
      {
        ...callOf(r, provider),
        leaves: stalls ? 150 : r.chance(0.05) ? r.below(80) : null,
        replies: [reply],
      },
    ],
  }
}

function callOf(r: Random, provider: string): Call {
  const method = r.pick(['GET', 'GET', 'GET', 'GET', 'POST', 'POST', 'HEAD', 'OPTIONS', 'DELETE'])
  const folder = provider === 'throttled' || provider === 'envelope' ? `/k${r.below(COOLED)}` : ''
  const path = provider === 'cached' && r.chance(0.5) ? `/same/${r.below(5)}` : `${folder}/{{id}}`
  const more = r.some(
    [
      'Range: bytes=0-4',
      'Accept-Encoding: gzip',
      'Sec-Fetch-Dest: document',
      'If-None-Match: "one"',
      'Accept: text/event-stream',
      'Connection: close',
      'Cache-Control: no-cache',
    ],
    1,
  )
  const key = method !== 'GET' && r.chance(0.2) ? [`Idempotency-Key: u-${r.below(500)}`] : []
  const writes = method === 'POST'
  return {
    ...PLAIN_CALL,
    line: `${method} ${path}${r.chance(0.1) ? '?q=1' : ''} HTTP/1.1`,
    headers: [
      ...usual(),
      'X-Outpost-Auth: {{key}}',
      `X-Provider: ${provider}`,
      ...more,
      ...key,
      ...(writes ? ['Content-Length: {{length}}'] : []),
    ],
    body: writes ? ['a body'] : [],
  }
}

const INTERIM = [
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n',
  'HTTP/1.1 102 Processing\r\n\r\n',
  'HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n',
  'HTTP/1.1 1',
  '\r\n\r\n',
]

/** An answer with something about it that is seldom seen. */
export function wildReply(r: Random, provider: string): Reply {
  if (r.chance(0.02)) return silentReply(r)
  const { headers, body } = wildBody(r)
  const more = r.chance(0.7) ? r.some(REPLY_HEADERS, 5) : []
  const echoed = echoes(r, provider)
  return {
    interim: r.chance(0.05) ? r.some(INTERIM, 3) : [],
    line: lineOf(r, provider),
    headers: [...more, ...echoed, ...large(r), ...headers],
    body,
    pause: r.chance(0.3) ? r.below(30) : 0,
    // A part of a secret is found by whoever searches for parts.
    edits: echoed.length > 0 ? [] : edits(r, 0.12),
    end: r.chance(0.8) ? 'keep' : r.pick(['close', 'close', 'reset', 'stall'] as const),
    early: r.chance(0.05),
  }
}

function silentReply(r: Random): Reply {
  return { ...PLAIN_REPLY, line: '', end: r.pick(['close', 'reset', 'stall'] as const) }
}

function lineOf(r: Random, provider: string): string {
  const limits = provider === 'throttled' || provider === 'envelope'
  const status = r.pick(limits ? LIMITING : STATUSES)
  const strange = ['', '\xe9', 'a\0b', 'x'.repeat(3000), `{{secret:${SENT[provider] ?? 'none'}}}`]
  const reason = r.chance(0.9) ? 'Some Reason' : r.pick(strange)
  return `${r.chance(0.96) ? 'HTTP/1.1' : r.pick(VERSIONS)} ${status} ${reason}`
}

/** Others say 429 to nobody: it would keep their provider closed. */
const LIMITING = [...STATUSES.slice(0, 8), '429', '429', '429']
const VERSIONS = ['HTTP/1.0', 'HTTP/2', 'ICY', 'http/1.1', 'HTTP/1.1\t', '']

function echoes(r: Random, provider: string): string[] {
  const name = SENT[provider]
  if (name === undefined || !r.chance(0.2)) return []
  const said = `{{${r.pick(['', '', 'percent:', 'json:'])}secret:${name}}}`
  return [
    r.pick([
      `X-Echo: ${said}`,
      `Location: /x?api_key=${said}`,
      `Set-Cookie: t=${said}`,
      `WWW-Authenticate: Bearer error="${said}"`,
      `Link: <http://x/?a=${said}${said}>; rel=next`,
      `Retry-After: ${said}`,
      `ETag: "${said}"`,
      `Content-Type: ${said}`,
      `${said.replaceAll(/\W/g, '')}: x`,
    ]),
  ]
}

function large(r: Random): string[] {
  if (r.chance(0.005)) return [`X-Large: ${'l'.repeat(r.pick([20_000, 100_000, 2_000_000]))}`]
  if (r.chance(0.005)) return r.times(r.pick([500, 5000]), (n) => `X-Many-${n}: ${n}`)
  return []
}
