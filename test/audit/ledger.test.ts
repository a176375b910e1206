import { describe, expect, it } from 'vitest'

import { genesis } from '../../src/audit/chain.ts'
import type { Ledger } from '../../src/audit/ledger.ts'
import type { NewRecord } from '../../src/audit/record.ts'
import {
  aCall,
  anEvent,
  anEventText,
  calls,
  exported,
  faultsIn,
  linesOf,
  NOON,
  offline,
  withLedger,
} from './world.ts'

const DAY = 86_400_000

describe('the ledger', () => {
  it('is empty at first', () =>
    withLedger((ledger) => {
      expect(ledger.head()).toEqual({ seq: 0, hash: genesis('acme') })
      expect(ledger.append([], NOON)).toEqual([])
      expect(ledger.verify(null)).toMatchObject({ records: 0, faults: [], next: null })
      expect(ledger.counts()).toMatchObject({ records: 0 })
      expect(ledger.export(0, 10)).toEqual({ records: [], next: null })
      expect(ledger.events({})).toEqual({ events: [], next: null })
    }))

  it('has a chain that goes on where it was, whoever opens it', () =>
    withLedger(async (ledger, storage) => {
      const first = ledger.append(calls(2), NOON)
      const { Ledger: Again } = await import('../../src/audit/ledger.ts')
      const second = new Again(storage.sql, 'acme').append([aCall()], NOON + 5)
      const records = exported(ledger)
      expect(records.map(({ seq, hash }) => ({ seq, hash }))).toEqual([...first, ...second])
      expect(records.map(({ prev }) => prev)).toEqual([
        genesis('acme'),
        first[0]?.hash,
        first[1]?.hash,
      ])
      expect(records[2]).toMatchObject({
        kind: 'call',
        seq: 3,
        tenant: 'acme',
        recorded: '2026-11-22T12:00:00.005Z',
        event: anEvent(),
      })
      expect(ledger.head()).toEqual(second[0])
      expect(ledger.tail(1)).toEqual(records.slice(1))
      expect(ledger.counts().records).toBe(3)
      expect(faultsIn(ledger)).toEqual([])
    }))

  it('never goes back in time', () =>
    withLedger((ledger) => {
      for (const now of [NOON, NOON - 60_000, NOON + 1]) ledger.append([aCall()], now)
      const recorded = exported(ledger).map((record) => Date.parse(record.recorded) - NOON)
      expect(recorded).toEqual([0, 0, 1])
    }))

  it('is as it was after a transaction that was rolled back', () =>
    withLedger((ledger, storage) => {
      ledger.append([aCall()], NOON)
      const before = ledger.head()
      expect(() =>
        storage.transactionSync(() => {
          ledger.append(calls(3), NOON + 1)
          throw new Error('no')
        }),
      ).toThrow('no')
      expect(ledger.head()).toEqual(before)
      expect(ledger.append([aCall()], NOON)).toMatchObject([{ seq: 2 }])
      expect(faultsIn(ledger)).toEqual([])
    }))

  it.each<[string, readonly NewRecord[], number]>([
    ['one call', [aCall()], 2],
    ['64 calls', calls(64), 65],
    ['an opening', [{ kind: 'opened', event: anEventText() }], 2],
    ['a closing', [{ kind: 'closed', opened: 1, event: anEventText() }], 3],
  ])('writes few rows for %s', (_, records, rows) =>
    withLedger((ledger, { sql }) => {
      ledger.append([aCall()], NOON)
      let written = 0
      const exec = sql.exec.bind(sql)
      const counting = Object.create(sql, {
        exec: {
          value: (...args: Parameters<typeof exec>) => {
            const cursor = exec(...args)
            // oxlint-disable-next-line typescript/no-unsafe-argument
            const all = cursor.toArray()
            written += cursor.rowsWritten
            return { toArray: () => all }
          },
        },
      }) as SqlStorage
      const { constructor } = ledger as { constructor: unknown }
      const again = new (constructor as typeof Ledger)(counting, 'acme')
      written = 0
      again.append(records, NOON)
      expect(written).toBe(rows)
    }),
  )

  it('keeps what is strange as it is, through an export and back', () =>
    withLedger((ledger) => {
      const strange = JSON.parse(
        String.raw`{"__proto__":"a","constructor":"b","toString":1,"\ud800":"\udfff","é\u2028\u2029":"\u0000\n\r","2":true,"10":null}`,
      ) as Record<string, string>
      ledger.append(
        [
          aCall({ path: '/\uD800/\u2028/\u{1F600}/é\r\n"\\', query_keys: ['__proto__', '\uFFFD'] }),
          {
            kind: 'control',
            control: { at: '', action: 'a', by: 'admin', target: 't', details: strange },
          },
        ],
        NOON,
      )
      expect(faultsIn(ledger)).toEqual([])
      expect(offline(linesOf(ledger), ledger.head())).toEqual([])
      const [call, control] = linesOf(ledger).map(
        (line) => JSON.parse(line) as Record<string, never>,
      )
      expect(call).toMatchObject({ event: { path: '/\uD800/\u2028/\u{1F600}/é\r\n"\\' } })
      expect(control?.['control']).toMatchObject({ details: strange })
      expect(
        Object.hasOwn(
          (control?.['control'] as { details: object } | undefined)?.details ?? {},
          '__proto__',
        ),
      ).toBe(true)
    }))

  it('cuts a record that is too long', () =>
    withLedger((ledger) => {
      ledger.append([aCall({ path: 'x'.repeat(5_000_000) })], NOON)
      expect(linesOf(ledger)[0]?.length).toBeLessThan(16_384 + 500)
      expect(faultsIn(ledger)).toEqual([])
    }))

  it('exports no more than 1000 at once', () =>
    withLedger((ledger) => {
      ledger.append(calls(1005), NOON)
      expect(ledger.export(0, 5000).records).toHaveLength(1000)
      expect(ledger.export(2, 3).records.map(({ seq }) => seq)).toEqual([3, 4, 5])
      expect(ledger.tail(1000).map(({ seq }) => seq)).toEqual([1001, 1002, 1003, 1004, 1005])
      expect(ledger.export(1005, 9)).toEqual({ records: [], next: null })
    }))
})

