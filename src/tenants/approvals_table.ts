import { stateAt } from '../approvals/approval.ts'
import type { Approval, ApprovalAsk } from '../approvals/approval.ts'
import { coverOf, keyOf } from '../approvals/asking.ts'
import type { Known } from '../approvals/asking.ts'
import type { ApprovalFilter } from './stubs.ts'

const TABLES = [
  `CREATE TABLE IF NOT EXISTS approvals (
    id TEXT PRIMARY KEY,
    key TEXT NOT NULL,
    cover TEXT NOT NULL,
    agent TEXT NOT NULL,
    state TEXT NOT NULL,
    scope TEXT,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    body TEXT NOT NULL
  ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX IF NOT EXISTS approvals_by_key ON approvals (key, created)`,
  `CREATE INDEX IF NOT EXISTS approvals_by_cover ON approvals (cover, expires)`,
  `CREATE INDEX IF NOT EXISTS approvals_by_end ON approvals (state, expires)`,
]

const PUT = `INSERT INTO approvals (id, key, cover, agent, state, scope, created, expires, body)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (id) DO UPDATE SET state = excluded.state, scope = excluded.scope,
    expires = excluded.expires, body = excluded.body`

/** What `stateAt` says, for many at once. A question mark is the moment, Unix ms. */
const IN_STATE = {
  pending: "state = 'pending' AND expires > ?",
  approved: "state = 'approved' AND expires > ?",
  expired: "state IN ('pending', 'approved') AND expires <= ?",
  denied: "state = 'denied' AND ? > 0",
  used: "state = 'used' AND ? > 0",
} as const

const MOST_LISTED = 1000

/** The approvals of one tenant, in the SQLite storage of its object. */
export class ApprovalsTable {
  readonly #sql: SqlStorage

  /** Makes its table, `approvals`, when it is not there. */
  constructor(sql: SqlStorage) {
    this.#sql = sql
    for (const table of TABLES) sql.exec(table)
  }

  /** As it stands at that moment, Unix ms. */
  byId(id: string, now: number): Approval | null {
    const [found] = this.#all('WHERE id = ?', id)
    return found ? standing(found, now) : null
  }

  /** Newest first, as they stand at that moment, Unix ms. */
  list({ state, limit }: ApprovalFilter, now: number): readonly Approval[] {
    const most = Math.trunc(Math.min(MOST_LISTED, Math.max(1, limit)))
    const wanted = state === undefined ? '? > 0' : IN_STATE[state]
    const found = this.#all(`WHERE ${wanted} ORDER BY created DESC, id DESC LIMIT ?`, now, most)
    return found.map((each) => standing(each, now))
  }

  /** What `asking` has to know of the call. */
  known(ask: ApprovalAsk, now: number): Known {
    const [same] = this.#all('WHERE key = ? ORDER BY created DESC LIMIT 1', keyOf(ask.subject))
    const [timed] = this.#all(
      `WHERE cover = ? AND expires > ? AND state = 'approved' AND scope <> 'once' LIMIT 1`,
      coverOf(ask),
      now,
    )
    return {
      same: same ?? null,
      timed: timed ?? null,
      pending: () => ({ agent: this.pending(now, ask.subject.agent), tenant: this.pending(now) }),
    }
  }

  /** The others that a timed scope of this one covers too: the pending ones, or those with a timed yes. */
  coveredBy(
    { cover, id }: Approval,
    state: 'pending' | 'approved',
    now: number,
  ): readonly Approval[] {
    return this.#all(
      `WHERE cover = ? AND expires > ? AND state = ? AND coalesce(scope, '') <> 'once' AND id <> ?`,
      cover,
      now,
      state,
      id,
    )
  }

  /** How many are pending, of one agent or in all. */
  pending(now: number, agent?: string): number {
    const one = agent === undefined ? '' : 'AND agent = ?'
    return this.#sql
      .exec<{ count: number }>(
        `SELECT count(*) AS count FROM approvals WHERE ${IN_STATE.pending} ${one}`,
        now,
        ...(agent === undefined ? [] : [agent]),
      )
      .one().count
  }

  /** Stores an approval, new or changed. */
  put(approval: Approval): void {
    const { id, key, cover, ask, state, scope, created, expires } = approval
    const body = JSON.stringify(approval)
    this.#sql.exec(PUT, id, key, cover, ask.agent, state, scope, created, expires, body)
  }

  /** Forgets those that ended before that moment, Unix ms. */
  forget(before: number): void {
    this.#sql.exec('DELETE FROM approvals WHERE expires < ?', before)
  }

  #all(rest: string, ...values: readonly (string | number)[]): Approval[] {
    const rows = this.#sql.exec<{ body: string }>(`SELECT body FROM approvals ${rest}`, ...values)
    return rows.toArray().map(({ body }): Approval => JSON.parse(body))
  }
}

function standing(approval: Approval, now: number): Approval {
  return { ...approval, state: stateAt(approval, now) }
}
