import { brotliCompressSync, constants, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'

/**
 * What is tried, as data: it can be written down, sent again, and made smaller. Texts are Latin-1,
 * a character a byte. `{{name}}` in them stands for what only a run knows: see `Names` of names.ts.
 */
export interface Case {
  readonly kind: Kind
  /** In flight together. */
  readonly calls: readonly Call[]
}

export const KINDS = ['client', 'upstream', 'control', 'tokens', 'crowd', 'echo'] as const
export type Kind = (typeof KINDS)[number]

/** One connection of a client's, and what the upstream answers to what comes of it. */
export interface Call {
  /** The client's own address, of 127.0.0.0/8. */
  readonly from: string
  /** The request line, without its end. */
  readonly line: string
  /** Header lines, without their ends. */
  readonly headers: readonly string[]
  /** The body as it is framed, in the parts in which it is written. */
  readonly body: readonly string[]
  /** Changes to the bytes of all that, one after the other. */
  readonly edits: readonly Edit[]
  /** ms before it begins. */
  readonly starts: number
  /** ms after which the client hangs up; null: once it has an answer. */
  readonly leaves: number | null
  /** To the first request that comes of it, to the second, and so on; the last one again. */
  readonly replies: readonly Reply[]
  /** The same for requests to the token endpoint, where the call has one to itself. */
  readonly mints: readonly Reply[]
}

export interface Edit {
  /** Where, as a share of the whole length: from 0 to 1. */
  readonly at: number
  /** Bytes that go. */
  readonly drop: number
  /** Bytes that come. */
  readonly add: string
}

/** What the upstream writes. */
export interface Reply {
  /** Interim answers before it, as they are written. */
  readonly interim: readonly string[]
  /** The status line, without its end. Empty: it writes nothing at all. */
  readonly line: string
  readonly headers: readonly string[]
  /** The body as it is framed, in the parts in which it is written. */
  readonly body: readonly string[]
  /** Where the body is cut into parts once it is filled in, as shares of its length. */
  readonly cuts?: readonly number[]
  /** What is then done to it: content codings, and `chunked`. */
  readonly encode?: readonly string[]
  /** ms before each part. */
  readonly pause: number
  readonly edits: readonly Edit[]
  /** What then becomes of the connection: `stall` leaves it open and reads no more. */
  readonly end: 'keep' | 'close' | 'reset' | 'stall'
  /** Without waiting for the body of the request. */
  readonly early: boolean
}

export const PLAIN_REPLY: Reply = {
  interim: [],
  line: 'HTTP/1.1 200 OK',
  headers: ['Content-Type: text/plain', 'Content-Length: {{length}}'],
  body: ['mark-{{id}}'],
  pause: 0,
  edits: [],
  end: 'keep',
  early: false,
}

export const PLAIN_CALL: Call = {
  from: '127.0.0.1',
  line: 'GET /x HTTP/1.1',
  headers: [],
  body: [],
  edits: [],
  starts: 0,
  leaves: null,
  replies: [PLAIN_REPLY],
  mints: [],
}

/** The parts in which a call is written. `{{length}}` in its head is that of its body. */
export function partsOf(call: Written, fill: (text: string) => string): string[] {
  const [head, ...body] = filled(call, fill)
  return edited([head, ...body], call.edits)
}

/** The same for a reply: the head goes with the first part of the body. */
export function replyParts(reply: Reply, fill: (text: string) => string): string[] {
  const [head, first = '', ...rest] = filled({ ...reply, body: encodedParts(reply, fill) }, fill)
  return edited([head + first, ...rest], reply.edits)
}

function encodedParts({ body, cuts, encode }: Reply, fill: (text: string) => string): string[] {
  let parts = body.map(fill)
  if (cuts) parts = cutAt(parts.join(''), cuts)
  for (const coding of encode ?? []) {
    if (coding === 'chunked') {
      const chunks = parts
        .filter(Boolean)
        .map((part) => `${part.length.toString(16)}\r\n${part}\r\n`)
      parts = [...chunks, '0\r\n\r\n']
    } else {
      const whole = Buffer.from(parts.join(''), 'latin1')
      parts = cutAt(ENCODERS[coding]?.(whole).toString('latin1') ?? '', cuts ?? [])
    }
  }
  return parts
}

const ENCODERS: Readonly<Record<string, (whole: Buffer) => Buffer>> = {
  gzip: (whole) => gzipSync(whole),
  br: (whole) => brotliCompressSync(whole, { params: { [constants.BROTLI_PARAM_QUALITY]: 2 } }),
  deflate: (whole) => deflateSync(whole),
  zstd: (whole) => zstdCompressSync(whole),
}

function cutAt(text: string, shares: readonly number[]): string[] {
  const places = shares.map((share) => Math.floor(share * text.length)).toSorted((a, b) => a - b)
  return [...places, text.length].map((end, index) => text.slice(places[index - 1] ?? 0, end))
}

type Written = Pick<Call, 'line' | 'headers' | 'body' | 'edits'>

function filled(
  { line, headers, body }: Omit<Written, 'edits'>,
  fill: (text: string) => string,
): [string, ...string[]] {
  const parts = body.map(fill)
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const head = `${[line, ...headers].join('\r\n')}\r\n\r\n`
  return [fill(head.replaceAll('{{length}}', String(length))), ...parts]
}

function edited(parts: readonly string[], edits: readonly Edit[]): string[] {
  let all = [...parts]
  for (const { at, drop, add } of edits) {
    const whole = all.reduce((sum, part) => sum + part.length, 0)
    let place = Math.floor(at * whole)
    all = all.map((part) => {
      const here = place >= 0 && place < part.length
      const start = place
      place -= part.length
      if (!here) return part
      place = -1
      return part.slice(0, start) + add + part.slice(start + drop)
    })
  }
  return all
}