/** All columns of a row but its key. */
const COPY = 'prev, hash, closes, body'
const place = (from: number, to: number): string =>
  `INSERT INTO audit_log (seq, ${COPY}) SELECT ${to}, ${COPY} FROM audit_log WHERE seq = ${from}`

describe('what is done to the rows', () => {
  it.each<[string, readonly string[], readonly string[], readonly string[]]>([
    ['nothing', [], [], []],
    [
      'a text edited',
      [`UPDATE audit_log SET body = replace(body, 'claude', 'x') WHERE seq = 5`],
      ['5 edited'],
      ['5 edited'],
    ],
    [
      'the first text edited',
      [`UPDATE audit_log SET body = replace(body, 'claude', 'x') WHERE seq = 1`],
      ['1 edited'],
      ['1 edited'],
    ],
    [
      'the last text edited',
      [`UPDATE audit_log SET body = replace(body, 'claude', 'x') WHERE seq = 9`],
      ['9 edited'],
      ['9 edited'],
    ],
    [
      'all texts edited',
      [`UPDATE audit_log SET body = replace(body, 'claude', 'x')`],
      ['1-9 edited'],
      ['1-9 edited'],
    ],
    [
      'a number edited in a text',
      [`UPDATE audit_log SET body = replace(body, '"seq":5', '"seq":50') WHERE seq = 5`],
      ['5 edited'],
      ['5 edited'],
    ],
    [
      'a blank put into a text',
      [`UPDATE audit_log SET body = replace(body, ',"seq":5', ', "seq":5') WHERE seq = 5`],
      ['5 edited'],
      [],
    ],
    [
      'a hash edited',
      [`UPDATE audit_log SET hash = zeroblob(32) WHERE seq = 5`],
      ['5 edited'],
      ['5 edited'],
    ],
    [
      'a prev edited',
      [`UPDATE audit_log SET prev = zeroblob(32) WHERE seq = 5`],
      ['5 edited'],
      ['5 edited'],
    ],
    [
      'a text that is none any more',
      [`UPDATE audit_log SET body = '{"event":' WHERE seq = 5`],
      ['5 edited'],
      ['5 removed'],
    ],
    [
      'a text of something else',
      [`UPDATE audit_log SET body = '[]' WHERE seq = 5`],
      ['5 edited'],
      ['5 removed'],
    ],
    [
      'an empty hash',
      [`UPDATE audit_log SET hash = zeroblob(0) WHERE seq = 5`],
      ['5 edited'],
      ['5 unreadable'],
    ],
    ['a row deleted', ['DELETE FROM audit_log WHERE seq = 5'], ['5 removed'], ['5 removed']],
    [
      'rows deleted',
      ['DELETE FROM audit_log WHERE seq IN (3, 4, 7)'],
      ['3-4 removed', '7 removed'],
      ['3-4 removed', '7 removed'],
    ],
    [
      'the first row deleted',
      ['DELETE FROM audit_log WHERE seq = 1'],
      ['1 removed'],
      ['2 wrong start'],
    ],
    [
      'the last rows deleted',
      ['DELETE FROM audit_log WHERE seq > 6'],
      ['7-9 truncated'],
      ['7-9 truncated'],
    ],
    ['all rows deleted', ['DELETE FROM audit_log'], ['1-9 truncated'], []],
    [
      'two rows swapped',
      [
        place(5, 50),
        'DELETE FROM audit_log WHERE seq = 5',
        place(6, 5),
        'DELETE FROM audit_log WHERE seq = 6',
        place(50, 6),
        'DELETE FROM audit_log WHERE seq = 50',
      ],
      ['5 reordered'],
      ['5 reordered'],
    ],
    [
      'two texts swapped',
      [
        'CREATE TABLE texts AS SELECT seq, body FROM audit_log',
        `UPDATE audit_log SET body = (SELECT body FROM texts WHERE texts.seq = 11 - audit_log.seq) WHERE seq IN (5, 6)`,
      ],
      ['5-6 edited'],
      ['5-6 edited'],
    ],
    [
      'a row in the place of another',
      ['DELETE FROM audit_log WHERE seq = 5', place(4, 5)],
      ['4 duplicated', '5 removed'],
      ['4 duplicated', '5 removed'],
    ],
    ['a row again at the end', [place(5, 10)], ['5 duplicated'], ['5 duplicated']],
    [
      'the head set back, and the rows',
      ['DELETE FROM audit_log WHERE seq > 6', 'UPDATE audit_head SET seq = 6'],
      ['6 edited'],
      ['7-9 truncated'],
    ],
    [
      'the head set back alone',
      [
        'UPDATE audit_head SET seq = 6, hash = (SELECT lower(hex(hash)) FROM audit_log WHERE seq = 6)',
      ],
      ['7-9 added'],
      [],
    ],
    ['the head deleted', ['DELETE FROM audit_head'], ['1-9 added'], []],
    [
      'a checkpoint that nobody made',
      [
        'DELETE FROM audit_log WHERE seq < 4',
        'UPDATE audit_head SET pruned_seq = 3, pruned_hash = (SELECT lower(hex(prev)) FROM audit_log WHERE seq = 4), pruned_by = 5',
      ],
      ['4 wrong start'],
      ['4 wrong start'],
    ],
  ])('%s: is found and named, in the ledger and in an export', (_, statements, inside, outside) =>
    withLedger((ledger, { sql }) => {
      ledger.append(calls(9), NOON)
      const head = ledger.head()
      for (const statement of statements) sql.exec(statement)
      expect(faultsIn(ledger)).toEqual(inside)
      const lines = linesOf(ledger)
      if (lines.length > 0) expect(offline(lines, head)).toEqual(outside)
      // Nobody is kept from looking.
      expect(ledger.events({ agent: 'claude-code@ci', since: NOON }).next).toBeNull()
      expect(ledger.tail(9)).toEqual([])
    }),
  )

  it('a row replaced together with its hash is found and named', async () => {
    const other = await withLedger((ledger, { sql }) => {
      ledger.append([...calls(4), aCall({ path: '/forged' }), ...calls(4)], NOON)
      return sql.exec('SELECT seq, hash, body FROM audit_log').toArray()
    })
    await withLedger((ledger, { sql }) => {
      ledger.append(calls(9), NOON)
      const head = ledger.head()
      const forge = (seq: number): void => {
        const { hash, body } = other[seq - 1] ?? {}
        sql.exec('UPDATE audit_log SET hash = ?, body = ? WHERE seq = ?', hash, body, seq)
      }
      forge(5)
      expect(faultsIn(ledger)).toEqual(['5 edited'])
      expect(offline(linesOf(ledger), head)).toEqual(['5 edited'])
      forge(9)
      expect(faultsIn(ledger)).toEqual(['5 edited', '9 edited'])
    })
  })

  it('nothing goes on from a head that was set back', () =>
    withLedger((ledger, { sql }) => {
      ledger.append(calls(3), NOON)
      sql.exec('DELETE FROM audit_head')
      expect(() => ledger.append([aCall()], NOON)).toThrow(/UNIQUE/)
    }))

  it('is found in every part', { timeout: 60_000 }, () =>
    withLedger((ledger, { sql }) => {
      for (let round = 0; round < 11; round += 1) ledger.append(calls(1000), NOON)
      const first = ledger.verify(null)
      expect(first).toMatchObject({ records: 5000, from: { seq: 0 }, head: { seq: 11_000 } })
      expect(first.next).toMatchObject({ seq: 5000 })
      expect(faultsIn(ledger)).toEqual([])
      sql.exec('DELETE FROM audit_log WHERE seq IN (5000, 5001, 10003)')
      sql.exec(`UPDATE audit_log SET body = replace(body, 'claude', 'x') WHERE seq = 7000`)
      // Parts begin where rows do: the second one after the removed ones.
      expect(faultsIn(ledger)).toEqual(['5000-5001 removed', '7000 edited', '10003 removed'])
    }),
  )
})

