import { describe, expect, it } from 'vitest'

import { readMoment, readSpan, relative, spanText, stamp } from '../../scripts/cli/moment.ts'
import { columnsOf, cut, printable, printableJson } from '../../scripts/cli/printable.ts'
import { screenOn } from '../../scripts/cli/screen.ts'
import { serverEvents } from '../../scripts/cli/sse.ts'
import type { ServerEvent } from '../../scripts/cli/sse.ts'
import { table } from '../../scripts/cli/table.ts'

describe('printable', () => {
  it.each([
    ['plain text', 'Grüße, 日本 ✓ ❌', 'Grüße, 日本 ✓ ❌'],
    ['an escape sequence', '\u001b[2J', String.raw`\u{1b}[2J`],
    ['C1, which some terminals obey', '\u009b31m', String.raw`\u{9b}31m`],
    ['DEL', 'a\u007f', String.raw`a\u{7f}`],
    ['lines', 'a\r\nb\tc', String.raw`a\r\nb\tc`],
    ['direction', '\u202egpj.exe\u2066\u061c', String.raw`\u{202e}gpj.exe\u{2066}\u{61c}`],
    ['what is not seen', 'a\u200bb\ufeff\u3164', String.raw`a\u{200b}b\u{feff}\u{3164}`],
    ['line separators', '\u2028\u2029', String.raw`\u{2028}\u{2029}`],
    ['tags', '\u{e0061}', String.raw`\u{e0061}`],
    ['half a character', '\ud800', String.raw`\u{d800}`],
  ])('%s', (_, text, shown) => {
    expect(printable(text)).toBe(shown)
    expect(printable(shown)).toBe(shown)
  })

  it('JSON means the same', () => {
    const value = { a: ['\u009b\u202e\u{e0061}\u007f"\\\n', 'ä'] }
    const text = printableJson(value, 2)
    expect(JSON.parse(text)).toEqual(value)
    expect(text).not.toMatch(/[^\P{Cc}\n]|\p{Cf}/u)
  })
})

describe('columns', () => {
  it.each([
    ['abc', 3],
    ['日本', 4],
    ['e\u0301', 1],
    ['✓', 1],
    ['🙂', 2],
  ])('%s', (text, columns) => expect(columnsOf(text)).toBe(columns))

  it.each([
    ['abcdef', 4, 'abc…'],
    ['abcd', 4, 'abcd'],
    ['日本語', 4, '日…'],
  ])('%s in %i', (text, columns, kept) => expect(cut(text, columns)).toBe(kept))

  it('a table fits where it can, and cuts only what may be cut', () => {
    const columns = [{ head: 'ID' }, { head: 'NOTE', elastic: true }, { head: 'X', elastic: true }]
    const rows = [
      ['gr_0123456789', 'a note that is long', 'y'],
      ['gr_1', '日本語日本語日本語', '\u001b'],
    ]
    expect(table(columns, rows, 32)).toEqual([
      'ID             NOTE       X',
      'gr_0123456789  a note t…  y',
      String.raw`gr_1           日本語日…  \u{1b}`,
    ])
    expect(table(columns, rows, 10)[1]).toMatch(/^gr_0123456789 {2}a note …/)
    expect(table(columns, rows, Infinity)[1]).toBe('gr_0123456789  a note that is long  y')
  })

  it('a screen shows no secret that it knows', () => {
    let out = ''
    const sink = { write: (text: string) => (out += text) }
    const screen = screenOn(sink, sink)
    screen.hide('sentinel-secret')
    screen.hide('e') // too short to be taken out of everything
    screen.say('the sentinel-secret')
    screen.tell('a sentinel-secret')
    screen.json({ a: 'sentinel-secret' }, 'lines')
    expect(out).toBe('the [secret]\noutpost: a [secret]\n{"a":"[secret]"}\n')
  })
})

