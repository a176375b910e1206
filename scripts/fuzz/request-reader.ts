/** A request as the upstream received it. */
export interface Arrival {
  readonly method: string
  readonly target: string
  /** Names as they were written. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** Without its framing. */
  body: Buffer
  /** Whether the end of the body came. */
  complete: boolean
  /** What is wrong with it as HTTP/1.1 (RFC 9112), if anything is. */
  fault: string | null
}

const TOKEN = /^[!#$%&'*+.^_`|~\w-]+$/

type Framing = 'none' | 'chunked' | number

/**
 * Reads requests off one connection, one at a time, and takes nothing that is not strictly as RFC
 * 9112 wants it: a server that is less strict might see another request.
 */
export class RequestReader {
  #bytes = Buffer.alloc(0)
  #parts: Buffer[] = []
  #framing: Framing = 'none'
  /** The one that is being read, or was read last. */
  arrival: Arrival | null = null

  take(data: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? data : Buffer.concat([this.#bytes, data])
  }

  /** Reads the head of the next request when it is there. */
  nextHead(): Arrival | null {
    const end = this.#bytes.indexOf('\r\n\r\n')
    if (end < 0) return null
    const text = this.#bytes.subarray(0, end).toString('latin1')
    this.#bytes = this.#bytes.subarray(end + 4)
    this.arrival = readHead(text)
    this.#framing = this.arrival.fault === null ? framingOf(this.arrival) : 'none'
    this.#parts = []
    return this.arrival
  }

  /** Reads on in the body. True once it is whole. */
  readBody(): boolean {
    const { arrival } = this
    if (!arrival || arrival.complete) return true
    arrival.complete = this.#taken(arrival)
    if (arrival.complete) arrival.body = Buffer.concat(this.#parts)
    return arrival.complete || arrival.fault !== null
  }

  /** How many bytes stand behind what was read. */
  get left(): number {
    return this.#bytes.length
  }

  /** Bytes of the body so far, where it broke off. */
  get broken(): Buffer {
    return Buffer.concat(this.#parts)
  }

  #taken(arrival: Arrival): boolean {
    if (this.#framing === 'none') return true
    if (this.#framing === 'chunked') return this.#chunks(arrival)
    const part = this.#bytes.subarray(0, this.#framing)
    this.#parts.push(part)
    this.#bytes = this.#bytes.subarray(part.length)
    this.#framing -= part.length
    return this.#framing === 0
  }

  #chunks(arrival: Arrival): boolean {
    for (;;) {
      const line = this.#bytes.indexOf('\r\n')
      if (line < 0) return false
      const size = this.#bytes.subarray(0, line).toString('latin1')
      if (!/^[0-9a-f]{1,8}$/i.test(size)) {
        arrival.fault = `a chunk of size ${JSON.stringify(size.slice(0, 40))}`
        return false
      }
      const end = line + 2 + Number.parseInt(size, 16)
      if (this.#bytes.length < end + 2) return false
      if (this.#bytes.toString('latin1', end, end + 2) !== '\r\n') {
        arrival.fault = 'a chunk without its end'
        return false
      }
      this.#parts.push(this.#bytes.subarray(line + 2, end))
      this.#bytes = this.#bytes.subarray(end + 2)
      if (end === line + 2) return true
    }
  }
}

function readHead(text: string): Arrival {
  const [first = '', ...lines] = text.split('\r\n')
  const [, method = '', target = ''] = /^([A-Z]+) (\/[\x21-\x7e]*) HTTP\/1\.1$/.exec(first) ?? []
  const headers = lines.map((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), line.slice(colon + 1).replaceAll(/^[ \t]+|[ \t]+$/g, '')] as const
  })
  const bad = headers.find(([name, value]) => !TOKEN.test(name) || /[\r\n\0]/.test(value))
  const arrival: Arrival = {
    method,
    target,
    headers,
    body: Buffer.alloc(0),
    complete: false,
    fault: null,
  }
  if (method === '') arrival.fault = `the line ${JSON.stringify(first.slice(0, 200))}`
  else if (bad) arrival.fault = `the header ${JSON.stringify(bad).slice(0, 200)}`
  return arrival
}

function framingOf(arrival: Arrival): Framing {
  const lengths = valuesOf(arrival, 'content-length')
  const codings = valuesOf(arrival, 'transfer-encoding')
  if (lengths.length + codings.length === 0) return 'none'
  if (lengths.length + codings.length > 1) arrival.fault = 'two framings'
  else if (codings.length > 0 && codings[0] !== 'chunked') arrival.fault = 'a strange coding'
  else if (lengths.length > 0 && !/^\d{1,15}$/.test(lengths[0] ?? '')) arrival.fault = 'no length'
  if (codings.length > 0) return 'chunked'
  return Number(lengths[0]) || 'none'
}

/** The values of a header, one for each line. */
export function valuesOf({ headers }: Pick<Arrival, 'headers'>, name: string): string[] {
  return headers.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value)
}
