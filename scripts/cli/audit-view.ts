import type { EventView } from './answers.ts'
import { stamp } from './moment.ts'
import { aligned, table } from './table.ts'

/** Wide enough for what is usual, so that rows which come one at a time stand under each other. */
const COLUMNS = [
  { head: 'TIME', least: 20 },
  { head: 'WHAT', least: 7 },
  { head: 'STATUS', least: 6 },
  { head: 'WHO', least: 16, elastic: true },
  { head: 'PROVIDER', least: 10, elastic: true },
  { head: 'CALL', least: 32, elastic: true },
  { head: 'WHY', elastic: true },
]

/** Events under a head, in the order given. */
export function eventTable(events: readonly EventView[], width: number): readonly string[] {
  if (events.length === 0) return ['no events']
  const columns = COLUMNS.map((column) => ({ ...column, least: 0 }))
  return table(columns, events.map(cells), width)
}

/** One event, for a list that grows. */
export function eventLine(event: EventView, width: number): string {
  return aligned(COLUMNS, [cells(event)], width).join('')
}

function cells(event: EventView): readonly string[] {
  const time = stamp(event.at ?? event.recorded ?? '')
  if (event.kind === 'control') return [time, 'control', ...controlCells(event)]
  if (event.kind === 'refusals') return [time, 'refused', '', '', '', refusalsText(event)]
  const outcome =
    event.kind === 'opened' ? ['open', ''] : [event.decision ?? '', String(event.status ?? '')]
  return [time, ...outcome, ...callCells(event)]
}

function callCells({ agent, host, provider, method, path, operation, ...event }: EventView) {
  const query = event.query_keys.length > 0 ? `?${event.query_keys.join('&')}` : ''
  const why = [event.reason ?? event.code, event.rule].filter(Boolean).join(', ')
  const does = operation === null ? '' : ` (${operation})`
  const call = `${method ?? ''} ${path ?? ''}${query}${does}`
  return [agent ?? host ?? '', provider ?? '', call, why]
}

/** The same, whether what an operator did lies flat in the event or under `control`. */
function controlCells(event: EventView): readonly string[] {
  const control = { ...event, ...fieldsOf(event['control']) }
  const details = Object.entries(fieldsOf(control['details']))
    .filter(([, value]) => value !== null)
    .map(([key, value]) => `${key}=${String(value)}`)
  const call = [control['action'], control['target']].filter((each) => typeof each === 'string')
  return ['', textOf(control['by']), '', call.join(' '), details.join(' ')]
}

function refusalsText(event: EventView): string {
  const { counts } = { ...event, ...fieldsOf(event['refusals']) } as { counts?: unknown }
  const each = Object.entries(fieldsOf(counts)).map(([code, many]) => `${String(many)} × ${code}`)
  return each.join(', ') || 'refusals, counted'
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
