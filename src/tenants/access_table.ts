import { stateAt } from '../widening/access_request.ts'
import type { AccessAsk, AccessRequest } from '../widening/access_request.ts'
import { keyOf } from '../widening/asking.ts'
import type { KnownRequests } from '../widening/asking.ts'
import type { AccessFilter } from './stubs.ts'

const TABLES = [
  `CREATE TABLE IF NOT EXISTS access_requests (
    id TEXT PRIMARY KEY,
    key TEXT NOT NULL,
    agent TEXT NOT NULL,
    state TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    body TEXT NOT NULL
  ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX IF NOT EXISTS access_requests_by_key ON access_requests (key, created)`,
  `CREATE INDEX IF NOT EXISTS access_requests_by_end ON access_requests (state, expires)`,
]

const PUT = `INSERT INTO access_requests (id, key, agent, state, created, expires, body)
  VALUES (?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (id) DO UPDATE SET state = excluded.state, expires = excluded.expires,
    body = excluded.body`

/** What `stateAt` says, for many at once. A question mark is the moment, Unix ms. */
const IN_STATE = {
  pending: "state = 'pending' AND expires > ?",
  approved: "state = 'approved' AND expires > ?",
  denied: "state = 'denied' AND expires > ?",
  expired: 'expires <= ?',
} as const

const MOST_LISTED = 1000

/** What the agents of one tenant asked for, in the SQLite storage of its object. */
export class AccessTable {
  readonly #sql: SqlStorage

  /** Makes its table, `access_requests`, when it is not there. */
  constructor(sql: SqlStorage) {
    this.#sql = sql
    for (const table of TABLES) sql.exec(table)
  }

  /** As it stands at that moment, Unix ms. */
  byId(id: string, now: number): AccessRequest | null {
    const [found] = this.#all('WHERE id = ?', id)
    return found ? standing(found, now) : null
  }

  /** Newest first, as they stand at that moment, Unix ms. */
  list({ state, limit }: AccessFilter, now: number): readonly AccessRequest[] {
    const most = Math.trunc(Math.min(MOST_LISTED, Math.max(1, limit)))
    const wanted = state === undefined ? '? > 0' : IN_STATE[state]
    const found = this.#all(`WHERE ${wanted} ORDER BY created DESC, id DESC LIMIT ?`, now, most)
    return found.map((each) => standing(each, now))
  }

  /** What `requesting` has to know. */
  known(ask: AccessAsk, now: number): KnownRequests {
    const [same] = this.#all('WHERE key = ? ORDER BY created DESC LIMIT 1', keyOf(ask))
    return {
      same: same ?? null,
      pending: () => ({ agent: this.#pending(now, ask.agent), tenant: this.#pending(now) }),
    }
  }

  /** Stores a request, new or changed. */
  put(request: AccessRequest): void {
    const { id, key, ask, state, created, expires } = request
    const body = JSON.stringify(request)
    this.#sql.exec(PUT, id, key, ask.agent, state, created, expires, body)
  }

  /** Forgets those that ended before that moment, Unix ms. */
  forget(before: number): void {
    this.#sql.exec('DELETE FROM access_requests WHERE expires < ?', before)
  }

  #pending(now: number, agent?: string): number {
    const one = agent === undefined ? '' : 'AND agent = ?'
    const query = `SELECT count(*) AS count FROM access_requests WHERE ${IN_STATE.pending} ${one}`
    const values = agent === undefined ? [now] : [now, agent]
    return this.#sql.exec<{ count: number }>(query, ...values).one().count
  }

  #all(rest: string, ...values: readonly (string | number)[]): AccessRequest[] {
    const query = `SELECT body FROM access_requests ${rest}`
    const rows = this.#sql.exec<{ body: string }>(query, ...values)
    return rows.toArray().map(({ body }): AccessRequest => JSON.parse(body))
  }
}

function standing(request: AccessRequest, now: number): AccessRequest {
  return { ...request, state: stateAt(request, now) }
}
