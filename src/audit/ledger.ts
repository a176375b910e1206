import { bounded, MAX_RECORD } from './bounded.ts'
import { genesis, link, textOf } from './chain.ts'
import { notYetIn } from './ledger_again.ts'
import { findEvents } from './ledger_query.ts'
import { firstAfter, hashAt, readRow, rowsAfter } from './ledger_rows.ts'
import { verifyPart } from './ledger_verify.ts'
import type { Base } from './ledger_verify.ts'
import type {
  EventPage,
  EventQuery,
  ExportPage,
  Head,
  LedgerRecord,
  NewRecord,
  VerifyFrom,
  VerifyPart,
} from './record.ts'

/**
 * One row for a record, and one in all for the head: a row that is written is paid for, and so is
 * each entry of an index. There is only the index of closings, which have few entries; whatever
 * else a query asks for is read out of the text. A record that was written is never updated.
 */
const TABLES = [
  `CREATE TABLE IF NOT EXISTS audit_log (
    seq INTEGER PRIMARY KEY,
    prev BLOB NOT NULL,
    hash BLOB NOT NULL,
    closes INTEGER,
    body TEXT NOT NULL
  ) STRICT`,
  `CREATE INDEX IF NOT EXISTS audit_closings ON audit_log (closes) WHERE closes IS NOT NULL`,
  `CREATE TABLE IF NOT EXISTS audit_head (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    seq INTEGER NOT NULL,
    hash TEXT NOT NULL,
    recorded INTEGER NOT NULL,
    pruned_seq INTEGER NOT NULL,
    pruned_hash TEXT NOT NULL,
    pruned_by INTEGER NOT NULL
  ) STRICT`,
]

const INSERT = `INSERT INTO audit_log (seq, prev, hash, closes, body)
  VALUES (?, unhex(?), unhex(?), ?, ?)`
const SET_HEAD = `INSERT INTO audit_head (one, seq, hash, recorded, pruned_seq, pruned_hash, pruned_by)
  VALUES (1, ?, ?, ?, 0, ?, 0)
  ON CONFLICT (one) DO UPDATE SET seq = excluded.seq, hash = excluded.hash, recorded = excluded.recorded`
const SET_BASE = `UPDATE audit_head SET pruned_seq = ?, pruned_hash = ?, pruned_by = ?`

/** So many records are deleted at once: the object does nothing else meanwhile. */
const PRUNED_AT_ONCE = 5000
const MOST_EXPORTED = 1000
const DAY_MS = 86_400_000

/** The row of `audit_head`: the end of the chain, and where what is stored of it begins. */
interface State extends Head {
  /** Unix ms of the last record. */
  readonly recorded: number
  readonly base: Base
}

/**
 * The audit ledger of one tenant, in the SQLite storage of its object. Everything is synchronous.
 * It keeps nothing in memory, so that a transaction which is rolled back leaves it right. Writing
 * methods belong in the caller's `transactionSync`, with whatever else has to happen or not happen.
 */
export class Ledger {
  readonly #sql: SqlStorage
  readonly #tenant: string
  readonly #genesis: string

  /** Makes its tables, `audit_log` and `audit_head`, when they are not there. */
  constructor(sql: SqlStorage, tenant: string) {
    this.#sql = sql
    this.#tenant = tenant
    this.#genesis = genesis(tenant)
    for (const table of TABLES) sql.exec(table)
  }