describe('time', () => {
  it.each([
    ['90', 90_000],
    ['250ms', 250],
    ['10m', 600_000],
    ['8h', 28_800_000],
    ['30d', 2_592_000_000],
    ['2w', 1_209_600_000],
    ['', null],
    ['-1h', null],
    ['1.5h', null],
    ['8 hours', null],
    ['99999999999', null],
  ])('%s is a span of %s', (text, ms) => expect(readSpan(text)).toBe(ms))

  const NOW = Date.parse('2026-11-22T10:00:00Z')
  it.each([
    ['2h', '2026-11-22T08:00:00.000Z'],
    ['2026-11-22', '2026-11-22T00:00:00.000Z'],
    ['2026-11-22T10:11', '2026-11-22T10:11:00.000Z'],
    ['2026-11-22 10:11:12', '2026-11-22T10:11:12.000Z'],
    ['2026-11-22t10:11:12.5+02:00', '2026-11-22T08:11:12.500Z'],
    ['2026-13-22', null],
    ['2026', null],
    ['yesterday', null],
  ])('%s is the moment %s', (text, iso) => {
    const at = readMoment(text, NOW)
    expect(at === null ? null : new Date(at).toISOString()).toBe(iso)
  })

  it.each([
    [5_000, 'in 5 s'],
    [-120_000, '2 min ago'],
    [8 * 3_600_000, 'in 8 h'],
    [-3 * 86_400_000, '3 d ago'],
  ])('%i ms from now', (ms, text) => expect(relative(NOW + ms, NOW)).toBe(text))

  it('shows what is no time as it is', () => {
    expect([stamp('soon'), relative('soon', NOW), spanText(90_000)]).toEqual([
      'soon',
      'soon',
      '90 s',
    ])
  })
})

describe('server-sent events', () => {
  async function eventsOf(...chunks: readonly (string | Uint8Array)[]) {
    const found: ServerEvent[] = []
    const retries: number[] = []
    async function* bytes() {
      for (const chunk of chunks) {
        yield await Promise.resolve(
          typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk,
        )
      }
    }
    const onRetry = (ms: number) => retries.push(ms)
    for await (const each of serverEvents(bytes(), { onRetry })) found.push(each)
    return { found, retries }
  }
  const record = (data: string, id = '', type = 'message') => ({ type, data, id })
  const umlaut = new TextEncoder().encode('data: ä\n\n')

  it.each([
    [
      'the three ends of a line',
      ['data: a\n\ndata: b\r\n\r\ndata: c\r\r'],
      [record('a'), record('b'), record('c')],
    ],
    ['CR and LF in two chunks', ['data: a\r', '\ndata: b\r', '\n\r', '\n'], [record('a\nb')]],
    ['one character in two chunks', [umlaut.subarray(0, 7), umlaut.subarray(7)], [record('ä')]],
    ['a byte order mark', ['\ufeffdata: a\n\n'], [record('a')]],
    [
      'an id that stays',
      ['id: 7\nevent: record\ndata: a\n\ndata: b\n\n'],
      [record('a', '7', 'record'), record('b', '7')],
    ],
    ['an id with NUL', ['id: 7\nid: 8\0\ndata: a\n\n'], [record('a', '7')]],
    [
      'comments, unknown fields and one space',
      [': hello\nx: y\ndata:  a\ndata\n\n'],
      [record(' a\n')],
    ],
    ['no data', ['event: record\n\n'], []],
    ['an end that cuts one off', ['data: a\n\ndata: b\n'], [record('a')]],
  ])('%s', async (_, chunks, found) => expect((await eventsOf(...chunks)).found).toEqual(found))

  it('tells of retry', async () => {
    expect((await eventsOf('retry: 250\nretry: x\n\n')).retries).toEqual([250])
  })

  it.each([
    ['a line', ['data: ', 'x'.repeat(600_000), 'x'.repeat(600_000)]],
    ['an event', Array.from({ length: 200 }, () => `data: ${'x'.repeat(10_000)}\n`)],
  ])('%s may not be too long', async (_, chunks) => {
    await expect(eventsOf(...chunks)).rejects.toThrow('too long')
  })
})
