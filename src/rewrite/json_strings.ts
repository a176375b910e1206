import { joined } from '../bounded.ts'
import {
  BACKSLASH,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  isBetweenDocuments,
  isBlank,
  isOfWord,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
} from './json_bytes.ts'
import { goesInto, isThere, toItem, toMember } from './places.ts'
import type { Place } from './places.ts'
import type { Steps } from './steps.ts'

/** A text of more bytes is no URL that is followed, and a key of more none that is looked for. */
const LONGEST_TEXT = 16 * 1024
const LONGEST_KEY = 1024

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()

/** An object or array in which some way goes on. */
interface Container {
  readonly isObject: boolean
  readonly places: readonly Place[]
}

/** What the next byte that is no blank has to be. */
type Expected = 'value' | 'value or end' | 'key' | 'key or end' | 'colon' | 'comma or end'

/** In the middle of what: a key, a text that may be changed, another text, a number, all of a value. */
type Within = 'key' | 'held' | 'text' | 'word' | 'value'

/**
 * Changes texts of a JSON document at some places while it streams, and nothing else: every other byte
 * goes on as it came, in the order that it came, and at once. `change` gets each text at such a place,
 * and returns what is to stand there. Documents may follow each other (https://jsonlines.org). What is
 * no JSON goes on as it is, from where it ceases to be. Memory is bounded, whatever the document.
 */
export class JsonStrings {
  readonly #root: readonly Place[]
  readonly #change: (text: string) => string
  readonly #containers: Container[] = []
  /** The ways that lead to the next value. */
  #places: readonly Place[]
  #expected: Expected = 'value'
  #within: Within | 'lost' | null = null
  #escaped = false
  /** In a value in which no way goes on: how deep. */
  #depth = 0
  #inText = false
  /** What has come of a key or held text. */
  #token: Uint8Array[] = []
  #size = 0
  /** Where in this chunk that goes on. */
  #start = 0
  /** Where in this chunk begins what has not been given out. */
  #from = 0
  #out: Uint8Array[] = []

  constructor(ways: readonly Steps[], change: (text: string) => string) {
    this.#root = ways.map((steps) => ({ steps, at: 0 }))
    this.#places = this.#root
    this.#change = change
  }

  /** What can go on now. Parts of it are parts of `chunk`. */
  push(chunk: Uint8Array): readonly Uint8Array[] {
    this.#out = []
    this.#from = 0
    this.#start = 0
    for (let at = 0; at < chunk.length;) at = this.#step(chunk, at)
    this.#keep(chunk)
    return this.#out.filter(({ length }) => length > 0)
  }

  /** What is left of a document that ends too early. */
  end(): readonly Uint8Array[] {
    const left = this.#within === 'held' ? this.#token : []
    this.#token = []
    this.#within = 'lost'
    return left
  }

