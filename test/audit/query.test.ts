import { describe, expect, it } from 'vitest'

import type { Ledger } from '../../src/audit/ledger.ts'
import { momentOf } from '../../src/audit/ledger_query.ts'
import type { EventQuery, NewRecord } from '../../src/audit/record.ts'
import { aCall, anEvent, anEventText, calls, NOON, withLedger } from './world.ts'

const MINUTE = 60_000
const at = (minutes: number): string => new Date(NOON + minutes * MINUTE).toISOString()

const RECORDS: readonly (readonly [number, NewRecord])[] = [
  [0, aCall({ at: at(0), path: '/1' })],
  [1, aCall({ at: at(1), path: '/2', agent: 'other', provider: 'slack' })],
  [2, aCall({ at: at(2), path: '/3', project: 'api', decision: 'deny' })],
  [3, { kind: 'opened', event: anEventText({ at: at(3), path: '/4', status: 0 }) }],
  // Begun before the one above, recorded after it.
  [4, aCall({ at: at(2.5), path: '/5' })],
  [5, { kind: 'closed', opened: 4, event: anEventText({ at: at(3), path: '/4', status: 201 }) }],
  [6, { kind: 'opened', event: anEventText({ at: at(6), path: '/7', status: 0 }) }],
  [
    7,
    {
      kind: 'control',
      control: {
        at: at(7),
        action: 'grant.created',
        by: 'admin',
        target: 'gr_example',
        details: { agent: 'other', project: 'api' },
      },
    },
  ],
  [
    8,
    {
      kind: 'refusals',
      refusals: { since: at(7), until: at(8), counts: { PROXY_UNAUTHORIZED: 7 } },
    },
  ],
  [
    9,
    aCall({
      at: at(9),
      path: '/10',
      tenant: null,
      project: null,
      agent: null,
      provider: null,
      decision: 'deny',
    }),
  ],
]

function filled(ledger: Ledger): void {
  for (const [minutes, record] of RECORDS) ledger.append([record], NOON + minutes * MINUTE)
}

const seqs = (ledger: Ledger, query: EventQuery) =>
  ledger.events(query).events.map(({ seq }) => seq)

