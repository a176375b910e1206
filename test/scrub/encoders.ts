/** What encoders make of a text, written anew: nothing of src/scrub is in here. */

const encoder = new TextEncoder()

export function latin(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
}

/** Bytes of which each character of a string is one. */
export function raw(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0))
}

const utf8 = (text: string): string => latin(encoder.encode(text))
const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0')
const each = (text: string, write: (char: string) => string): string =>
  Array.from(text, write).join('')

/** Percent-encodes all but what `kept` matches. */
function percent(text: string, kept: RegExp): string {
  return each(utf8(text), (byte) =>
    kept.test(byte) ? byte : `%${hex(byte.charCodeAt(0), 2).toUpperCase()}`,
  )
}

const lower = (text: string): string =>
  text.replaceAll(/%(?:25)?[\dA-F]{2}/g, (code) => code.toLowerCase())

function unicode(text: string, escaped: RegExp): string {
  return each(JSON.stringify(text).slice(1, -1), (char) =>
    escaped.test(char) ? each2(char, (unit) => String.raw`\u${hex(unit, 4)}`) : char,
  )
}

function each2(char: string, write: (unit: number) => string): string {
  return Array.from({ length: char.length }, (_, at) => write(char.charCodeAt(at))).join('')
}

const everyUnit = (text: string): string => each2(text, (unit) => String.raw`\u${hex(unit, 4)}`)

const HTML: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function base64(text: string, before: string, after: string): string {
  return btoa(before + utf8(text) + after)
}

const urlSafe = (text: string): string => text.replaceAll('+', '-').replaceAll('/', '_')

function utf16(text: string, little: boolean): string {
  return each2(text, (unit) => {
    const [high, low] = [String.fromCharCode(unit >> 8), String.fromCharCode(unit & 255)]
    return little ? low + high : high + low
  })
}

/** Each form by its name, as bytes. What it has of the secret alone is what has to go. */
export const ENCODERS: Readonly<Record<string, (text: string) => string>> = {
  plain: utf8,
  'percent, as encodeURIComponent': encodeURIComponent,
  'percent, as encodeURI': (text) => encodeURI(text),
  'percent, RFC 3986': (text) => percent(text, /[\w.~-]/),
  'percent, every byte': (text) => percent(text, /(?!)/),
  'percent, every byte, lower case': (text) => lower(percent(text, /(?!)/)),
  'percent, lower case': (text) => lower(percent(text, /[\w.~-]/)),
  'percent, twice': (text) => encodeURIComponent(encodeURIComponent(text)),
  'percent, twice, lower case': (text) => lower(percent(text, /[\w.~-]/)).replaceAll('%', '%25'),
  'a form': (text) => new URLSearchParams([['', text]]).toString().slice(1),
  JSON: (text) => utf8(JSON.stringify(text).slice(1, -1)),
  'JSON with \\/': (text) => utf8(JSON.stringify(text).slice(1, -1).replaceAll('/', '\\/')),
  'JSON in JSON': (text) => utf8(JSON.stringify(JSON.stringify(text)).slice(3, -3)),
  'JSON, ASCII only': (text) => unicode(text, /[^ -~]/),
  'JSON, upper case': (text) =>
    everyUnit(text).replaceAll(/\\u(....)/g, (_, code: string) => `\\u${code.toUpperCase()}`),
  'JSON, all escapes': everyUnit,
  'HTML, named': (text) => utf8(each(text, (char) => HTML[char] ?? char)),
  'HTML, decimal': (text) => each(text, (char) => `&#${char.codePointAt(0)};`),
  'HTML, hex': (text) => each(text, (char) => `&#x${hex(char.codePointAt(0) ?? 0, 2)};`),
  'HTML, hex, upper case': (text) =>
    each(text, (char) => `&#x${hex(char.codePointAt(0) ?? 0, 2).toUpperCase()};`),
  'HTML, as PHP': (text) =>
    utf8(each(text, (char) => (char === "'" ? '&#039;' : (HTML[char] ?? char)))),
  hex: (text) => each(utf8(text), (byte) => hex(byte.charCodeAt(0), 2)),
  'hex, upper case': (text) => each(utf8(text), (byte) => hex(byte.charCodeAt(0), 2).toUpperCase()),
  'UTF-16, little end first': (text) => utf16(text, true),
  'UTF-16, big end first': (text) => utf16(text, false),
}

/** Base64 with something before and after it, so that each alignment and each end is seen. */
export const ALIGNED: Readonly<Record<string, (text: string) => string>> = Object.fromEntries(
  ['', 'a', 'ab', 'abc', 'user:'].flatMap((before) =>
    ['', 'z', 'zy'].flatMap((after) => {
      const name = `base64 of ${before}…${after}`
      return [
        [name, (text: string) => base64(text, before, after)],
        [
          `${name}, URL-safe, no padding`,
          (text: string) => urlSafe(base64(text, before, after)).replaceAll('=', ''),
        ],
      ] as const
    }),
  ),
)

/** How many characters of base64 are the same whatever stands around the text. */
export function stableIn(text: string): number {
  return Math.floor((encoder.encode(text).length * 8 - 6) / 6) - 1
}
