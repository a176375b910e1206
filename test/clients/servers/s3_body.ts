import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

import { CHECKSUMS } from './checksums.ts'
import { AwsError } from './sigv4.ts'

/** A body as it came, and when its first byte was here. */
export interface Received {
  readonly content: Buffer
  readonly headers: Readonly<Record<string, string>>
  readonly firstByte: number
}

const CHUNKED = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'

/**
 * Reads a body and checks it as S3 does: the hash that was signed, the frames of `aws-chunked`, every
 * checksum in a header or a trailer, `Content-MD5`.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html ("you must do one of the
 * following"), https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
 * @throws AwsError
 */
export async function receive(request: IncomingMessage, payload: string | null): Promise<Received> {
  const parts: Buffer[] = []
  let firstByte = Infinity
  for await (const chunk of request) {
    firstByte = Math.min(firstByte, performance.now())
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- no encoding was set
    parts.push(chunk as Buffer)
  }
  const wire = Buffer.concat(parts)
  const { content, trailers } = payload === CHUNKED ? unframed(request, wire) : bare(payload, wire)
  const headers = { ...checksumsOf(request), ...trailers }
  for (const [name, value] of Object.entries(headers)) {
    if (CHECKSUMS.get(name)?.(content) !== value) throw new AwsError(400, 'BadDigest', name)
  }
  const md5 = request.headers['content-md5']
  if (md5 !== undefined && md5 !== createHash('md5').update(content).digest('base64')) {
    throw new AwsError(400, 'BadDigest', 'Content-MD5')
  }
  return { content, headers, firstByte }
}

function checksumsOf({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    [...CHECKSUMS.keys()].flatMap((name) => {
      const value = headers[name]
      return typeof value === 'string' ? [[name, value]] : []
    }),
  )
}

function bare(payload: string | null, wire: Buffer) {
  if (payload?.startsWith('STREAMING-')) {
    // Their signatures would have to be of the real key, which nobody but this server has.
    throw new AwsError(403, 'SignatureDoesNotMatch', 'signed chunks')
  }
  const real = createHash('sha256').update(wire).digest('hex')
  if (payload !== null && payload !== 'UNSIGNED-PAYLOAD' && payload !== real) {
    throw new AwsError(400, 'XAmzContentSHA256Mismatch')
  }
  return { content: wire, trailers: {} }
}

function unframed({ headers }: IncomingMessage, wire: Buffer) {
  const length = Number(headers['x-amz-decoded-content-length'])
  if (!headers['content-encoding']?.split(',').includes('aws-chunked') || Number.isNaN(length)) {
    throw new AwsError(411, 'MissingContentLength')
  }
  const lines = new Lines(wire)
  const parts: Buffer[] = []
  for (let size = sizeOf(lines.next()); size > 0; size = sizeOf(lines.next())) {
    parts.push(lines.bytes(size))
    if (lines.next() !== '') throw new AwsError(400, 'InvalidRequest', 'the end of a chunk')
  }
  const trailers = trailersIn(lines, String(headers['x-amz-trailer']))
  const content = Buffer.concat(parts)
  if (!lines.atEnd || content.length !== length) throw new AwsError(400, 'IncompleteBody')
  return { content, trailers }
}

function sizeOf(head: string): number {
  if (!/^[0-9a-f]+$/.test(head)) throw new AwsError(400, 'InvalidRequest', `chunk: ${head}`)
  return Number.parseInt(head, 16)
}

function trailersIn(lines: Lines, named: string): Record<string, string> {
  const trailers: Record<string, string> = {}
  for (let text = lines.next(); text !== ''; text = lines.next()) {
    const [name = '', value = ''] = text.split(/:(.*)/s)
    if (named !== name) throw new AwsError(400, 'MalformedTrailerError', name)
    trailers[name] = value
  }
  if (!(named in trailers)) throw new AwsError(400, 'MalformedTrailerError', 'missing')
  return trailers
}

class Lines {
  readonly #wire: Buffer
  #at = 0

  constructor(wire: Buffer) {
    this.#wire = wire
  }

  get atEnd(): boolean {
    return this.#at === this.#wire.length
  }

  next(): string {
    const end = this.#wire.indexOf('\r\n', this.#at)
    if (end < 0) throw new AwsError(400, 'IncompleteBody')
    const text = this.#wire.toString('latin1', this.#at, end)
    this.#at = end + 2
    return text
  }

  bytes(size: number): Buffer {
    const bytes = this.#wire.subarray(this.#at, this.#at + size)
    this.#at += size
    return bytes
  }
}
