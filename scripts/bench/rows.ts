import { agentKey, pathOfRule, providerName } from './fixture.ts'
import type { Fixture } from './fixture.ts'
import { shot } from './load.ts'
import type { Load, Sample, Shot, Target } from './load.ts'
import type { Stateful } from './stateful-providers.ts'

/** One measurement: the same load on two sides, in turn. */
export interface Row {
  readonly name: string
  readonly base: Side
  readonly tested: Side
  readonly connections: number
  /** What CPU per request may be, with the base as 1: design, budgets. */
  readonly cpuBudget?: number
}

export interface Side {
  readonly name: string
  readonly target: Target
  readonly shot: Shot
  /** What is measured in its place; the shot then says no more than that the side is there. */
  readonly fire?: (load: Load) => Promise<Sample>
}

/** A running Outpost and the key that opens it. */
export interface Outpost extends Target {
  readonly fixture: Fixture
  /** The token of a grant for the small fixture's provider: reads and writes, without limits. */
  readonly grant: string
  /** As `grant`, with more `max_calls` than the rows make. */
  readonly countedGrant: string
}

/** Everything that load is put on. */
export interface Targets {
  readonly bare: Target
  /** One provider with ten rules. */
  readonly outpost: Outpost
  /** The same without its log line. */
  readonly silent: Outpost
  /** As `outpost`: calls with a key leave an object each, which would weigh on the other rows. */
  readonly replays: Outpost
  /** As `outpost`, with providers that read or sign calls, whose code the others do not have. */
  readonly readers: Outpost
  /** A thousand providers with a hundred rules each; null when it is not asked for. */
  readonly large: Outpost | null
}

export const SMALL = { providers: 1, rules: 10 }
export const LARGE = { providers: 1000, rules: 100 }

/** Events of one stream, and the bytes of each with its framing: `upstream.ts`. */
const EVENTS = 100
const EVENT_BYTES = 108

export const KILOBYTE = Buffer.alloc(1000, 'outpost ')
const MEGABYTE = Buffer.alloc(1_000_000, 'outpost ')

/** The names of all rows, in the order in which they are measured. */
export const NAMES = {
  get: 'GET 1 KB, policy only',
  wrongKey: 'refused: wrong key (401)',
  denied: 'refused: path denied (403)',
  post: 'POST 1 KB, sensitive',
  getLarge: 'GET 1 MB',
  scrubbedSmall: 'GET 1 KB of text, scrubbed',
  scrubbed: 'GET 1 MB of text, scrubbed',
  scrubbedLarge: 'GET 100 MB of text, scrubbed',
  postLarge: 'POST 1 MB, sensitive',
  events: 'SSE, 100 events',
  catalog: 'GET, 1000 providers x 100 rules',
  log: 'GET 1 KB, the log line',
  limiter: 'GET 1 KB, + limiter',
  full: 'limited: refused (429)',
  cached: 'GET 1 KB, cache hit',
  keyed: 'POST 1 KB, idempotent',
  replay: 'POST 1 KB, idempotent replay',
  minted: 'GET 1 KB, minted token',
  granted: 'GET 1 KB, granted',
  grantedPost: 'POST 1 KB, granted, sensitive',
  counted: 'GET 1 KB, granted, max_calls',
  unread: 'POST 300 B of JSON, no rule reads it',
  read: 'POST 300 B of JSON, 3 conditions',
  graphql: 'GraphQL query, 640 B',
  toolCall: 'MCP tools/call, 3 conditions',
  toolList: 'MCP tools/list, 50 tools, 10 taken out',
  s3Get: 'S3 GET 1 KB, signed',
  s3Put: 'S3 PUT 64 KiB, UNSIGNED-PAYLOAD',
  s3PutHashed: "S3 PUT 64 KiB, the client's hash",
  socket: 'WebSocket, 1 KB there and back',
} as const

/** Every row, for both sides the same request down to the last header, unless it is to be refused. */
export function rowsFor(targets: Targets): readonly Row[] {
  const { bare, outpost, large, silent } = targets
  const pair = against(bare, outpost)
  return [
    { ...pair(NAMES.get, get(LAST_RULE)), connections: 16, cpuBudget: 1.3 },
    refusal(targets, NAMES.wrongKey, { path: LAST_RULE, status: 401, key: 'not-the-key' }),
    refusal(targets, NAMES.denied, { path: '/denied/page', status: 403 }),
    { ...pair(NAMES.post, post(KILOBYTE)), connections: 16 },
    { ...pair(NAMES.getLarge, get('/bytes/1000000', MEGABYTE.length)), connections: 4 },
    scrubbedRow(outpost, NAMES.scrubbedSmall, { size: KILOBYTE.length, connections: 16 }),
    {
      ...scrubbedRow(outpost, NAMES.scrubbed, { size: MEGABYTE.length, connections: 4 }),
      cpuBudget: 1.5,
    },
    scrubbedRow(outpost, NAMES.scrubbedLarge, { size: 100 * MEGABYTE.length, connections: 1 }),
    { ...pair(NAMES.postLarge, post(MEGABYTE)), connections: 4 },
    { ...pair(NAMES.events, get(`/events/${EVENTS}`, EVENTS * EVENT_BYTES)), connections: 8 },
    ...(large ? [catalogRow(outpost, large)] : []),
    logRow(silent, outpost),
  ]
}

