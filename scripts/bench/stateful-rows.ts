import type { Countable } from './counts.ts'
import { agentKey } from './fixture.ts'
import { shot } from './load.ts'
import type { Shot, Target } from './load.ts'
import { KILOBYTE, LAST_RULE, NAMES, against, get, headersFor } from './rows.ts'
import type { Ask, Outpost, Row, Targets } from './rows.ts'
import type { Stateful } from './stateful-providers.ts'

const CONNECTIONS = 16

/** The rows of calls that need something that is remembered, each against the bare worker's call. */
export function statefulRows({ bare, outpost, replays }: Targets): readonly Row[] {
  const pair = against(bare, outpost)
  const keyed = against(bare, replays)
  const full = pair(NAMES.full, get(LAST_RULE))
  const rows: readonly Omit<Row, 'connections'>[] = [
    { ...pair(NAMES.limiter, getOf('limited')), cpuBudget: 2 },
    { ...full, tested: { ...full.tested, shot: refusedOf(outpost) } },
    pair(NAMES.cached, getOf('cached')),
    keyed(NAMES.keyed, (target, key) => withNewKeys(post(target, key))),
    keyed(NAMES.replay, post),
    pair(NAMES.minted, getOf('minted')),
    granted(pair(NAMES.granted, get(LAST_RULE)), get(LAST_RULE), outpost.grant),
    granted(pair(NAMES.grantedPost, plainPost), plainPost, outpost.grant),
    granted(pair(NAMES.counted, get(LAST_RULE)), get(LAST_RULE), outpost.countedGrant),
  ]
  return rows.map((row) => ({ ...row, connections: CONNECTIONS }))
}

/** What is worth counting, and not timing, or cannot be timed. */
export function countedOnly(outpost: Outpost): readonly Countable[] {
  const key = agentKey(outpost.fixture)
  return [
    { name: 'GET 1 KB, default windows (50 in 1 s)', shot: getOf('usual')(outpost, key) },
    { name: 'minted token: the first call', shot: getOf('minted')(outpost, key), cold: true },
  ]
}

function getOf(provider: Stateful): Ask {
  return get(LAST_RULE, KILOBYTE.length, provider)
}

function refusedOf(outpost: Outpost): Shot {
  const headers = headersFor(outpost, agentKey(outpost.fixture), 'full' satisfies Stateful)
  return shot(['GET', LAST_RULE], headers, { status: 429, length: null })
}

type Pair = Pick<Row, 'name' | 'base' | 'tested'>

/** The row, with the token of a grant in place of the host's key. */
function granted(row: Pair, ask: Ask, token: string): Pair {
  return { ...row, tested: { ...row.tested, shot: ask(row.tested.target, token) } }
}

function plainPost(target: Target, key: string): Shot {
  const expected = { status: 200, length: KILOBYTE.length }
  return shot(['POST', '/items'], headersFor(target, key), expected, KILOBYTE)
}

const PLACE = 'call-000000000000'

/** With the same key each time. */
function post(target: Target, key: string): Shot {
  const headers = { ...headersFor(target, key), 'Idempotency-Key': PLACE }
  return shot(['POST', '/items'], headers, { status: 200, length: KILOBYTE.length }, KILOBYTE)
}

let lastKey = 0

/** The same request with a key that no call before had. */
function withNewKeys(wanted: Shot): Shot {
  const template = wanted.bytes()
  const at = template.indexOf(PLACE)
  return {
    ...wanted,
    bytes: () => {
      lastKey += 1
      const bytes = Buffer.from(template)
      bytes.write(`call-${String(lastKey).padStart(PLACE.length - 5, '0')}`, at, 'latin1')
      return bytes
    },
  }
}
