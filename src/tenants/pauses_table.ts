import { scopeKey } from '../pauses/pause.ts'
import type { Pause, PauseScope } from '../pauses/pause.ts'

const TABLE = `CREATE TABLE IF NOT EXISTS pauses (
  scope TEXT PRIMARY KEY,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID`

/** What is paused in one tenant, in the SQLite storage of its object. */
export class PausesTable {
  readonly #sql: SqlStorage

  /** Makes its table, `pauses`, when it is not there. */
  constructor(sql: SqlStorage) {
    this.#sql = sql
    sql.exec(TABLE)
  }

  all(): readonly Pause[] {
    return this.#sql
      .exec<{ body: string }>('SELECT body FROM pauses ORDER BY scope')
      .toArray()
      .map(({ body }): Pause => JSON.parse(body))
  }

  /** In place of an earlier one of the same scope. */
  put(pause: Pause): void {
    this.#sql.exec(
      'INSERT OR REPLACE INTO pauses (scope, body) VALUES (?, ?)',
      scopeKey(pause.scope),
      JSON.stringify(pause),
    )
  }

  /** Whether there was one. */
  remove(scope: PauseScope): boolean {
    const key = scopeKey(scope)
    return this.#sql.exec('DELETE FROM pauses WHERE scope = ?', key).rowsWritten > 0
  }
}
