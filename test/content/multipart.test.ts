import { describe, expect, it } from 'vitest'

import { Unreadable } from '../../src/content/content.ts'
import { readMultipart } from '../../src/content/multipart.ts'
import { field, multipartOf } from './of.ts'

function read(body: string | Uint8Array, boundary = 'x') {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
  return readMultipart(bytes, boundary).map(({ name, value }) => [
    name,
    value?.is === 'text' ? value.text : value?.is,
  ])
}

const FILE = 'Content-Disposition: form-data; name="f"; filename="a.txt"'
const A = field('a', '1')

describe('what is read', () => {
  it.each([
    ['a field', multipartOf(A), [['a', '1']]],
    ['no line behind the last', multipartOf(A).slice(0, -2), [['a', '1']]],
    [
      'two',
      multipartOf(A, field('b', 'x\r\ny')),
      [
        ['a', '1'],
        ['b', 'x\r\ny'],
      ],
    ],
    ['nothing in it', multipartOf(field('a', '')), [['a', '']]],
    ['UTF-8', multipartOf(field('né', '€😀')), [['né', '€😀']]],
    ['a file', multipartOf(`${FILE}\r\nContent-Type: text/plain\r\n\r\n--y\r\n`), [['f', 'file']]],
    [
      'a file with another name',
      multipartOf(
        `Content-Disposition: form-data; name="f"; filename="a"; filename*=UTF-8''%e2\r\n\r\n1`,
      ),
      [['f', 'file']],
    ],
    [
      'a type and a length',
      multipartOf(
        'Content-Type: text/plain; charset=utf-8\r\ncontent-disposition: form-data; name=a\r\nContent-Length: 1\r\n\r\n1',
      ),
      [['a', '1']],
    ],
    ['a line end in the text', multipartOf(field('a', '\r\n')), [['a', '\r\n']]],
    ['almost the boundary', multipartOf(field('a', '-- x --y -x')), [['a', '-- x --y -x']]],
  ])('%s', (_, body, expected) => {
    expect(read(body)).toEqual(expected)
  })

  it('what the runtime writes', async () => {
    const form = new FormData()
    form.append('a', '1')
    form.append('items[0][b]', 'é\r\n"')
    form.append('file', new Blob([Uint8Array.from([0, 255, 13, 10])]), 'a.bin')
    const request = new Request('https://x.test', { method: 'POST', body: form })
    const boundary = request.headers.get('content-type')?.split('boundary=')[1] ?? ''
    expect(read(new Uint8Array(await request.arrayBuffer()), boundary.replaceAll('"', ''))).toEqual(
      [
        ['a', '1'],
        ['items[0][b]', 'é\r\n"'],
        ['file', 'file'],
      ],
    )
  })
})

describe('what is refused', () => {
  it.each([
    ['nothing', ''],
    ['no part', '--x--\r\n'],
    ['a preamble', `hello\r\n${multipartOf(A)}`],
    ['an empty line before it', `\r\n${multipartOf(A)}`],
    ['an epilogue', `${multipartOf(A)}more`],
    ['a second end', `${multipartOf(A)}\r\n--x--\r\n`],
    ['a part behind the end', `${multipartOf(A)}${multipartOf(field('a', '2'))}`],
    ['no end', `--x\r\n${A}\r\n`],
    ['no end', `--x\r\n${A}\r\n--x`],
    ['no end', `--x\r\n${A}`],
    ['half an end', `--x\r\n${A}\r\n--x-`],
    ['bare line feeds', multipartOf(A).replaceAll('\r\n', '\n')],
    ['a boundary behind a bare line feed', multipartOf(field('b', `\n--x\n${A}`))],
    ['a boundary inside a line', multipartOf(field('b', 'y--x'))],
    ['a longer boundary', multipartOf(field('b', '\r\n--xy\r\n'))],
    ['blanks behind a boundary', multipartOf(A).replace('--x\r\n', '--x \r\n')],
    ['a boundary in a file', multipartOf(`${FILE}\r\n\r\n--x`)],
    ['no headers', multipartOf('\r\n1')],
    ['no blank line', multipartOf('Content-Disposition: form-data; name="a"')],
    ['no disposition', multipartOf('Content-Type: text/plain\r\n\r\n1')],
    ['two dispositions', multipartOf(`Content-Disposition: form-data; name="b"\r\n${A}`)],
    ['two types', multipartOf(`Content-Type: text/plain\r\nContent-Type: text/plain\r\n${A}`)],
    ['a folded header', multipartOf('Content-Disposition: form-data;\r\n name="a"\r\n\r\n1')],
    ['a blank before the colon', multipartOf('Content-Disposition : form-data; name="a"\r\n\r\n1')],
    ['a blank before a header', multipartOf(` Content-Type: text/plain\r\n${A}`)],
    ['another disposition', multipartOf('Content-Disposition: attachment; name="a"\r\n\r\n1')],
    ['no name', multipartOf('Content-Disposition: form-data\r\n\r\n1')],
    ['an empty name', multipartOf(field('', '1'))],
    ['two names', multipartOf('Content-Disposition: form-data; name="a"; name="b"\r\n\r\n1')],
    ['two names', multipartOf('Content-Disposition: form-data; name="a"; Name="b"\r\n\r\n1')],
    [
      'another name',
      multipartOf(`Content-Disposition: form-data; name="a"; name*=UTF-8''b\r\n\r\n1`),
    ],
    [
      'a name in parts',
      multipartOf('Content-Disposition: form-data; name*0="a"; name*1="b"\r\n\r\n1'),
    ],
    ['an escape in a name', multipartOf('Content-Disposition: form-data; name="a\\"b"\r\n\r\n1')],
    ['an open quote', multipartOf('Content-Disposition: form-data; name="a\r\n\r\n1')],
    ['text behind it', multipartOf('Content-Disposition: form-data; name="a"x\r\n\r\n1')],
    ['another parameter', multipartOf('Content-Disposition: form-data; name="a"; size=1\r\n\r\n1')],
    ['a tab in it', multipartOf('Content-Disposition: form-data;\tname="a"\r\n\r\n1')],
    ['an encoding', multipartOf(`Content-Transfer-Encoding: base64\r\n${A}`)],
    ['an encoding', multipartOf(`Content-Transfer-Encoding: quoted-printable\r\n${A}`)],
    ['parts in it', multipartOf(`Content-Type: multipart/mixed; boundary=y\r\n${A}`)],
    ['another character set', multipartOf(`Content-Type: text/plain; charset=utf-16\r\n${A}`)],
    ['another character set', multipartOf(field('_charset_', 'utf-7'))],
    ['a NUL in a header', multipartOf('Content-Disposition: form-data; name="a\0"\r\n\r\n1')],
  ])('%s', (_, body) => {
    expect(() => read(body)).toThrow(Unreadable)
  })

  it.each(['', 'a b', 'é', 'x'.repeat(71), 'x\r\n', 'x"'])('the boundary %j', (boundary) => {
    expect(() => read(multipartOf(A), boundary)).toThrow(Unreadable)
  })

  it('text that is not UTF-8', () => {
    const bytes = new TextEncoder().encode(multipartOf(field('a', '1')))
    bytes[bytes.indexOf(0x31)] = 0xff
    expect(() => read(bytes)).toThrow(Unreadable)
  })
})
