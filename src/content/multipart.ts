import { Unreadable } from './content.ts'
import { textOf } from './json.ts'
import { parametersOf } from './media_type.ts'
import { checkCount } from './pairs.ts'
import type { Pair } from './pairs.ts'

/** RFC 2046 §5.1.1, without the blank that may stand inside. */
const BOUNDARY = /^[0-9a-zA-Z'()+_,./:=?-]{1,70}$/
const HEADER = /^([A-Za-z0-9-]+):[ \t]*(.*?)[ \t]*$/
/** As browsers, curl and the libraries write it: no escape, no other character set. */
const DISPOSITION = /^form-data((?:; ?[a-z]+\*?=(?:"[^"\\]*"|[^\s"\\;,]+))+)$/i

/**
 * The fields of multipart/form-data (RFC 7578), and only what every reader reads alike: nothing before
 * the first part, nor behind the last; lines that end in CRLF; the boundary nowhere but between parts;
 * no folded header, no escape in a name. What is in a file is not looked at.
 * @throws Unreadable
 */
export function readMultipart(bytes: Uint8Array, boundary: string): readonly Pair[] {
  if (!BOUNDARY.test(boundary)) throw bad('its boundary')
  // One character for a byte, so that places are those of the bytes. The bytes of texts are read below.
  const text = new TextDecoder('latin1').decode(bytes)
  // Wherever it stands: some find it in the middle of a line, and some behind a bare LF.
  const [before, ...pieces] = text.split(`--${boundary}`)
  const last = pieces.pop() ?? ''
  if (before !== '' || pieces.length === 0) throw bad('its first line')
  if (last !== '--' && last !== '--\r\n') throw bad('its last line')
  checkCount(pieces.length)
  let at = 0
  return pieces.map((piece) => {
    at += boundary.length + 2
    const from = at + 2
    at += piece.length
    if (!/^\r\n[^]*\r\n$/.test(piece)) throw bad('a line with its boundary')
    return partOf(bytes.subarray(from, at - 2), piece.slice(2, -2))
  })
}

function partOf(bytes: Uint8Array, text: string): Pair {
  const blank = text.indexOf('\r\n\r\n')
  if (blank < 0) throw bad('a part without the line behind its headers')
  const headers = headersOf(textOf(bytes.subarray(0, blank)))
  const { name, file } = named(headers.get('content-disposition') ?? '')
  if (name === '_charset_') throw bad('"_charset_"')
  checkContent(headers, file)
  if (file) return { names: [name], name, value: { is: 'file' } }
  return { names: [name], name, value: { is: 'text', text: textOf(bytes.subarray(blank + 4)) } }
}

function headersOf(text: string): ReadonlyMap<string, string> {
  const headers = new Map<string, string>()
  for (const line of text.split('\r\n')) {
    const [, name = '', value = ''] = HEADER.exec(line) ?? []
    // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
    const isText = !/[\u0000-\u0008\u000a-\u001f\u007f]/.test(line)
    if (name === '' || !isText) throw bad('a header of a part')
    const lower = name.toLowerCase()
    if (headers.has(lower)) throw bad('a header of a part that comes twice')
    headers.set(lower, value)
  }
  return headers
}

/** The name of the field, and whether it is a file. */
function named(disposition: string): { readonly name: string; readonly file: boolean } {
  if (!DISPOSITION.test(disposition)) throw bad('the Content-Disposition of a part')
  const parameters = parametersOf(disposition.slice('form-data'.length))
  const name = parameters?.get('name') ?? ''
  const known = ['name', 'filename', 'filename*']
  if (!parameters || name === '' || ![...parameters.keys()].every((key) => known.includes(key))) {
    throw bad('the Content-Disposition of a part')
  }
  return { name, file: parameters.size > 1 }
}

/** A text is UTF-8 as it stands there. */
function checkContent(headers: ReadonlyMap<string, string>, file: boolean): void {
  const coded = headers.get('content-transfer-encoding') ?? 'binary'
  if (!/^(?:7bit|8bit|binary)$/i.test(coded)) throw bad('a part that is encoded')
  const type = headers.get('content-type')
  if (file || type === undefined) return
  if (/^multipart\//i.test(type)) throw bad('a part with parts')
  const charset = /charset/i.test(type) ? parametersOf(type.slice(type.indexOf(';'))) : new Map()
  if (!/^(?:utf-?8|us-ascii)$/i.test(charset?.get('charset') ?? 'utf-8')) {
    throw bad('a part in another character set than UTF-8')
  }
}

function bad(why: string): Unreadable {
  return new Unreadable(`the body is not multipart/form-data that can be read in one way: ${why}`)
}
