import { oneof, sample } from 'fast-check'
import type { Arbitrary } from 'fast-check'

import { served } from '../../src/control/endpoints.ts'
import type { Endpoint } from '../../src/control/endpoints.ts'
import { GARBAGE, inputsOf, mutated } from '../../test/control/arbitraries.ts'
import { PLAIN_CALL } from './case.ts'
import type { Call, Case } from './case.ts'
import { chunked, edits, inParts, printable } from './make-parts.ts'
import type { Random } from './random.ts'

interface Inputs {
  readonly row: Endpoint
  readonly body: Arbitrary<unknown> | null
  readonly query: Arbitrary<unknown> | null
}

const ROWS: readonly Inputs[] = served().map(([, row]) => ({
  row,
  body: row.body ? inputs(row.body) : null,
  query: row.query ? inputs(row.query) : null,
}))

/** Those that lead on to others come more often. */
const OFTEN = ROWS.filter(({ row }) => row.body !== undefined || row.params !== undefined)

function inputs(schema: NonNullable<Endpoint['body']>): Arbitrary<unknown> {
  const right = inputsOf(schema)
  return oneof(
    { weight: 5, arbitrary: right },
    { weight: 3, arbitrary: mutated(right) },
    { weight: 1, arbitrary: GARBAGE },
  )
}

const SHOWN = [
  'Authorization: Bearer {{admin}}',
  'Authorization: Bearer {{admin}}',
  'Authorization: Bearer {{admin}}',
  'Authorization: Bearer {{admin}}',
  'Authorization: Bearer {{admin}}',
  'Authorization: bearer  {{admin}}',
  'Authorization: Bearer {{viewer}}',
  'Authorization: Bearer {{grant:write}}',
  'X-Outpost-Auth: {{grant:write}}',
  'X-Outpost-Auth: {{key}}',
  'X-Outpost-Auth: {{admin}}',
  'Authorization: Bearer {{key}}',
  'Authorization: Basic {{pair:admin}}',
  'Authorization: Bearer',
  'Cf-Access-Jwt-Assertion: eyJhbGciOiJub25lIn0.e30.',
  'X-Nobody: 1',
]

const MORE = [
  'Accept: application/x-ndjson',
  'Accept: text/html',
  'Accept: */*;q=0',
  'Last-Event-ID: 3',
  'Last-Event-ID: -1',
  'Last-Event-ID: \xff',
  'Origin: http://fuzz.test',
  'Origin: null',
  'Sec-Fetch-Site: cross-site',
  'Sec-Fetch-Site: same-origin',
  'X-Provider: plain',
  'X-Outpost-Tenant: acme',
  'Host: plain.fuzz.test',
  'If-None-Match: *',
  'Range: bytes=0-1',
  'Expect: 100-continue',
  'Cookie: CF_Authorization=x',
  'X-HTTP-Method-Override: DELETE',
  'Accept-Encoding: br',
]

const PARAMS = [
  '{{some:grant}}',
  '{{some:grant}}',
  '{{some:approval}}',
  '{{some:approval}}',
  '{{gid:asking}}',
  'fuzz%2Fstored',
  'fuzz/stored',
  'gr_0',
  'ap_0',
  '__proto__',
  '%00',
  '%ff',
  '..',
  '',
  '%2e%2e',
  'a'.repeat(3000),
  '%',
  "'",
  '*',
]

const TYPES = [
  'Content-Type: text/plain',
  'Content-Type:',
  'Content-Type: application/json; charset=utf-16',
]

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']

/** Anything that may be asked of the control plane, by anybody. */
export function makeControlCase(r: Random): Case {
  const { row, body, query } = r.pick(r.chance(0.6) ? OFTEN : ROWS)
  const path = row.path.replaceAll(/\{\w+\}/g, () => paramOf(r))
  const method = r.chance(0.93) ? row.method : r.pick(METHODS)
  const search = searchOf(r, query)
  const framed = framedBody(r, textOf(r, body, method))
  const more = r.chance(0.3) ? r.some(MORE, 2) : []
  const call: Call = {
    ...PLAIN_CALL,
    from: r.pick(['127.0.0.1', '127.0.0.1', '127.0.0.2', '127.0.0.9']),
    line: `${method} ${path}${r.chance(0.02) ? '/' : ''}${search} HTTP/1.1`,
    headers: ['Host: fuzz.test', 'X-Fuzz: {{id}}', r.pick(SHOWN), ...more, ...framed.headers],
    body: framed.body,
    edits: edits(r, 0.15),
    // A stream of events has no end.
    leaves: path.includes('stream') ? 150 : r.pick([null, null, null, null, null, r.below(900)]),
  }
  return { kind: 'control', calls: [call] }
}

function paramOf(r: Random): string {
  return r.chance(0.9) ? r.pick(PARAMS) : printable(r, 20)
}

function framedBody(r: Random, text: string | null): Pick<Call, 'headers' | 'body'> {
  if (text === null) return { headers: [], body: [] }
  const type = r.chance(0.95) ? 'Content-Type: application/json' : r.pick(TYPES)
  return r.chance(0.9)
    ? { headers: [type, 'Content-Length: {{length}}'], body: inParts(r, text) }
    : { headers: [type, 'Transfer-Encoding: chunked'], body: chunked(r, inParts(r, text)) }
}

function one(r: Random, from: Arbitrary<unknown>): unknown {
  return sample(from, { numRuns: 1, seed: r.below(2 ** 31) })[0]
}

/** As bytes. null: the call has none. */
function textOf(r: Random, body: Arbitrary<unknown> | null, method: string): string | null {
  if (method === 'GET' || method === 'HEAD' || (!body && r.chance(0.9))) return null
  if (!body || r.chance(0.1)) {
    return r.of(
      () => r.bytes(200),
      () => '{"a":'.repeat(r.pick([10, 9000])),
      () => '',
      () => `{"__proto__":{"all":true},"all":${r.pick(['true', '1', '[]'])}}`,
      () => ' '.repeat(r.pick([65_535, 65_536, 70_000])),
      () => '\xef\xbb\xbf{}',
    )
  }
  const json = JSON.stringify(harmless(one(r, body))) as string | undefined
  return Buffer.from(json ?? '').toString('latin1')
}

/** Less the one thing that would end the run: a pause of everything. */
function harmless(input: unknown): unknown {
  if (typeof input !== 'object' || input === null || !Object.hasOwn(input, 'all')) return input
  return { ...input, all: 'true' }
}

function searchOf(r: Random, query: Arbitrary<unknown> | null): string {
  if (!query && r.chance(0.95)) return ''
  if (!query || r.chance(0.2)) {
    return `?${r.some(['tenant=default', 'tenant=acme', 'limit=500', 'limit=0', 'limit=1e3', 'cursor=default/1', 'cursor=%ff', 'after=99999999999', 'since=2026-02-30', 'a[]=1', '__proto__=1', '&', '=', '%', 'state=pending', 'limit=1&limit=2', 'agent=%00'], 4).join('&')}`
  }
  const input = one(r, query)
  const holder = typeof input === 'object' && input !== null ? input : { x: input }
  const pairs = Object.entries(holder)
    .slice(0, 20)
    .map(([key, value]) => {
      const text = typeof value === 'string' ? value : JSON.stringify(value)
      return [key, text]
        .map((each) => encodeURIComponent(each.toWellFormed().slice(0, 60).toWellFormed()))
        .join('=')
    })
  return pairs.length > 0 ? `?${pairs.join('&')}` : ''
}
