import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'

import { ExportCheck } from '../../scripts/audit/export-check.ts'
import type { Report } from '../../scripts/audit/export-check.ts'
import { canonical } from '../../src/audit/canonical.ts'
import { lineOf } from '../../src/audit/chain.ts'
import type { Event, EventText } from '../../src/audit/event.ts'
import { Ledger } from '../../src/audit/ledger.ts'
import type { Fault, Head, LedgerRecord, NewRecord } from '../../src/audit/record.ts'

export const NOON = Date.parse('2026-11-22T12:00:00.000Z')

/** A call that was allowed. */
export function anEvent(own: Partial<Event> = {}): Event {
  return {
    id: '01JDZ0000000000000000000A1',
    at: '2026-11-22T12:00:00.000Z',
    tenant: 'acme',
    project: 'website',
    agent: 'claude-code@ci',
    host: 'ci-runners',
    client: '203.0.113.0/24',
    grant: 'gr_example',
    provider: 'github',
    method: 'GET',
    path: '/repos/acme/site/issues',
    query_keys: ['per_page'],
    operation: null,
    category: 'default',
    sensitive: false,
    decision: 'allow',
    reason: null,
    rule: 'allow[3]',
    approval: null,
    mode: 'edge',
    secret_read: true,
    secret_exposed: false,
    echoes_scrubbed: 0,
    status: 200,
    code: null,
    cache: 'BYPASS',
    duration_ms: 182,
    bytes_in: null,
    bytes_out: 1840,
    ...own,
  }
}

export function aCall(own: Partial<Event> = {}): NewRecord {
  return { kind: 'call', event: anEventText(own) }
}

/** As the ledger is given it. */
export function anEventText(own: Partial<Event> = {}): EventText {
  return canonical(anEvent(own))
}

/** So many calls, which can be told apart by their path. */
export function calls(many: number): NewRecord[] {
  return Array.from({ length: many }, (_, index) => aCall({ path: `/${index + 1}` }))
}

/** A ledger of `acme` on the real storage of an object that nobody else uses. */
export function withLedger<T>(
  work: (ledger: Ledger, storage: DurableObjectStorage) => T | Promise<T>,
): Promise<T> {
  const stub = env.LIMITS.getByName(`ledger ${crypto.randomUUID()}`)
  return runInDurableObject(stub, (_object, { storage }) =>
    work(new Ledger(storage.sql, 'acme'), storage),
  )
}

/** What `verify` finds, all parts. */
export function faultsIn(ledger: Ledger): readonly string[] {
  const found: Fault[] = []
  let part = ledger.verify(null)
  for (;;) {
    found.push(...part.faults)
    if (!part.next) return found.map((fault) => named(fault))
    part = ledger.verify(part.next)
  }
}

export function exported(ledger: Ledger): readonly LedgerRecord[] {
  const records: LedgerRecord[] = []
  let after: number | null = 0
  while (after !== null) {
    const page = ledger.export(after, 1000)
    records.push(...page.records)
    after = page.next
  }
  return records
}

/** The lines of an export, as NDJSON was read again. */
export function linesOf(ledger: Ledger): readonly string[] {
  const file = new TextEncoder().encode(
    exported(ledger)
      .map((record) => `${lineOf(record)}\n`)
      .join(''),
  )
  return new TextDecoder().decode(file).split('\n').slice(0, -1)
}

/** What the offline verifier makes of lines. */
export function checked(lines: readonly (string | null)[], head: Head | null = null): Report {
  const check = new ExportCheck(null)
  for (const line of lines) check.add(line)
  return check.report(head)
}

export function offline(lines: readonly (string | null)[], head: Head | null = null): string[] {
  return checked(lines, head).faults.map((fault) => named(fault))
}

export function named({ seq, through, what }: Fault): string {
  return seq === through ? `${seq} ${what}` : `${seq}-${through} ${what}`
}
