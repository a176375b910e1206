import type { LedgerRecord } from './record.ts'

/** A stretch of the chain: records after one seq, up to and with another. */
export interface Stretch {
  readonly after: number
  readonly through: number
}

/** A row of `audit_log`; hashes in lower-case hex. */
export interface Row {
  readonly seq: number
  readonly prev: string
  readonly hash: string
  readonly body: string
  readonly [column: string]: SqlStorageValue
}

/** The columns of `Row`. */
export const COLUMNS = 'seq, lower(hex(prev)) AS prev, lower(hex(hash)) AS hash, body'

/** Which member holds what a record is about. */
const SUBJECTS: ReadonlyMap<unknown, string> = new Map([
  ['call', 'event'],
  ['opened', 'event'],
  ['closed', 'event'],
  ['control', 'control'],
  ['refusals', 'refusals'],
])

/** The record of a row, or null when its text is not that of a record. */
export function readRow({ prev, hash, body }: Row): LedgerRecord | null {
  try {
    const said: unknown = JSON.parse(body)
    return isRecord(said) ? sorted({ ...said, prev, hash }) : null
  } catch {
    return null
  }
}

/** As far as it takes to show it. What else was done to it, the chain says. */
function isRecord(said: unknown): said is LedgerRecord {
  if (typeof said !== 'object' || said === null || !('kind' in said)) return false
  const subject = Object.getOwnPropertyDescriptor(said, SUBJECTS.get(said.kind) ?? '')
  return typeof subject?.value === 'object' && subject.value !== null
}

/** The record at that place, or null. */
export function recordOf(sql: SqlStorage, seq: number): LedgerRecord | null {
  const [row] = sql.exec<Row>(`SELECT ${COLUMNS} FROM audit_log WHERE seq = ?`, seq).toArray()
  return row ? readRow(row) : null
}

/** The hash at that place, whatever its record says; null when there is no row. */
export function hashAt(sql: SqlStorage, seq: number): string | null {
  const [row] = sql.exec<Row>(`SELECT ${COLUMNS} FROM audit_log WHERE seq = ?`, seq).toArray()
  return row?.hash ?? null
}

/** Rows after that seq, oldest first. */
export function rowsAfter(sql: SqlStorage, after: number, limit: number): readonly Row[] {
  return sql
    .exec<Row>(
      `SELECT ${COLUMNS} FROM audit_log WHERE seq > ? ORDER BY seq LIMIT ?`,
      after,
      Math.max(1, Math.trunc(limit)),
    )
    .toArray()
}

/**
 * The first place of the stretch whose record was written at or after that moment, ISO 8601;
 * `through + 1` when there is none. `recorded` never goes back, so it can be halved: twenty rows
 * are read for a million records.
 */
export function firstAfter(sql: SqlStorage, { after, through }: Stretch, moment: string): number {
  let [low, high] = [after + 1, through + 1]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if ((recordedFrom(sql, middle) ?? moment) < moment) low = middle + 1
    else high = middle
  }
  return low
}

/** When the record at that place, or the next one that can be read, was written. */
function recordedFrom(sql: SqlStorage, seq: number): string | null {
  const [row] = sql
    .exec<{ recorded: string | null }>(
      `SELECT CASE WHEN json_valid(body) THEN body ->> '$.recorded' END AS recorded
       FROM audit_log WHERE seq >= ? ORDER BY seq LIMIT 1`,
      seq,
    )
    .toArray()
  return row?.recorded ?? null
}

/** With its keys in the order of the canonical form, as far as objects keep an order. */
function sorted(record: LedgerRecord): LedgerRecord {
  const members = Object.entries(record).toSorted(([one], [other]) => (one < other ? -1 : 1))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same members
  return Object.fromEntries(members) as unknown as LedgerRecord
}
