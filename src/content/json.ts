import { Unreadable } from './content.ts'

/** A JSON text as it was read. An object is a map, so that no name (`constructor`) is there by accident. */
export type Json = null | boolean | number | Numeral | string | readonly Json[] | JsonObject
export type JsonObject = ReadonlyMap<string, Json>

/**
 * A number that a double does not hold as it was written: `9007199254740993`, `0.1000000000000000055`,
 * `1e-400`. Another reader may take it for another number, so no rule about numbers holds for it.
 */
export class Numeral {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** As deep as lists and objects may stand in each other. */
const MAX_DEPTH = 64

const BLANKS = /[ \t\n\r]*/y
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
/** A string without an escape, which is the text between its quotes. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const PLAIN = /^"[^"\\\u0000-\u001f]*"$/
/** A double holds any fifteen digits. */
const SHORT = /^-?[0-9]{1,15}$/
const WORDS: readonly (readonly [string, null | boolean])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
]

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * RFC 8259, and only what every reader reads alike: UTF-8 without a byte order mark, no name twice in
 * an object (after unescaping), no NUL in a name, no half of a surrogate pair, no number beyond a
 * double, at most 64 levels, nothing behind the value. Takes time linear in the bytes.
 * @throws Unreadable
 */
export function readJson(bytes: Uint8Array): Json {
  return readJsonText(textOf(bytes))
}

/** The same of a text, such as one that stands in another. @throws Unreadable */
export function readJsonText(text: string): Json {
  return new Reader(text).whole()
}

/** @throws Unreadable where the bytes are not UTF-8 (RFC 3629) */
export function textOf(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch {
    throw new Unreadable('the body is not UTF-8')
  }
}

export function isObject(value: Json | undefined): value is JsonObject {
  return value instanceof Map
}

export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value)
}

class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  whole(): Json {
    if (this.#text.startsWith('\uFEFF')) throw this.#bad('it begins with a byte order mark')
    const value = this.#value(0)
    if (this.#at < this.#text.length) throw this.#bad('something follows the value')
    return value
  }

  /** With the blanks around it. */
  #value(depth: number): Json {
    this.#skip()
    const value = this.#bare(depth)
    this.#skip()
    return value
  }

  #bare(depth: number): Json {
    const first = this.#text[this.#at]
    if (first === '"') return this.#string()
    if (first === '{') return this.#object(depth + 1)
    if (first === '[') return this.#list(depth + 1)
    for (const [word, value] of WORDS) {
      if (this.#takes(word)) return value
    }
    return this.#number()
  }

  #object(depth: number): JsonObject {
    this.#enter(depth)
    const members = new Map<string, Json>()
    this.#skip()
    if (this.#takes('}')) return members
    do {
      this.#skip()
      const name = this.#string()
      if (members.has(name)) throw this.#bad('a name comes twice in an object')
      // A reader written in C ends the name there.
      if (name.includes('\0')) throw this.#bad('there is a NUL in a name')
      this.#skip()
      this.#expect(':')
      members.set(name, this.#value(depth))
    } while (this.#takes(','))
    this.#expect('}')
    return members
  }

  #list(depth: number): readonly Json[] {
    this.#enter(depth)
    const items: Json[] = []
    this.#skip()
    if (this.#takes(']')) return items
    do items.push(this.#value(depth))
    while (this.#takes(','))
    this.#expect(']')
    return items
  }

  #string(): string {
    const from = this.#at
    if (this.#text[from] !== '"') throw this.#bad('a string is missing')
    let end = from + 1
    while (end < this.#text.length && this.#text[end] !== '"') {
      end += this.#text[end] === '\\' ? 2 : 1
    }
    this.#at = end + 1
    return this.#unescaped(this.#text.slice(from, end + 1))
  }

  /** The runtime's own reader knows the escapes, and refuses control characters and a missing end. */
  #unescaped(token: string): string {
    if (PLAIN.test(token)) return token.slice(1, -1)
    let value: unknown
    try {
      value = JSON.parse(token)
    } catch {
      throw this.#bad('a string is not well-formed')
    }
    if (typeof value !== 'string') throw this.#bad('a string is not well-formed')
    if (!value.isWellFormed()) throw this.#bad('there is half of a surrogate pair')
    return value
  }

  #number(): number | Numeral {
    NUMBER.lastIndex = this.#at
    const token = NUMBER.exec(this.#text)?.[0]
    if (token === undefined) throw this.#bad('a value is missing')
    this.#at += token.length
    const number = numberIn(token)
    if (number === Infinity || number === -Infinity) throw this.#bad('a number is too large')
    return number
  }

  #enter(depth: number): void {
    if (depth > MAX_DEPTH) throw this.#bad(`it is more than ${MAX_DEPTH} levels deep`)
    this.#at += 1
  }

  #skip(): void {
    BLANKS.lastIndex = this.#at
    BLANKS.test(this.#text)
    this.#at = BLANKS.lastIndex
  }

  #takes(word: string): boolean {
    if (!this.#text.startsWith(word, this.#at)) return false
    this.#at += word.length
    return true
  }

  #expect(mark: string): void {
    if (!this.#takes(mark)) throw this.#bad(`a "${mark}" is missing`)
  }

  #bad(why: string): Unreadable {
    return new Unreadable(`the body is not JSON that can be read in one way: ${why}`)
  }
}

/** The number that a token of JSON stands for, as it was written where a double does not hold it. */
export function numberIn(token: string): number | Numeral {
  const value = Number(token)
  return !Number.isFinite(value) || isExact(token, value) ? value : new Numeral(token)
}

/** Whether a double is the number that was written, and not only one near it. */
function isExact(token: string, value: number): boolean {
  return SHORT.test(token) || digitsOf(token) === digitsOf(String(value))
}

/** A decimal number in one form: its digits without zeros around them, and where the point stands. */
function digitsOf(token: string): string {
  const [, sign = '', whole = '', part = '', power = '0'] =
    /^(-?)([0-9]+)(?:\.([0-9]+))?(?:e([+-]?[0-9]+))?$/i.exec(token) ?? []
  const digits = withoutTail(`${whole}${part}`)
  const first = digits.search(/[^0]/)
  if (first < 0) return '0'
  return `${sign}${digits.slice(first)} ${whole.length - first + Number(power)}`
}

/** Not by an expression: it would begin anew at each zero of a long run that does not end there. */
function withoutTail(digits: string): string {
  let end = digits.length
  while (end > 0 && digits[end - 1] === '0') end -= 1
  return digits.slice(0, end)
}
