import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { bounded } from '../../src/audit/bounded.ts'
import { canonical } from '../../src/audit/canonical.ts'
import { checkpointOf, genesis, lineOf, link, textOf } from '../../src/audit/chain.ts'
import type { LedgerRecord, NewRecord } from '../../src/audit/record.ts'
import vectors from '../vectors/audit_chain.json'
import { anEvent, anEventText, checked, named, offline } from './world.ts'

/** Records as another program made them. */
const RECORDS = vectors.records as unknown as readonly LedgerRecord[]

/** A chain of so many records, as lines. */
function chain(many: number, tenant = 'acme', path = '/'): string[] {
  let prev = genesis(tenant)
  return Array.from({ length: many }, (_, index) => {
    const record = {
      kind: 'call' as const,
      event: anEvent({ path: `${path}${index + 1}` }),
      seq: index + 1,
      tenant,
      recorded: '2026-11-22T12:00:00.000Z',
    }
    const hash = link(textOf(record), prev)
    const line = lineOf({ ...record, prev, hash })
    prev = hash
    return line
  })
}

const LINES = chain(9)
const at = (seq: number): string => LINES[seq - 1] ?? ''
const headAt = (seq: number) => ({ seq, hash: (JSON.parse(at(seq)) as LedgerRecord).hash })

/** The line of another record at that place, with the hash that it should have. */
function replaced(seq: number): string {
  const record = JSON.parse(at(seq)) as LedgerRecord
  const other = { ...record, tenant: 'other' }
  return lineOf({ ...other, hash: link(textOf(other), record.prev) })
}

describe('canonical form', () => {
  it.each([
    [
      'keys by code unit',
      { b: 1, a: 2, B: 3, '10': 4, '9': 5 },
      '{"10":4,"9":5,"B":3,"a":2,"b":1}',
    ],
    // RFC 8785 §3.2.3: by UTF-16 code unit, so a surrogate goes before U+FB33.
    ['keys beyond the first plane', { '\uFB33': 1, '\u{1F600}': 2 }, '{"\u{1F600}":2,"\uFB33":1}'],
    ['every depth', [{ b: { d: 1, c: [{ z: 1, y: 2 }] } }], '[{"b":{"c":[{"y":2,"z":1}],"d":1}}]'],
    ['escapes of JSON and no others', '"\\/\b\n\u0007\u2028é', '"\\"\\\\/\\b\\n\\u0007\u2028é"'],
    ['a lone surrogate', '\uD800x', String.raw`"\ud800x"`],
    ['numbers', [0, -0, 1e21, Number.MAX_SAFE_INTEGER], '[0,0,1e+21,9007199254740991]'],
    ['what JSON does not know', [undefined, NaN, { a: undefined }], '[null,null,{}]'],
    [
      'names of Object',
      JSON.parse('{"toString":1,"__proto__":{"a":1}}'),
      '{"__proto__":{"a":1},"toString":1}',
    ],
  ])('%s', (_, value, text) => {
    expect(canonical(value)).toBe(text)
  })

  it('is the same for any order of keys, and what is read from it is the same again', () => {
    const shuffled = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map((each) => shuffled(each))
      if (typeof value !== 'object' || value === null) return value
      return Object.fromEntries(
        Object.entries(value)
          .toReversed()
          .map(([key, each]) => [key, shuffled(each)]),
      )
    }
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
        const text = canonical(value)
        expect(canonical(shuffled(value))).toBe(text)
        expect(canonical(JSON.parse(text))).toBe(text)
      }),
    )
  })
})

