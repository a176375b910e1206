import { COLUMNS, firstAfter, readRow } from './ledger_rows.ts'
import type { Row, Stretch } from './ledger_rows.ts'
import { shownEvent } from './record.ts'
import type { EventPage, EventQuery } from './record.ts'

const DEFAULT_LIMIT = 100
const MAX_LIMIT = 1000

/** So many records are looked at for one page: the object does nothing else meanwhile. */
const SCANNED = 20_000

/** How far the clock of an isolate may be before the object's. */
const AHEAD_MS = 300_000

/** How long after its beginning a call may be recorded, at the most. */
const BEHIND_MS = 86_400_000

/** Where in its text a record says it. A change is found by what its details name. */
const FIELDS = {
  project: `coalesce(body ->> '$.event.project', body ->> '$.control.details.project')`,
  agent: `coalesce(body ->> '$.event.agent', body ->> '$.control.details.agent')`,
  provider: `coalesce(body ->> '$.event.provider', body ->> '$.control.details.provider')`,
  decision: `body ->> '$.event.decision'`,
} as const

const AT = `coalesce(body ->> '$.event.at', body ->> '$.control.at', body ->> '$.refusals.until')`

/** Of a call that has a closing, the opening is not shown. */
const SHOWN = `(body ->> '$.kind' <> 'opened'
  OR NOT EXISTS (SELECT 1 FROM audit_log AS later WHERE later.closes = audit_log.seq))`

interface Condition {
  readonly sql: string
  readonly value: string
}

/** A page of what was asked for, out of the stretch. What the query says in no readable way matches nothing. */
export function findEvents(sql: SqlStorage, stored: Stretch, query: EventQuery): EventPage {
  const limit = limitOf(query.limit)
  const stretch = narrowed(sql, stored, query)
  if (!stretch || stretch.after >= stretch.through) return { events: [], next: null }
  const after = Math.max(stretch.after, stretch.through - SCANNED)
  const conditions = conditionsOf(query)
  // A text that was tampered with may be no JSON: CASE looks at that first.
  const wanted = [...conditions.map((each) => each.sql), SHOWN].join(' AND ')
  const rows = sql
    .exec<Row>(
      `SELECT ${COLUMNS} FROM audit_log WHERE seq > ? AND seq <= ?
       AND CASE WHEN json_valid(body) THEN ${wanted} ELSE 0 END
       ORDER BY seq DESC LIMIT ?`,
      after,
      stretch.through,
      ...conditions.map((each) => each.value),
      limit,
    )
    .toArray()
  const looked = rows.length < limit ? after + 1 : (rows.at(-1)?.seq ?? after + 1)
  return {
    events: rows.flatMap((row) => readRow(row) ?? []).map((record) => shownEvent(record)),
    next: looked > stretch.after + 1 ? String(looked) : null,
  }
}

/** Unix ms of a moment in either form; null when it cannot be read. */
export function momentOf(moment: number | string): number | null {
  const text = typeof moment === 'string' ? moment.trim() : ''
  const ms =
    typeof moment === 'number' ? moment : /^\d+$/.test(text) ? Number(text) : Date.parse(text)
  return Math.abs(ms) <= 8.64e15 ? ms : null
}

function limitOf(limit = DEFAULT_LIMIT): number {
  return Number.isNaN(limit) ? DEFAULT_LIMIT : Math.trunc(Math.min(MAX_LIMIT, Math.max(1, limit)))
}

/** The part of the stretch in which the answer must be, or null when there can be none. */
function narrowed(sql: SqlStorage, stored: Stretch, query: EventQuery): Stretch | null {
  let { after, through } = stored
  if (query.cursor !== undefined) {
    if (!/^\d{1,15}$/.test(query.cursor)) return null
    through = Math.min(through, Number(query.cursor) - 1)
  }
  if (query.since !== undefined) {
    const since = momentOf(query.since)
    if (since === null) return null
    after = Math.max(after, firstAfter(sql, stored, iso(since - AHEAD_MS)) - 1)
  }
  if (query.until !== undefined) {
    const until = momentOf(query.until)
    if (until === null) return null
    through = Math.min(through, firstAfter(sql, stored, iso(until + BEHIND_MS)) - 1)
  }
  return { after, through }
}

function conditionsOf(query: EventQuery): readonly Condition[] {
  const conditions: Condition[] = []
  for (const field of ['project', 'agent', 'provider', 'decision'] as const) {
    const value = query[field]
    if (value !== undefined) conditions.push({ sql: `${FIELDS[field]} = ?`, value })
  }
  const bounds = [
    ['>=', query.since],
    ['<', query.until],
  ] as const
  for (const [sign, moment] of bounds) {
    const ms = moment === undefined ? null : momentOf(moment)
    if (ms !== null) conditions.push({ sql: `${AT} ${sign} ?`, value: iso(ms) })
  }
  return conditions
}

/** As records have it: the order of the texts is that of the moments, from the year 0 to 9999. */
function iso(ms: number): string {
  return new Date(Math.min(253_402_300_799_999, Math.max(0, ms))).toISOString()
}