describe('pruning', () => {
  /** Three records on each of five days, the last of them today. */
  const days = (ledger: Ledger): void => {
    for (let day = 4; day >= 0; day -= 1) ledger.append(calls(3), NOON - day * DAY)
  }

  it.each([
    ['a day', 1, 9],
    ['three days', 3, 3],
    ['thirty days', 30, 0],
    ['nothing', 0, 12],
  ])('keeps %s', (_, retention, removed) =>
    withLedger((ledger) => {
      days(ledger)
      const before = exported(ledger)
      expect(ledger.prune(NOON, retention)).toEqual({ removed, more: false })
      expect(faultsIn(ledger)).toEqual([])
      const lines = linesOf(ledger)
      expect(offline(lines, ledger.head())).toEqual([])
      expect(exported(ledger).slice(0, 15 - removed)).toEqual(before.slice(removed))
      if (removed === 0) return
      expect(ledger.counts().records).toBe(15 - removed + 1)
      expect(ledger.tail(15)).toMatchObject([
        {
          kind: 'control',
          seq: 16,
          control: {
            action: 'audit.pruned',
            by: 'outpost',
            details: {
              through: removed,
              hash: before[removed - 1]?.hash,
              records: removed,
              faults: 0,
            },
          },
        },
      ])
      expect(ledger.events({ limit: 1000 }).events).toHaveLength(15 - removed + 1)
    }),
  )

  it('can remove everything, and go on', () =>
    withLedger((ledger) => {
      days(ledger)
      const head = ledger.head()
      ledger.prune(NOON + 40 * DAY, 30)
      expect(exported(ledger)).toMatchObject([{ seq: 16, prev: head.hash }])
      ledger.prune(NOON + 80 * DAY, 30)
      ledger.append(calls(2), NOON + 80 * DAY)
      expect(exported(ledger).map(({ seq }) => seq)).toEqual([17, 18, 19])
      expect(faultsIn(ledger)).toEqual([])
      expect(offline(linesOf(ledger), ledger.head())).toEqual([])
    }))

  it('goes in parts', { timeout: 60_000 }, () =>
    withLedger((ledger) => {
      for (let round = 0; round < 6; round += 1) ledger.append(calls(1000), NOON - 2 * DAY)
      const parts = [1, 2, 3].map(() => ledger.prune(NOON, 1))
      expect(parts).toEqual([
        { removed: 5000, more: true },
        { removed: 1000, more: false },
        { removed: 0, more: false },
      ])
      expect(ledger.counts().records).toBe(2)
      expect(faultsIn(ledger)).toEqual([])
      expect(offline(linesOf(ledger), ledger.head())).toEqual([])
    }),
  )

  it('shows what was done to the rest, and counts what was wrong with what is gone', () =>
    withLedger((ledger, { sql }) => {
      days(ledger)
      sql.exec(`UPDATE audit_log SET body = replace(body, 'claude', 'x') WHERE seq IN (2, 3, 14)`)
      sql.exec('DELETE FROM audit_log WHERE seq = 5')
      ledger.prune(NOON, 2)
      expect(faultsIn(ledger)).toEqual(['14 edited'])
      expect(ledger.tail(15)).toMatchObject([{ control: { details: { through: 6, faults: 3 } } }])
      sql.exec('DELETE FROM audit_log WHERE seq = 7')
      expect(faultsIn(ledger)).toEqual(['7 removed', '14 edited'])
    }))

  it('does not stop a verification that is under way', () =>
    withLedger((ledger) => {
      days(ledger)
      const [, , third] = exported(ledger)
      ledger.prune(NOON, 1)
      const part = ledger.verify(third ? { seq: 3, hash: third.hash } : null)
      expect(part).toMatchObject({ from: { seq: 9 }, faults: [], next: null })
    }))

  it('needs its record in the chain', () =>
    withLedger((ledger, { sql }) => {
      days(ledger)
      ledger.prune(NOON, 1)
      const head = ledger.head()
      sql.exec('DELETE FROM audit_log WHERE seq = 16')
      expect(faultsIn(ledger)).toEqual(['10 wrong start', '16 truncated'])
      expect(offline(linesOf(ledger), head)).toEqual(['10 wrong start', '16 truncated'])
    }))
})