describe('events', () => {
  it.each<[string, EventQuery, readonly number[]]>([
    ['all: one of each call, newest first', {}, [10, 9, 8, 7, 6, 5, 3, 2, 1]],
    ['of an agent, and what was done about it', { agent: 'other' }, [8, 2]],
    ['of a project', { project: 'api' }, [8, 3]],
    ['of a provider', { provider: 'slack' }, [2]],
    ['refused', { decision: 'deny' }, [10, 3]],
    ['allowed, opened ones included', { decision: 'allow' }, [7, 6, 5, 2, 1]],
    ['two things at once', { project: 'website', agent: 'other' }, [2]],
    ['of nobody', { agent: "' OR 1=1 --" }, []],
    ['since, with that moment', { since: NOON + 6 * MINUTE }, [10, 9, 8, 7]],
    ['since, as text', { since: at(6) }, [10, 9, 8, 7]],
    ['since, as text of digits', { since: String(NOON + 6 * MINUTE) }, [10, 9, 8, 7]],
    ['since, in another zone', { since: '2026-11-22T14:06:00+02:00' }, [10, 9, 8, 7]],
    ['until, without that moment', { until: at(3) }, [5, 3, 2, 1]],
    ['between', { since: at(2.5), until: at(7) }, [7, 6, 5]],
    ['since long ago', { since: -1e15 }, [10, 9, 8, 7, 6, 5, 3, 2, 1]],
    ['until long after', { until: 8.6e15 }, [10, 9, 8, 7, 6, 5, 3, 2, 1]],
    ['since tomorrow', { since: at(9999) }, []],
    ['since no moment at all', { since: 'yesterday' }, []],
    ['until no moment at all', { until: Number.NaN }, []],
    ['a few', { limit: 2 }, [10, 9]],
    ['after a cursor', { limit: 3, cursor: '9' }, [8, 7, 6]],
    ['after the last', { cursor: '1' }, []],
    ['a cursor of another making', { cursor: '9; DROP TABLE audit_log' }, []],
    ['a limit of nothing', { limit: 0 }, [10]],
    ['a limit that is none', { limit: Number.NaN }, [10, 9, 8, 7, 6, 5, 3, 2, 1]],
  ])('%s', (_, query, expected) =>
    withLedger((ledger) => {
      filled(ledger)
      expect(seqs(ledger, query)).toEqual(expected)
    }),
  )

  it('are flat, with their place in the chain', () =>
    withLedger((ledger) => {
      filled(ledger)
      const records = ledger.export(0, 1000).records
      const [stranger, refusals, control, opened, closed] = ledger.events({}).events
      const placeOf = (seq: number) => {
        const { prev, hash, recorded } = records[seq - 1] ?? {}
        return { seq, prev, hash, recorded }
      }
      expect(stranger).toEqual({
        kind: 'call',
        ...anEvent({
          at: at(9),
          path: '/10',
          tenant: null,
          project: null,
          agent: null,
          provider: null,
          decision: 'deny',
        }),
        ...placeOf(10),
      })
      expect(refusals).toEqual({
        kind: 'refusals',
        tenant: 'acme',
        at: at(8),
        since: at(7),
        until: at(8),
        counts: { PROXY_UNAUTHORIZED: 7 },
        ...placeOf(9),
      })
      expect(control).toEqual({
        kind: 'control',
        tenant: 'acme',
        at: at(7),
        action: 'grant.created',
        by: 'admin',
        target: 'gr_example',
        details: { agent: 'other', project: 'api' },
        ...placeOf(8),
      })
      expect(opened).toMatchObject({ kind: 'opened', path: '/7', ...placeOf(7) })
      expect(closed).toMatchObject({ kind: 'closed', opened: 4, status: 201, ...placeOf(6) })
    }))

  it('come in pages that miss none and repeat none', () =>
    withLedger((ledger) => {
      ledger.append(calls(250), NOON)
      const found: number[] = []
      let cursor: string | undefined
      do {
        const page = ledger.events({ cursor })
        found.push(...page.events.map(({ seq }) => seq))
        expect(page.events.length).toBeLessThanOrEqual(100)
        cursor = page.next ?? undefined
        ledger.append([aCall()], NOON)
      } while (cursor !== undefined)
      expect(found).toEqual(Array.from({ length: 250 }, (_, index) => 250 - index))
    }))

  it('are looked for in 20,000 records at a time', () =>
    withLedger((ledger, { sql }) => {
      ledger.append([aCall({ agent: 'rare' })], NOON)
      fill(sql, 25_000, 0)
      expect(ledger.events({ limit: 5000 }).events).toHaveLength(1000)
      const first = ledger.events({ agent: 'rare' })
      expect(first).toEqual({ events: [], next: '5002' })
      const second = ledger.events({ agent: 'rare', cursor: first.next ?? '' })
      expect(second).toMatchObject({ events: [{ seq: 1 }], next: null })
    }))

  it('are found by time without looking at the others', () =>
    withLedger((ledger, { sql }) => {
      ledger.append([aCall()], NOON)
      fill(sql, 30_000, MINUTE)
      // An hour of the first day, though more than 20,000 records lie above.
      const page = ledger.events({ since: at(60), until: at(120), limit: 1000 })
      expect(page.events.map(({ seq }) => seq)).toEqual(
        Array.from({ length: 60 }, (_, index) => 120 - index),
      )
    }))
})

/** So many more rows, one every `step` ms, that look like calls. They are in no chain. */
function fill(sql: SqlStorage, many: number, step: number): void {
  sql.exec(
    `WITH RECURSIVE more (seq) AS (SELECT 2 UNION ALL SELECT seq + 1 FROM more WHERE seq <= ?)
     INSERT INTO audit_log (seq, prev, hash, body)
     SELECT more.seq, prev, hash, json_set(body, '$.seq', more.seq, '$.event.agent', 'usual',
       '$.recorded', strftime('%Y-%m-%dT%H:%M:%fZ', (? + (more.seq - 1) * ?) / 1000.0, 'unixepoch'),
       '$.event.at', strftime('%Y-%m-%dT%H:%M:%fZ', (? + (more.seq - 1) * ?) / 1000.0, 'unixepoch'))
     FROM more, audit_log WHERE audit_log.seq = 1`,
    many,
    NOON,
    step,
    NOON,
    step,
  )
  sql.exec('UPDATE audit_head SET seq = seq + ?', many)
}

describe('a moment', () => {
  it.each<[number | string, number | null]>([
    [NOON, NOON],
    [String(NOON), NOON],
    [' 2026-11-22T12:00:00Z ', NOON],
    ['2026-11-22', Date.parse('2026-11-22T00:00:00Z')],
    ['', null],
    ['soon', null],
    [Infinity, null],
    [9e15, null],
  ])('%s', (text, ms) => {
    expect(momentOf(text)).toBe(ms)
  })
})