  /**
   * Adds records to the chain, in this order, and returns their places. A record of more than
   * 16,384 characters is cut (`bounded()`). `recorded` is `now`, Unix ms, or that of the record
   * before when the clock went back.
   *
   * @throws when the storage is full, or has records beyond the head: then nothing may go on.
   */
  append(records: readonly NewRecord[], now: number): readonly Head[] {
    if (records.length === 0) return []
    const state = this.#state()
    const at = Math.max(now, state.recorded)
    const recorded = new Date(at).toISOString()
    const added: Head[] = []
    let { seq, hash: prev } = state
    for (const record of records) {
      seq += 1
      const text = boundedText(record, { seq, tenant: this.#tenant, recorded })
      const hash = link(text, prev)
      const closes = record.kind === 'closed' ? record.opened : null
      this.#sql.exec(INSERT, seq, prev, hash, closes, text)
      added.push({ seq, hash })
      prev = hash
    }
    this.#sql.exec(SET_HEAD, seq, prev, at, this.#genesis)
    return added
  }

  /**
   * Those of these records that are not in the chain since that moment, Unix ms: for a caller who
   * does not know what became of an earlier `append`. Looks at the last 20,000 records at most.
   */
  notYet(records: readonly NewRecord[], since: number): readonly NewRecord[] {
    const { seq, base } = this.#state()
    return notYetIn(this.#sql, { after: base.seq, through: seq }, records, since)
  }

  /** The last record's place; seq 0 and the genesis when there is none. */
  head(): Head {
    const { seq, hash } = this.#state()
    return { seq, hash }
  }

  /**
   * One event for each call, newest first. A call that was opened and closed is shown as its
   * closing. Looks at 20,000 records at most: see `EventPage`.
   */
  events(query: EventQuery): EventPage {
    const { seq, base } = this.#state()
    return findEvents(this.#sql, { after: base.seq, through: seq }, query)
  }

  /**
   * The records after that seq as they are in the chain, oldest first, at most 1000 of them. A
   * record whose text is no record any more is left out; `verify` names it.
   */
  export(after: number, limit: number): ExportPage {
    const rows = rowsAfter(this.#sql, after, Math.min(limit, MOST_EXPORTED))
    return { records: rows.flatMap((row) => readRow(row) ?? []), next: rows.at(-1)?.seq ?? null }
  }

  /** As `export`, for a live view: the seq of the last one is where the next call goes on. */
  tail(after: number): readonly LedgerRecord[] {
    return rowsAfter(this.#sql, after, MOST_EXPORTED).flatMap((row) => {
      const record = readRow(row)
      // Whoever follows the numbers must not be led round in a circle.
      return record?.seq === row.seq ? record : []
    })
  }

  /** Verifies the next 5000 records after `from`; null: from the start of what is stored. */
  verify(from: VerifyFrom | null): VerifyPart {
    const { seq, hash, base } = this.#state()
    return verifyPart(this.#sql, { tenant: this.#tenant, base, head: { seq, hash }, from })
  }

  /**
   * Removes records that are older than so many days, at most 5000 of them, oldest first. Leaves a
   * checkpoint: the place of the last one removed, in `audit_head` and in a record `audit.pruned`.
   * Faults of what was removed are counted there. Call it again while `more`.
   */
  prune(now: number, retentionDays: number): { readonly removed: number; readonly more: boolean } {
    const { seq, base } = this.#state()
    const oldest = new Date(now - retentionDays * DAY_MS).toISOString()
    const kept = firstAfter(this.#sql, { after: base.seq, through: seq }, oldest)
    const through = Math.min(kept - 1, base.seq + PRUNED_AT_ONCE)
    if (through <= base.seq) return { removed: 0, more: false }
    const hash = hashAt(this.#sql, through) ?? base.hash
    const faults = this.#faultsUpTo({ seq: through, hash }, base)
    const control = {
      at: new Date(now).toISOString(),
      action: 'audit.pruned',
      by: 'outpost',
      target: this.#tenant,
      details: { through, hash, records: through - base.seq, faults },
    }
    this.#sql.exec('DELETE FROM audit_log WHERE seq > ? AND seq <= ?', base.seq, through)
    const [added] = this.append([{ kind: 'control', control }], now)
    this.#sql.exec(SET_BASE, through, hash, added?.seq ?? 0)
    return { removed: through - base.seq, more: through < kept - 1 }
  }

  /** How many records there should be, and the bytes that the object's whole database uses. */
  counts(): { readonly records: number; readonly bytes: number } {
    const { seq, base } = this.#state()
    return { records: seq - base.seq, bytes: this.#sql.databaseSize }
  }

  /** How many records have a fault. */
  #faultsUpTo(head: Head, base: Base): number {
    const wanted = { tenant: this.#tenant, base, head, from: null, through: head.seq }
    const { faults } = verifyPart(this.#sql, wanted)
    return faults.reduce((sum, { seq, through }) => sum + through - seq + 1, 0)
  }

  #state(): State {
    const [row] = this.#sql
      .exec<{
        seq: number
        hash: string
        recorded: number
        pruned_seq: number
        pruned_hash: string
        pruned_by: number
      }>('SELECT * FROM audit_head')
      .toArray()
    const start = this.#genesis
    if (!row) return { seq: 0, hash: start, recorded: 0, base: { seq: 0, hash: start, by: 0 } }
    const { seq, hash, recorded, pruned_seq, pruned_hash, pruned_by } = row
    return { seq, hash, recorded, base: { seq: pruned_seq, hash: pruned_hash, by: pruned_by } }
  }
}

/** The text of a record at its place; of a shorter record, when it is too long. */
function boundedText(record: NewRecord, place: Place): string {
  if (!('event' in record)) {
    const text = textOf({ ...record, ...place })
    return text.length <= MAX_RECORD ? text : textOf({ ...bounded(record), ...place })
  }
  const text = callText(record, place)
  if (text.length <= MAX_RECORD) return text
  const event: unknown = JSON.parse(record.event)
  return textOf({ ...bounded({ ...record, event }), ...place })
}

interface Place {
  readonly seq: number
  readonly tenant: string
  readonly recorded: string
}

/** As `textOf` says it of the event itself. */
function callText(record: Extract<NewRecord, { event: string }>, place: Place): string {
  const opened = record.kind === 'closed' ? `,"opened":${record.opened}` : ''
  const { recorded, seq, tenant } = place
  return `{"event":${record.event},"kind":"${record.kind}"${opened},"recorded":"${recorded}","seq":${seq},"tenant":${JSON.stringify(tenant)}}`
}
