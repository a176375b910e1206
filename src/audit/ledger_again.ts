import { textOf } from './chain.ts'
import type { Event, EventText } from './event.ts'
import { firstAfter, readRow, rowsAfter } from './ledger_rows.ts'
import type { Stretch } from './ledger_rows.ts'
import type { LedgerRecord, NewRecord } from './record.ts'

/** Whoever asks again has a clock of his own. */
const CLOCKS_MS = 60_000

const MOST_LOOKED_AT = 20_000

/** See `Ledger.notYet`. Nothing but a second try pays for this. */
export function notYetIn(
  sql: SqlStorage,
  { after, through }: Stretch,
  records: readonly NewRecord[],
  since: number,
): readonly NewRecord[] {
  const moment = new Date(since - CLOCKS_MS).toISOString()
  const first = firstAfter(sql, { after, through }, moment)
  const from = Math.max(first - 1, through - MOST_LOOKED_AT)
  const known = new Set(
    rowsAfter(sql, from, MOST_LOOKED_AT).flatMap((row) => {
      const record = readRow(row)
      return record ? [identity(record)] : []
    }),
  )
  return records.filter((record) => !known.has(identity(record)))
}

/** The identifier of a call is its own; what has none is known by what it says. */
function identity(record: NewRecord | LedgerRecord): string {
  switch (record.kind) {
    case 'call':
    case 'opened':
    case 'closed':
      return `${record.kind} ${idOf(record.event)}`
    case 'control':
      return `control ${textOf(record.control)}`
    case 'refusals':
      return `refusals ${textOf(record.refusals)}`
  }
}

function idOf(event: Event | EventText): string {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what `eventText` made
  return typeof event === 'string' ? (JSON.parse(event) as Event).id : event.id
}