/** Reads the first event of a stream: from the upstream itself, the bare worker, Outpost. */
export function firstEventSides(upstream: Target, { bare, outpost }: Targets): readonly Side[] {
  const request = get(`/events/${EVENTS}`, EVENTS * EVENT_BYTES)
  return [
    { name: 'upstream', target: upstream, shot: request(upstream, agentKey(outpost.fixture)) },
    { name: 'bare', target: bare, shot: request(bare, agentKey(outpost.fixture)) },
    { name: 'outpost', target: outpost, shot: request(outpost, agentKey(outpost.fixture)) },
  ]
}

/** A request for one side of a row. */
export type Ask = (target: Target, key: string) => Shot

export const LAST_RULE = pathOfRule(SMALL.rules - 1)

/** A read, of `provider` where it is named, with an answer of so many bytes. */
export function get(path: string, length = KILOBYTE.length, provider = providerName(0)): Ask {
  return (target, key) =>
    shot(['GET', path], headersFor(target, key, provider), { status: 200, length })
}

function post(body: Buffer): Ask {
  const expected = { status: 200, length: KILOBYTE.length }
  return (target, key) => shot(['POST', '/items'], headersFor(target, key), expected, body)
}

/** As an SDK sends them. */
export function headersFor(
  { url }: Target,
  key: string,
  provider = providerName(0),
): Readonly<Record<string, string>> {
  return {
    Host: new URL(url).host,
    Accept: 'application/json',
    'Accept-Encoding': 'gzip, deflate',
    'User-Agent': 'outpost-bench/1',
    'X-Provider': provider,
    'X-Outpost-Auth': key,
  }
}

/** Both sides of a row that send the same request. */
export function against(base: Target, tested: Outpost) {
  const key = agentKey(tested.fixture)
  const nameOf = (target: Target) => ('fixture' in target ? 'outpost' : 'bare')
  return (name: string, ask: Ask): Pick<Row, 'name' | 'base' | 'tested'> => ({
    name,
    base: { name: nameOf(base), target: base, shot: ask(base, key) },
    tested: { name: nameOf(tested), target: tested, shot: ask(tested, key) },
  })
}

/** Against the bare worker's allowed GET: what a refusal must be cheaper than. */
function refusal(
  { bare, outpost }: Targets,
  name: string,
  wanted: { readonly path: string; readonly status: number; readonly key?: string },
): Row {
  const { path, status, key = agentKey(outpost.fixture) } = wanted
  const refused = shot(['GET', path], headersFor(outpost, key), { status, length: null })
  const { base, tested } = against(bare, outpost)(name, get(LAST_RULE))
  const connections = 16
  return {
    name,
    base: { ...base, name: 'bare GET' },
    tested: { ...tested, shot: refused },
    connections,
    cpuBudget: 0.6,
  }
}

/** What the log line costs: Outpost with it against Outpost without. */
function logRow(silent: Outpost, outpost: Outpost): Row {
  const { base, tested } = against(silent, outpost)(NAMES.log, get(LAST_RULE))
  return { name: NAMES.log, base: { ...base, name: 'without' }, tested, connections: 16 }
}

/** What it costs to search an answer: the same call at a provider with `scrub: off`. */
function scrubbedRow(
  outpost: Outpost,
  name: string,
  { size, connections }: { readonly size: number; readonly connections: number },
): Row {
  const key = agentKey(outpost.fixture)
  const path = `/text/${size}`
  const off = get(path, size, 'unscrubbed' satisfies Stateful)(outpost, key)
  const tested = get(path, size)(outpost, key)
  return {
    name,
    base: { name: 'scrub: off', target: outpost, shot: off },
    tested: { name: 'auto', target: outpost, shot: tested },
    connections,
  }
}

/** The last rule of the last provider, against the last rule of the only one. */
function catalogRow(small: Outpost, large: Outpost): Row {
  const expected = { status: 200, length: KILOBYTE.length }
  const ask = (outpost: Outpost, size: typeof SMALL) =>
    shot(
      ['GET', pathOfRule(size.rules - 1)],
      headersFor(outpost, agentKey(outpost.fixture), providerName(size.providers - 1)),
      expected,
    )
  return {
    name: NAMES.catalog,
    base: { name: '1 x 10', target: small, shot: ask(small, SMALL) },
    tested: { name: '1000 x 100', target: large, shot: ask(large, LARGE) },
    connections: 16,
    cpuBudget: 2,
  }
}
