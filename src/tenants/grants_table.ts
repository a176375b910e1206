import type { Grant, GrantState } from '../grants/grant.ts'
import type { GrantFilter, GrantPage } from './stubs.ts'

const TABLES = [
  `CREATE TABLE IF NOT EXISTS grants (
    id TEXT PRIMARY KEY,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    revoked INTEGER,
    project TEXT,
    agent TEXT NOT NULL,
    body TEXT NOT NULL
  ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX IF NOT EXISTS grants_by_age ON grants (created, id)`,
  `CREATE TABLE IF NOT EXISTS grant_tokens (
    hash TEXT PRIMARY KEY,
    id TEXT NOT NULL
  ) STRICT, WITHOUT ROWID`,
]

const PUT = `INSERT INTO grants (id, created, expires, revoked, project, agent, body)
  VALUES (?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (id) DO UPDATE
  SET expires = excluded.expires, revoked = excluded.revoked, body = excluded.body`

/** What `stateOf` says, for many at once. A question mark is the moment, Unix ms. */
const IN_STATE = {
  active: 'revoked IS NULL AND expires > ?',
  expired: 'revoked IS NULL AND expires <= ?',
  revoked: 'revoked IS NOT NULL',
} as const

const MOST_LISTED = 1000

/** The grants of one tenant, in the SQLite storage of its object, and which token is of which. */
export class GrantsTable {
  readonly #sql: SqlStorage

  /** Makes its tables, `grants` and `grant_tokens`, when they are not there. */
  constructor(sql: SqlStorage) {
    this.#sql = sql
    for (const table of TABLES) sql.exec(table)
  }

  byId(id: string): Grant | null {
    return this.#one('SELECT body FROM grants WHERE id = ?', id)
  }

  /** The grant that has the token, or had it until the last rotation. */
  byHash(hash: string): Grant | null {
    return this.#one(
      'SELECT body FROM grants WHERE id = (SELECT id FROM grant_tokens WHERE hash = ?)',
      hash,
    )
  }

  /** Stores a grant in place of what it was before, which is null for a new one. */
  put(grant: Grant, before: Grant | null): void {
    const { id, created, expires, revoked, project, agent } = grant
    this.#sql.exec(PUT, id, created, expires, revoked, project, agent, JSON.stringify(grant))
    for (const { hash } of before?.tokens ?? []) {
      this.#sql.exec('DELETE FROM grant_tokens WHERE hash = ?', hash)
    }
    for (const { hash } of grant.tokens) {
      this.#sql.exec('INSERT INTO grant_tokens (hash, id) VALUES (?, ?)', hash, id)
    }
  }

  /** A page of the grants that are wanted, as they stand at that moment, Unix ms. */
  page(filter: GrantFilter, now: number): GrantPage {
    const conditions = conditionsOf(filter, now)
    if (!conditions) return { grants: [], next: null }
    const limit = Math.trunc(Math.min(MOST_LISTED, Math.max(1, filter.limit)))
    const rows = this.#sql
      .exec<Row>(
        `SELECT body FROM grants WHERE ${conditions.map(({ sql }) => sql).join(' AND ')}
         ORDER BY created DESC, id DESC LIMIT ?`,
        ...conditions.flatMap(({ values }) => values),
        limit + 1,
      )
      .toArray()
    const grants = rows.slice(0, limit).map(grantIn)
    const last = grants.at(-1)
    const more = rows.length > limit && last
    return { grants, next: more ? `${last.created}.${last.id}` : null }
  }

  /** How many there are in each state at that moment, Unix ms. */
  counts(now: number): Readonly<Record<GrantState, number>> {
    return this.#sql
      .exec<Record<GrantState, number>>(
        `SELECT count(*) FILTER (WHERE ${IN_STATE.active}) AS active,
          count(*) FILTER (WHERE ${IN_STATE.expired}) AS expired,
          count(*) FILTER (WHERE ${IN_STATE.revoked}) AS revoked
         FROM grants`,
        now,
        now,
      )
      .one()
  }

  #one(query: string, key: string): Grant | null {
    const [row] = this.#sql.exec<Row>(query, key).toArray()
    return row ? grantIn(row) : null
  }
}

interface Row {
  readonly body: string
  readonly [column: string]: SqlStorageValue
}

interface Condition {
  readonly sql: string
  readonly values: readonly (string | number)[]
}

/** null: the cursor is none of ours. */
function conditionsOf(filter: GrantFilter, now: number): readonly Condition[] | null {
  const { project, agent, state, cursor } = filter
  const conditions: Condition[] = [{ sql: 'TRUE', values: [] }]
  if (project !== undefined) conditions.push({ sql: 'project = ?', values: [project] })
  if (agent !== undefined) conditions.push({ sql: 'agent = ?', values: [agent] })
  if (state !== undefined) {
    conditions.push({ sql: IN_STATE[state], values: state === 'revoked' ? [] : [now] })
  }
  if (cursor !== undefined) {
    const [, created, id] = /^(\d{1,16})\.(\w+)$/.exec(cursor) ?? []
    if (created === undefined || id === undefined) return null
    conditions.push({ sql: '(created, id) < (?, ?)', values: [Number(created), id] })
  }
  return conditions
}

function grantIn({ body }: Row): Grant {
  const grant: Grant = JSON.parse(body)
  return grant
}
