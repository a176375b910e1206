import { BrokenFrame } from './chunks.ts'
import type { SignedChunks } from './chunks.ts'

/**
 * What a request says of its body, `x-amz-content-sha256`:
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-auth-using-authorization-header.html
 */
export const UNSIGNED = 'UNSIGNED-PAYLOAD'
export const UNSIGNED_CHUNKS = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'

const SIGNED_CHUNKS = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'

const TAKEN =
  /^(?:[0-9a-f]{64}|UNSIGNED-PAYLOAD|STREAMING-(?:UNSIGNED|AWS4-HMAC-SHA256)-PAYLOAD-TRAILER|STREAMING-AWS4-HMAC-SHA256-PAYLOAD)$/

/** Whether a body that is described so can be sent on. */
export function isTaken(payload: string): boolean {
  return TAKEN.test(payload)
}

/**
 * The chunks of a body that the client signed one by one; null for a body that it did not.
 * @throws BrokenFrame where the headers do not say what is needed to take the signatures out.
 */
export function signedChunksOf(headers: Headers): SignedChunks | null {
  const payload = headers.get('x-amz-content-sha256') ?? ''
  if (!payload.startsWith(SIGNED_CHUNKS)) return null
  const length = headers.get('x-amz-decoded-content-length') ?? ''
  if (!/^\d{1,15}$/.test(length)) throw new BrokenFrame('no x-amz-decoded-content-length')
  const named = (headers.get('x-amz-trailer') ?? '').toLowerCase().split(/\s*,\s*/)
  const trailers = payload === SIGNED_CHUNKS ? null : named.filter((name) => name !== '')
  return { length: Number(length), trailers }
}

/** Says in the headers what a body is whose chunks are no longer signed. */
export function describeUnsigned(headers: Headers, { trailers }: SignedChunks): void {
  if (trailers) {
    headers.set('x-amz-content-sha256', UNSIGNED_CHUNKS)
    return
  }
  headers.set('x-amz-content-sha256', UNSIGNED)
  headers.delete('x-amz-decoded-content-length')
  const codings = (headers.get('content-encoding') ?? '')
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding.toLowerCase() !== 'aws-chunked')
  if (codings.length > 0) headers.set('content-encoding', codings.join(','))
  else headers.delete('content-encoding')
}
