/**
 * The canonical path and query of Signature Version 4, from the bytes that are sent:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html. `aws4fetch` reads them through
 * `URLSearchParams`, which shows bytes that are no UTF-8 as others, and takes one service for S3.
 */

const encoder = new TextEncoder()

/** Their paths are encoded once and not normalised; their bodies need not be hashed. */
const S3 = new Set(['s3', 's3express', 's3-outposts', 's3-object-lambda'])

/** Whether a service signs as S3 does. */
export function isS3({ service }: { readonly service: string }): boolean {
  return S3.has(service)
}

/** For S3 the path as it is sent, for the others encoded once more, with runs of slashes as one. */
export function canonicalPath(path: string, s3: boolean): string {
  if (!s3) return encodedPath(encoder.encode(path.replaceAll(/\/{2,}/g, '/')))
  return encodedPath(decodedBytes(path))
}

/** Every parameter decoded and encoded, by name, then by value. S3 looks at the first of a name only. */
export function canonicalQuery(query: string, s3: boolean): string {
  const pairs = query
    .split('&')
    .map((pair) => {
      const at = pair.indexOf('=')
      const [name, value] = at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)]
      return [canonicalPart(name), canonicalPart(value)] as const
    })
    .filter(([name]) => name !== '')
  return (s3 ? firstOfEach(pairs) : pairs)
    .toSorted(([n1, v1], [n2, v2]) => compared(n1, n2) || compared(v1, v2))
    .map((pair) => pair.join('='))
    .join('&')
}

/** By a map: with thousands of parameters, to look through those before each is most of a second. */
function firstOfEach(pairs: readonly Pair[]): readonly Pair[] {
  return [...new Map(pairs.toReversed().map((pair) => [pair[0], pair])).values()]
}

type Pair = readonly [name: string, value: string]

function compared(one: string, other: string): number {
  if (one === other) return 0
  return one < other ? -1 : 1
}

function canonicalPart(text: string): string {
  return encoded(decodedBytes(text.replaceAll('+', ' ')))
}

function encodedPath(bytes: Uint8Array): string {
  return encoded(bytes).replaceAll('%2F', '/')
}

/** RFC 3986 §2.3: what is not unreserved is written as an escape. */
function encoded(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += WRITTEN[byte] ?? ''
  return text
}

const WRITTEN: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const char = String.fromCharCode(byte)
  return /[\w.~-]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
})

/** Percent-decoded once. What is no escape stays. */
function decodedBytes(text: string): Uint8Array {
  const bytes = encoder.encode(text)
  let length = 0
  for (let at = 0; at < bytes.length; at += 1, length += 1) {
    const value = bytes[at] === 0x25 ? escapeAt(bytes, at) : -1
    bytes[length] = value < 0 ? (bytes[at] ?? 0) : value
    if (value >= 0) at += 2
  }
  return bytes.subarray(0, length)
}

function escapeAt(bytes: Uint8Array, at: number): number {
  const hex = String.fromCharCode(bytes[at + 1] ?? 0, bytes[at + 2] ?? 0)
  return /^[0-9a-f]{2}$/i.test(hex) ? Number.parseInt(hex, 16) : -1
}
