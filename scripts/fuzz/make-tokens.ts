import { PLAIN_CALL, PLAIN_REPLY } from './case.ts'
import type { Case, Reply } from './case.ts'
import { edits, usual } from './make-parts.ts'
import { wildReply } from './make-upstream.ts'
import type { Random } from './random.ts'

const VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1,
  3600,
  1e308,
  1e-9,
  0.5,
  '',
  '3600',
  '-1',
  'NaN',
  [],
  {},
  ['x'],
  'sentinel-minted-{{id}}',
  'sentinel-minted-{{id}} x',
  'sentinel-minted-\u00e9',
  'sentinel-minted-\n',
  'x'.repeat(9000),
]

const ERRORS = [
  'invalid_client',
  'invalid_scope',
  'temporarily_unavailable',
  'invalid_grant',
  '__proto__',
  'toString',
  'x'.repeat(3000),
]

/** A call whose credential has to be minted, and a token endpoint that may answer anything. */
export function makeTokensCase(r: Random): Case {
  const kind = r.pick(['minted', 'minted', 'minted', 'minted', 'refreshed', 'groww'])
  const refused: Reply = { ...PLAIN_REPLY, line: 'HTTP/1.1 401 Unauthorized' }
  const replies = r.chance(0.5) ? [refused, r.chance(0.3) ? refused : PLAIN_REPLY] : [PLAIN_REPLY]
  return {
    kind: 'tokens',
    calls: [
      {
        ...PLAIN_CALL,
        headers: [...usual(), 'X-Outpost-Auth: {{key}}', `X-Provider: {{lane:${kind}}}`],
        leaves: r.chance(0.05) ? r.below(60) : null,
        replies,
        mints: [r.chance(0.6) ? goodMint(r) : mintReply(r), mintReply(r)],
      },
    ],
  }
}

function goodMint(r: Random): Reply {
  const said = { access_token: 'sentinel-minted-{{id}}', token: 'sentinel-minted-{{id}}' }
  return {
    ...PLAIN_REPLY,
    headers: ['Content-Type: application/json', 'Content-Length: {{length}}'],
    body: [JSON.stringify({ ...said, expires_in: r.pick([1, 5, 3600]) })],
  }
}

function mintReply(r: Random): Reply {
  if (r.chance(0.15)) return { ...wildReply(r, 'plain'), end: 'close' }
  const body = r.of(
    () =>
      JSON.stringify({
        access_token: 'sentinel-minted-{{id}}',
        token: 'sentinel-minted-{{id}}',
        token_type: 'Bearer',
        expires_in: r.pick([1, 60, 3600]),
      }),
    () =>
      JSON.stringify({
        access_token: 'sentinel-minted-{{id}}',
        token: 'sentinel-minted-{{id}}',
        expires_in: r.pick(VALUES),
        expiry: r.pick(VALUES),
        refresh_token: r.pick(VALUES),
      }),
    () =>
      JSON.stringify({
        access_token: r.pick(VALUES),
        token: r.pick(VALUES),
        expires_in: r.pick(VALUES),
        token_type: r.pick(VALUES),
      }),
    () => JSON.stringify({ error: r.pick(ERRORS), error_description: 'sentinel-minted-{{id}}' }),
    () => JSON.stringify(r.pick(VALUES)),
    () => '[{"access_token":'.repeat(r.pick([1, 4000])),
    () => r.bytes(100),
  )
  return {
    ...PLAIN_REPLY,
    line: `HTTP/1.1 ${r.pick(['200', '200', '200', '201', '302', '400', '401', '500', '503'])} X`,
    headers: [
      'Content-Type: application/json',
      'Content-Length: {{length}}',
      ...r.some(['Location: /x', 'Set-Cookie: a=b', 'Retry-After: 1'], 1),
    ],
    body: [latin1(body)],
    edits: edits(r, 0.1),
    end: r.chance(0.9) ? 'keep' : r.pick(['close', 'reset'] as const),
  }
}

function latin1(text: string): string {
  return Buffer.from(text).toString('latin1')
}
