/** Forms in which an upstream may write what it was sent. All take and give bytes as Latin-1. */
export const SPELLINGS: Readonly<Record<string, (bytes: string) => string>> = {
  b64: (bytes) => base64(bytes),
  b64url: (bytes) => Buffer.from(bytes, 'latin1').toString('base64url'),
  // Behind one byte more, and two: the other alignments.
  b64one: (bytes) => base64(`:${bytes}`),
  b64two: (bytes) => base64(`a:${bytes}`),
  pair: (bytes) => base64(`u:${bytes}`),
  hex: (bytes) => Buffer.from(bytes, 'latin1').toString('hex'),
  HEX: (bytes) => Buffer.from(bytes, 'latin1').toString('hex').toUpperCase(),
  percent: (bytes) => encodeURIComponent(text(bytes)),
  percents: (bytes) => each(bytes, (code) => `%${hex(code, 2)}`),
  PERCENTS: (bytes) => each(bytes, (code) => `%${hex(code, 2).toUpperCase()}`),
  percent2: (bytes) => encodeURIComponent(encodeURIComponent(text(bytes))),
  json: (bytes) => latin1(JSON.stringify(text(bytes)).slice(1, -1)),
  unicode: (bytes) => eachChar(bytes, (code) => `\\u${hex(code, 4)}`),
  UNICODE: (bytes) => eachChar(bytes, (code) => `\\u${hex(code, 4).toUpperCase()}`),
  html: (bytes) => eachChar(bytes, (code) => `&#${code};`),
  htmlx: (bytes) => eachChar(bytes, (code) => `&#x${hex(code, 2)};`),
  utf16: (bytes) => Buffer.from(text(bytes), 'utf16le').toString('latin1'),
  utf16be: (bytes) => Buffer.from(text(bytes), 'utf16le').swap16().toString('latin1'),
}

function text(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString()
}

function latin1(said: string): string {
  return Buffer.from(said).toString('latin1')
}

function base64(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('base64')
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0')
}

function each(bytes: string, spell: (code: number) => string): string {
  return Array.from(bytes, (char) => spell(char.charCodeAt(0))).join('')
}

function eachChar(bytes: string, spell: (code: number) => string): string {
  return Array.from({ length: text(bytes).length }, (_, at) =>
    spell(text(bytes).charCodeAt(at)),
  ).join('')
}
