import { joined } from '../bounded.ts'

const LF = 10
const CR = 13

export interface EventRules {
  /** What takes the place of the data of a message; null: it stays. */
  readonly change: (data: string) => string | null
  /** Of one event. */
  readonly limit: number
  /** A longer one passes as it comes; else it ends the stream. */
  readonly passLonger: boolean
}

/**
 * The events of a stream (https://html.spec.whatwg.org/multipage/server-sent-events.html), each handed on
 * when it has come whole. All that is not changed stays byte for byte: ids, comments, line ends.
 */
export class EventStream {
  readonly #rules: EventRules
  #held: Uint8Array[] = []
  #size = 0
  /** Nothing stands on the line so far. */
  #lineIsEmpty = true
  #afterCR = false
  /** The event is longer than the limit, and passes. */
  #passing = false

  constructor(rules: EventRules) {
    this.#rules = rules
  }

  /** What can be handed on. @throws RangeError for an event that is too long */
  push(chunk: Uint8Array): Uint8Array[] {
    const ready: Uint8Array[] = []
    let from = 0
    for (let at = 0; at < chunk.length; at += 1) {
      if (!this.#ends(chunk[at] ?? 0)) continue
      // The line feed of this line end belongs to it.
      if (chunk[at] === CR && chunk[at + 1] === LF) at += 1
      ready.push(...this.#hold(chunk.slice(from, at + 1)), ...this.end())
      from = at + 1
    }
    if (from < chunk.length) ready.push(...this.#hold(chunk.slice(from)))
    return ready
  }

  /** The event so far, as if it were whole. */
  end(): Uint8Array[] {
    const event = joined(this.#held, this.#size)
    this.#forget()
    if (this.#passing) {
      this.#passing = false
      return [event]
    }
    return event.length === 0 ? [] : [changed(event, this.#rules.change)]
  }

  /** Whether an event ends with this byte: an empty line does that. */
  #ends(byte: number): boolean {
    const second = byte === LF && this.#afterCR
    this.#afterCR = byte === CR
    if (second) return false
    const endsLine = byte === LF || byte === CR
    const ends = endsLine && this.#lineIsEmpty
    this.#lineIsEmpty = endsLine
    return ends
  }

  #hold(part: Uint8Array): Uint8Array[] {
    if (this.#passing) return [part]
    this.#held.push(part)
    this.#size += part.length
    if (this.#size <= this.#rules.limit) return []
    if (!this.#rules.passLonger) throw new RangeError('an event is too long')
    this.#passing = true
    const held = this.#held
    this.#forget()
    return held
  }

  #forget(): void {
    this.#held = []
    this.#size = 0
  }
}

const LINE = /([^\r\n]*)(\r\n|\r|\n|$)/g

/** An event with other data, or as it is. Only a message has data that is JSON-RPC. */
function changed(event: Uint8Array, change: EventRules['change']): Uint8Array {
  const text = new TextDecoder().decode(event)
  if (!text.includes('tools')) return event
  const lines = Array.from(text.matchAll(LINE), ([, line = '', end = '']) => ({ line, end }))
  const types = lines.flatMap(({ line }) => valueOf('event', line) ?? [])
  if (!['', 'message'].includes(types.at(-1) ?? '')) return event
  const data = lines.flatMap(({ line }) => valueOf('data', line) ?? [])
  const instead = change(data.join('\n'))
  if (instead === null) return event
  const end = lines.find(({ line }) => valueOf('data', line) !== null)?.end ?? '\n'
  const written = instead
    .split('\n')
    .map((line) => `data: ${line}${end}`)
    .join('')
  let done = false
  const parts = lines.map(({ line, end: own }) => {
    if (valueOf('data', line) === null) return `${line}${own}`
    if (done) return ''
    done = true
    return written
  })
  return new TextEncoder().encode(parts.join(''))
}

/** What a line says of a field; null: it is of another. */
function valueOf(field: string, line: string): string | null {
  if (line === field) return ''
  if (!line.startsWith(`${field}:`)) return null
  const value = line.slice(field.length + 1)
  return value.startsWith(' ') ? value.slice(1) : value
}