  /** Reads on from `at`, and returns how far. */
  #step(chunk: Uint8Array, at: number): number {
    switch (this.#within) {
      case null:
        return this.#mark(chunk[at] ?? 0, at)
      case 'lost':
        return chunk.length
      case 'word':
        return this.#word(chunk, at)
      case 'value':
        return this.#value(chunk, at)
      case 'key':
      case 'held':
      case 'text':
        return this.#text(chunk, at)
    }
  }

  /** One byte between keys and values. */
  #mark(byte: number, at: number): number {
    if (isBlank(byte) || (this.#containers.length === 0 && isBetweenDocuments(byte))) return at + 1
    switch (this.#expected) {
      case 'colon':
        this.#expect('value', byte === COLON)
        break
      case 'comma or end':
        this.#goOn(byte)
        break
      case 'key':
      case 'key or end':
        this.#key(byte, at)
        break
      case 'value':
      case 'value or end':
        this.#begin(byte, at)
    }
    return at + 1
  }

  #expect(expected: Expected, isRight = true): void {
    this.#expected = expected
    this.#within = isRight ? null : 'lost'
  }

  #key(byte: number, at: number): void {
    if (byte === QUOTE) this.#open('key', at)
    else if (byte === CLOSE_OBJECT && this.#expected === 'key or end') this.#close()
    else this.#within = 'lost'
  }

  #goOn(byte: number): void {
    const { isObject, places } = this.#containers.at(-1) ?? { isObject: false, places: [] }
    if (byte === (isObject ? CLOSE_OBJECT : CLOSE_ARRAY)) this.#close()
    else if (byte !== COMMA) this.#within = 'lost'
    else if (isObject) this.#expect('key')
    else {
      this.#places = toItem(places)
      this.#expect('value')
    }
  }

  /** The first byte of a value. */
  #begin(byte: number, at: number): void {
    const isEnd = byte === CLOSE_ARRAY && this.#expected === 'value or end'
    if (isEnd) this.#close()
    else if (byte === QUOTE) this.#open(this.#places.some(isThere) ? 'held' : 'text', at)
    else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) this.#enter(byte === OPEN_OBJECT)
    else this.#within = isOfWord(byte) ? 'word' : 'lost'
  }

  #enter(isObject: boolean): void {
    const places = this.#places.filter((place) => goesInto(place, isObject))
    if (places.length === 0) {
      this.#within = 'value'
      this.#depth = 1
      return
    }
    this.#containers.push({ isObject, places })
    this.#places = isObject ? [] : toItem(places)
    this.#expect(isObject ? 'key or end' : 'value or end')
  }

  #close(): void {
    this.#containers.pop()
    this.#ended()
  }

  /** A value is over. */
  #ended(): void {
    const isOver = this.#containers.length === 0
    if (isOver) this.#places = this.#root
    this.#expect(isOver ? 'value' : 'comma or end')
  }

  #open(within: 'key' | 'held' | 'text', at: number): void {
    this.#within = within
    this.#start = at
    this.#token = []
    this.#size = 0
  }

  /** A number, or one of the three words. */
  #word(chunk: Uint8Array, from: number): number {
    let at = from
    while (at < chunk.length && isOfWord(chunk[at] ?? 0)) at += 1
    if (at < chunk.length) this.#ended()
    return at
  }

  /** All of a value that nobody looks into, to its end. */
  #value(chunk: Uint8Array, from: number): number {
    let at = from
    while (at < chunk.length) {
      if (this.#inText) at = this.#endOfText(chunk, at)
      if (at < 0) return chunk.length
      this.#inText = false
      at = this.#toText(chunk, at)
      if (!this.#inText) return at
    }
    return at
  }

  /** To behind the next quote outside of a text, or the end of the value. Most bytes pass here. */
  #toText(chunk: Uint8Array, from: number): number {
    let depth = this.#depth
    let at = from
    while (at < chunk.length && depth > 0 && !this.#inText) {
      const byte = chunk[at] ?? 0
      if (byte === QUOTE) this.#inText = true
      else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth += 1
      else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) depth -= 1
      at += 1
    }
    this.#depth = depth
    if (depth === 0) this.#ended()
    return at
  }

  /** Behind the quote that ends a text; -1 when that is not in this chunk. */
  #endOfText(chunk: Uint8Array, from: number): number {
    let at = this.#escaped ? from + 1 : from
    this.#escaped = false
    while (at < chunk.length) {
      const byte = chunk[at]
      if (byte === QUOTE) return at + 1
      at += byte === BACKSLASH ? 2 : 1
    }
    this.#escaped = at > chunk.length
    return -1
  }

  /** A key or a text, from behind its first quote. */
  #text(chunk: Uint8Array, at: number): number {
    const within = this.#within
    const end = this.#endOfText(chunk, at)
    if (end < 0) return chunk.length
    if (within === 'key') {
      this.#named(this.#tokenTo(chunk, end, LONGEST_KEY))
      return end
    }
    if (within === 'held') this.#changed(chunk, end)
    this.#ended()
    return end
  }

  #named(token: string | null): void {
    const { places } = this.#containers.at(-1) ?? { places: [] }
    this.#places = toMember(places, token)
    this.#expect('colon')
  }

  #changed(chunk: Uint8Array, end: number): void {
    const text = this.#tokenTo(chunk, end, LONGEST_TEXT)
    const said = text === null ? null : this.#change(text)
    if (said === null || said === text) {
      this.#out.push(...this.#token)
      return
    }
    this.#out.push(chunk.subarray(this.#from, this.#start), encoder.encode(JSON.stringify(said)))
    this.#from = end
  }

  /** What stands in the quotes; null when that is no text, or longer than what is wanted. */
  #tokenTo(chunk: Uint8Array, end: number, longest: number): string | null {
    const last = chunk.subarray(this.#start, end)
    if (this.#size + last.length > longest) return null
    try {
      const token = joined([...this.#token, last], this.#size + last.length)
      return String(JSON.parse(decoder.decode(token)))
    } catch {
      return null
    }
  }

  /** At the end of a chunk: what is held stays here, the rest goes on. */
  #keep(chunk: Uint8Array): void {
    if (this.#within !== 'held' && this.#within !== 'key') {
      this.#out.push(chunk.subarray(this.#from))
      return
    }
    const isHeld = this.#within === 'held'
    this.#out.push(chunk.subarray(this.#from, isHeld ? this.#start : chunk.length))
    const rest = chunk.slice(this.#start)
    this.#size += rest.length
    this.#token.push(rest)
    if (this.#size <= (isHeld ? LONGEST_TEXT : LONGEST_KEY)) return
    if (isHeld) {
      this.#out.push(...this.#token)
      this.#within = 'text'
    }
    this.#token = []
  }
}
