const encoder = new TextEncoder()

/** Names of HTML for the characters that escapers write by name. */
const NAMED: Readonly<Record<string, string>> = {
  '&': 'amp',
  '<': 'lt',
  '>': 'gt',
  '"': 'quot',
  "'": 'apos',
}

/** Bytes as a string: a character for each byte, U+0000 to U+00FF. */
export type Bytes = string

/** A text in UTF-8. */
export function bytesOf(text: string): Bytes {
  return Array.from(encoder.encode(text), (byte) => String.fromCharCode(byte)).join('')
}

/**
 * Every way in which encoders write one character: as it is; percent-encoded once and twice; in a
 * form; escaped in JSON, and in JSON within JSON; as an entity of HTML. Hexadecimal digits in
 * either case. Which characters an encoder leaves alone differs from one to the next, so each
 * character is free to be in any of them.
 */
export function spellingsOf(char: string): readonly Bytes[] {
  const plain = bytesOf(char)
  const percent = Array.from(plain, (byte) => `%${hex(byte.charCodeAt(0), 2)}`).join('')
  const code = Array.from({ length: char.length }, (_, at) => hex(char.charCodeAt(at), 4))
  const point = char.codePointAt(0) ?? 0
  const quoted = inJson(char)
  const named = NAMED[char]
  return [
    plain,
    ...cases(percent),
    ...cases(percent.replaceAll('%', '%25')),
    ...cases(code.map((unit) => String.raw`\u${unit}`).join('')),
    ...cases(code.map((unit) => String.raw`\\u${unit}`).join('')),
    ...cases(`&#x${point.toString(16)};`),
    ...cases(`&#x${hex(point, 2)};`),
    `&#${point};`,
    `&#${String(point).padStart(3, '0')};`,
    bytesOf(quoted),
    bytesOf(inJson(quoted)),
    ...(named === undefined ? [] : [`&${named};`]),
    ...(char === '/' ? [String.raw`\/`, String.raw`\\/`] : []),
    ...(char === ' ' ? ['+', '%2B', '%2b'] : []),
  ].filter((each, at, all) => all.indexOf(each) === at)
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1)
}

/** Two-digit bytes and four-digit units: the digits alone change their case. */
function cases(text: string): readonly string[] {
  return [text, text.replaceAll(/(?<=%|%25|\\u|&#x)[\da-f]+/g, (digits) => digits.toUpperCase())]
}

/** Lower case. */
export function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0')
}
