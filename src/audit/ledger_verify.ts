import { ChainCheck, checkpointOf } from './chain.ts'
import { COLUMNS, recordOf } from './ledger_rows.ts'
import type { Row } from './ledger_rows.ts'
import type { Fault, Head, VerifyPart } from './record.ts'

/** So many records are verified at once: the object does nothing else meanwhile. */
const PART = 5000

/** The checkpoint. `by`: the seq of the record `audit.pruned` that says so; 0 before the first. */
export interface Base extends Head {
  readonly by: number
}

/** What is to be verified, and what is known beside the records. */
export interface Wanted {
  readonly tenant: string
  readonly base: Base
  /** The stored head, or the place to go to. */
  readonly head: Head
  /** null: from the checkpoint. */
  readonly from: Head | null
  /** Default: rows beyond the head too. */
  readonly through?: number
}

/** Verifies the next part of what is stored. */
export function verifyPart(sql: SqlStorage, wanted: Wanted): VerifyPart {
  const { tenant, base, head } = wanted
  const part = partOf(wanted)
  const check = new ChainCheck(part.from, part.from.hash)
  const rows = sql.exec<Row>(
    `SELECT ${COLUMNS} FROM audit_log WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?`,
    part.from.seq,
    wanted.through ?? Number.MAX_SAFE_INTEGER,
    PART,
  )
  let records = 0
  let last = part.from
  for (const row of rows) {
    check.add({ seq: seqIn(row, tenant), prev: row.prev, hash: row.hash, text: row.body })
    records += 1
    last = { seq: row.seq, hash: row.hash }
  }
  if (!part.goesOn && !isNoted(sql, base)) check.addWrongStart(base.seq + 1)
  const next = records < PART ? null : last
  const faults = check.faults(next ? null : head, true)
  return {
    tenant,
    from: part.from,
    records,
    faults: part.goesOn ? faults.map((fault) => atSeam(fault)) : faults,
    head,
    next,
  }
}

/** Where the part begins, and whether it goes on with one before. */
function partOf({ from, base }: Wanted): { readonly from: Head; readonly goesOn: boolean } {
  if (from && from.seq > base.seq) return { from, goesOn: true }
  return { from: { seq: base.seq, hash: base.hash }, goesOn: false }
}

/** At a seam between parts, the record before is the one to blame. */
function atSeam(fault: Fault): Fault {
  if (fault.what !== 'wrong start') return fault
  return { seq: fault.seq - 1, through: fault.seq - 1, what: 'edited' }
}

/** Whether the chain itself says that it was pruned up to there. */
function isNoted(sql: SqlStorage, { seq, hash, by }: Base): boolean {
  if (seq === 0) return true
  const record = recordOf(sql, by)
  const noted = record && checkpointOf(record)
  return noted?.seq === seq && noted.hash === hash
}

/** The number that a record gives itself. Its text is canonical, so the number stands at the end. */
function seqIn({ seq, body }: Row, tenant: string): number {
  if (body.endsWith(`,"seq":${seq},"tenant":${JSON.stringify(tenant)}}`)) return seq
  try {
    const said: unknown = JSON.parse(body)
    if (typeof said !== 'object' || said === null || !('seq' in said)) return seq
    return Number.isSafeInteger(said.seq) ? Number(said.seq) : seq
  } catch {
    return seq
  }
}