describe('the chain', () => {
  it('is what another program makes of the same records', () => {
    expect(genesis(vectors.tenant)).toBe(vectors.genesis)
    for (const record of RECORDS) expect(link(textOf(record), record.prev)).toBe(record.hash)
    expect(offline(RECORDS.map((record) => lineOf(record)))).toEqual([])
  })

  it.each<[string, readonly (string | null)[], readonly string[]]>([
    ['whole', LINES, []],
    ['one changed', LINES.with(4, at(5).replace('claude', 'gaulle')), ['5 edited']],
    ['the first changed', LINES.with(0, at(1).replace('claude', 'gaulle')), ['1 edited']],
    ['the last changed', LINES.with(8, at(9).replace('claude', 'gaulle')), ['9 edited']],
    ['its number changed', LINES.with(4, at(5).replace('"seq":5', '"seq":500')), ['5 edited']],
    ['its prev changed', LINES.with(4, at(5).replace('"prev":"', '"prev":"f')), ['5 unreadable']],
    ['one replaced, with its hash', LINES.with(4, replaced(5)), ['5 edited']],
    [
      'two changed',
      LINES.map((line) => line.replace(/claude(?=.*"seq":[56],)/, 'x')),
      ['5-6 edited'],
    ],
    ['one removed', LINES.toSpliced(4, 1), ['5 removed']],
    ['three removed', LINES.toSpliced(4, 3), ['5-7 removed']],
    [
      'one removed, the next changed',
      LINES.with(5, at(6).replace('claude', 'x')).toSpliced(4, 1),
      ['5 removed', '6 edited'],
    ],
    ['two swapped', LINES.with(4, at(6)).with(5, at(5)), ['5 reordered']],
    ['two apart swapped', LINES.with(2, at(7)).with(6, at(3)), ['3-6 reordered']],
    ['one moved to the end', [...LINES.toSpliced(4, 1), at(5)], ['5 reordered']],
    ['one twice', LINES.toSpliced(5, 0, at(5)), ['5 duplicated']],
    ['one again at the end', [...LINES, at(5)], ['5 duplicated']],
    ['one in the place of another', LINES.with(4, at(3)), ['3 duplicated', '5 removed']],
    ['the first removed', LINES.slice(1), ['2 wrong start']],
    ['the first three removed', LINES.slice(3), ['4 wrong start']],
    [
      'of another tenant',
      [lineOf({ ...(JSON.parse(at(1)) as LedgerRecord), tenant: 'other' }), ...LINES.slice(1)],
      ['1 edited', '1 wrong start'],
    ],
    ['a first line that is no JSON', LINES.with(0, '{'), ['1 unreadable']],
    ['nothing that can be read', ['{', '}'], []],
    ['a line that is no JSON', LINES.with(4, '{"seq":5'), ['5 unreadable']],
    ['bytes that are no text', [...LINES.slice(0, 4), null, ...LINES.slice(5)], ['5 unreadable']],
    ['a line too many', LINES.toSpliced(4, 0, 'hello'), ['5 unreadable']],
    ['a blank in a line', LINES.with(4, at(5).replace(',', ', ')), ['5 respelt']],
    ['a key twice', LINES.with(4, at(5).replace('{', '{"seq":9,')), ['5 respelt']],
  ])('%s', (_, lines, faults) => {
    expect(offline(lines)).toEqual(faults)
  })

  it.each<[string, number, { seq: number; hash: string }, readonly string[]]>([
    ['the last one', 9, headAt(9), []],
    ['an earlier one', 9, headAt(4), []],
    ['records removed at the end', 6, headAt(9), ['7-9 truncated']],
    ['a chain written anew', 9, { seq: 4, hash: 'f'.repeat(64) }, ['4 edited']],
  ])('with a head that was noted: %s', (_, many, head, faults) => {
    expect(offline(LINES.slice(0, many), head)).toEqual(faults)
  })

  it('follows a head that was noted, when the export begins there', () => {
    expect(checked(LINES.slice(3), headAt(3))).toMatchObject({ start: 'given head', faults: [] })
    expect(checked(LINES.slice(5), headAt(3))).toMatchObject({ start: null, headChecked: false })
  })

  it('shows any byte that was changed in an exported line', { timeout: 30_000 }, () => {
    const lines = chain(3, 'acme', '/é\u2028\uD800\u001F\\"')
    const bytes = lines.map((line) => new TextEncoder().encode(line))
    const read = (line: Uint8Array): string | null => {
      try {
        return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(line)
      } catch {
        return null
      }
    }
    fc.assert(
      fc.property(fc.nat(2), fc.nat(), fc.integer({ min: 1, max: 255 }), (index, place, flip) => {
        const line = bytes[index] ?? new Uint8Array()
        const where = place % line.length
        const changed = line.with(where, (line[where] ?? 0) ^ flip)
        const { faults } = checked(lines.map((each, i) => (i === index ? read(changed) : each)))
        expect(faults.map((fault) => named(fault))).not.toEqual([])
        expect(faults.some(({ seq, through }) => seq <= index + 1 && index + 1 <= through)).toBe(
          true,
        )
      }),
      { numRuns: 1500 },
    )
  })

  it.each([
    ['the record that says so', { through: 5, hash: 'x' }, { seq: 5, hash: 'x' }],
    ['one that says it wrongly', { through: '5', hash: 'x' }, null],
  ])('a checkpoint: %s', (_, details, head) => {
    const control = { at: '', action: 'audit.pruned', by: 'outpost', target: 'acme', details }
    const record = { kind: 'control' as const, control, seq: 6, tenant: 'acme' }
    expect(checkpointOf({ ...record, recorded: '', prev: '', hash: '' })).toEqual(head)
  })
})

describe('a record that is too long', () => {
  const long = 'x'.repeat(100_000)
  const many = Object.fromEntries(
    Array.from({ length: 500 }, (_, n) => [`${n}${long.slice(0, 999)}`, long.slice(0, 999)]),
  )
  it.each<[string, NewRecord]>([
    ['a path', { kind: 'call', event: anEventText({ path: long }) }],
    [
      'every text of it',
      {
        kind: 'call',
        event: anEventText(
          Object.fromEntries(
            Object.entries(anEvent()).map(([key, value]) => [
              key,
              typeof value === 'string' ? long : value,
            ]),
          ),
        ),
      },
    ],
    [
      'texts of escapes',
      {
        kind: 'call',
        event: anEventText({
          path: '\u0000'.repeat(20_000),
          query_keys: Array.from({ length: 90 }, () => '\uD800'.repeat(3000)),
        }),
      },
    ],
    [
      'a list',
      {
        kind: 'call',
        event: anEventText({ query_keys: Array.from({ length: 9000 }, () => 'key') }),
      },
    ],
    [
      'details',
      { kind: 'control', control: { at: '', action: '', by: '', target: '', details: many } },
    ],
    [
      'counts',
      {
        kind: 'refusals',
        refusals: {
          since: '',
          until: '',
          counts: Object.fromEntries(Object.keys(many).map((key) => [key, 1])),
        },
      },
    ],
  ])('%s is cut', (_, record) => {
    const cut = bounded(record)
    expect(canonical(cut).length).toBeLessThanOrEqual(16_384)
    expect(Object.keys(cut)).toEqual(Object.keys(record))
    expect(canonical(cut)).toContain('…')
  })

  it('keeps what is short', () => {
    const event = anEvent({ path: long })
    expect(bounded(event)).toEqual({ ...event, path: `${long.slice(0, 1024)}…` })
    expect(bounded(anEvent())).toEqual(anEvent())
  })
})
