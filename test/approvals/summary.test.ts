import { describe, expect, it } from 'vitest'

import { summaryOf } from '../../src/approvals/summary.ts'
import { redact } from '../../src/audit/redact.ts'

const TOKEN = `op_${'k'.repeat(43)}`
const KEY = 'agent-key-of-a-host'
const JSON_TYPE = 'application/json'
const FORM = 'application/x-www-form-urlencoded'
const clean = (text: string) => redact(text, [KEY])
const summary = (body: string, type: string | null = JSON_TYPE) =>
  summaryOf(new TextEncoder().encode(body), type, clean)
const escaped = (text: string) =>
  Array.from(text, (char) => `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`).join(
    '',
  )
const percent = (text: string) =>
  Array.from(text, (char) => `%${(char.codePointAt(0) ?? 0).toString(16)}`).join('')

describe('what a person is shown of a body', () => {
  it.each([
    ['nothing', '', null, 'none'],
    ['bytes', 'abc', null, 'no type, 3 bytes'],
    ['a text', 'abc', 'text/plain; charset=utf-8', 'text/plain, 3 bytes'],
    [
      'JSON',
      '{"a":"b","n":1,"l":[1,2],"o":{"x":1}}',
      JSON_TYPE,
      'application/json, 37 bytes; a: "b"; n: 1; l: [2 items]; o: {x}',
    ],
    ['a list', '[1,2]', JSON_TYPE, 'application/json, 5 bytes; value: [2 items]'],
    ['a form', 'a=b&c=d%20e', FORM, `${FORM}, 11 bytes; a: b; c: d e`],
    [
      'a secret by its name',
      '{"password":"hunter2"}',
      JSON_TYPE,
      'application/json, 22 bytes; password: [hidden]',
    ],
    [
      'a text that turns around',
      '{"a":"\u202eb\\u0007"}',
      JSON_TYPE,
      'application/json, 18 bytes; a: " b\\u0007"',
    ],
  ])('of %s', (_title, body, type, shown) => {
    expect(summary(body, type)).toBe(shown)
  })

  it.each([
    ['in clear', JSON_TYPE, (t: string) => `{"a":"${t}"}`],
    ['in clear, as a name', JSON_TYPE, (t: string) => `{"${t}":1}`],
    ['in clear, as a name within', JSON_TYPE, (t: string) => `{"a":{"${t}":1}}`],
    ['as an escape', JSON_TYPE, (t: string) => `{"a":"${escaped(t)}"}`],
    ['as an escape, alone', JSON_TYPE, (t: string) => `"${escaped(t)}"`],
    ['as an escape, as a name', JSON_TYPE, (t: string) => `{"${escaped(t)}":1}`],
    ['as an escape, as a name within', JSON_TYPE, (t: string) => `{"a":{"${escaped(t)}":1}}`],
    ['in a form', FORM, (t: string) => `a=${t}`],
    ['in percent', FORM, (t: string) => `a=${percent(t)}`],
    ['in percent, as a name', FORM, (t: string) => `${percent(t)}=1`],
    ['in the type', `text/${TOKEN}`, () => 'x'],
  ])('has no token %s', (_title, type, write) => {
    for (const secret of [TOKEN, KEY]) {
      const shown = summary(write(secret), type)
      expect(shown).not.toContain(secret)
      if (type !== `text/${TOKEN}` || secret === TOKEN) expect(shown).toContain('[redacted]')
    }
  })
})

describe('what is cut says so', () => {
  it.each([
    ['a long value', `{"a":"${'x'.repeat(200)}"}`, /x…$/],
    ['a long name', `{"${'x'.repeat(200)}":1}`, /x…: 1$/],
    ['many names within', `{"a":{${manyFields(60)}}}`, /…$/],
    ['many fields', `{${manyFields(25)}}`, /; and 5 more$/],
    ['many long fields', `{${manyFields(25, 70)}}`, /… \(\d{4} characters\)$/],
  ])('%s', (_title, body, end) => {
    expect(summary(body)).toMatch(end)
    expect(summary(body).length).toBeLessThan(1030)
  })

  it('a long type', () => {
    expect(summary('x', `text/${'y'.repeat(100)}`)).toMatch(/y…, 1 bytes$/)
  })

  it('a body that is too large to be read is its size', () => {
    const body = `{"a":"${'x'.repeat(64 * 1024)}"}`
    expect(summary(body)).toBe(`application/json, ${body.length} bytes`)
  })
})

function manyFields(count: number, length = 1): string {
  return Array.from({ length: count }, (_, n) => `"f${n}${'n'.repeat(length)}":"v"`).join(',')
}
