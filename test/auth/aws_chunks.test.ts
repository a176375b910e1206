import { describe, expect, it } from 'vitest'

import { BrokenFrame, Unsigned } from '../../src/sigv4/chunks.ts'
import type { SignedChunks } from '../../src/sigv4/chunks.ts'
import { describeUnsigned, signedChunksOf } from '../../src/sigv4/payload.ts'
import s3 from '../vectors/aws_s3.json' with { type: 'json' }

const SIGNATURE = 'f'.repeat(64)
const encoder = new TextEncoder()
const decoder = new TextDecoder()

function chunk(text: string): string {
  return `${text.length.toString(16)};chunk-signature=${SIGNATURE}\r\n${text}\r\n`
}

const LAST = `0;chunk-signature=${SIGNATURE}\r\n`
const TRAILER = `x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:${SIGNATURE}\r\n`

/** What comes out when it goes in by so many bytes at a time. */
function unsigned(text: string, chunks: SignedChunks, step = Infinity): string {
  const framing = new Unsigned(chunks)
  const bytes = encoder.encode(text)
  let out = ''
  for (let at = 0; at < bytes.length; at += step) {
    out += decoder.decode(framing.push(bytes.slice(at, at + step)))
  }
  return out + decoder.decode(framing.end())
}

const bare = (length: number): SignedChunks => ({ length, trailers: null })
const trailed = (length: number): SignedChunks => ({
  length,
  trailers: ['x-amz-checksum-crc32c'],
})

describe.each([1, 2, 3, 7, 64, Infinity])('signed chunks that come by %d bytes', (step) => {
  it.each([
    ['nothing', `${LAST}\r\n`, bare(0), ''],
    ['a chunk', `${chunk('hello')}${LAST}\r\n`, bare(5), 'hello'],
    ['two', `${chunk('he')}${chunk('\r\nllo')}${LAST}\r\n`, bare(7), 'he\r\nllo'],
    [
      'a trailer',
      `${chunk('hello')}${LAST}${TRAILER}\r\n`,
      trailed(5),
      '5\r\nhello\r\n0\r\nx-amz-checksum-crc32c:sOO8/Q==\r\n\r\n',
    ],
    [
      'a trailer of nothing',
      `${LAST}${TRAILER}\r\n`,
      trailed(0),
      '0\r\nx-amz-checksum-crc32c:sOO8/Q==\r\n\r\n',
    ],
    [
      'line ends as the page has them',
      `${LAST}${TRAILER.replaceAll('\r', '')}\r\n`,
      trailed(0),
      '0\r\nx-amz-checksum-crc32c:sOO8/Q==\r\n\r\n',
    ],
  ])('%s', (_title, text, chunks, expected) => {
    expect(unsigned(text, chunks, step)).toBe(expected)
  })

  it.each([
    ['ends in a chunk', chunk('hello').slice(0, -4), bare(5)],
    ['has no last chunk', chunk('hello'), bare(5)],
    ['has no end', `${chunk('hello')}${LAST}`, bare(5)],
    ['goes on behind its end', `${chunk('hello')}${LAST}\r\n${LAST}`, bare(5)],
    ['is longer than it says', `${chunk('hello')}${LAST}\r\n`, bare(4)],
    ['is shorter than it says', `${chunk('hello')}${LAST}\r\n`, bare(6)],
    ['has a chunk longer than it says', `${chunk('hello').replace('5', '4')}${LAST}\r\n`, bare(5)],
    ['has a chunk without a signature', '5\r\nhello\r\n0\r\n\r\n', bare(5)],
    ['has a size that is none', `-5;chunk-signature=${SIGNATURE}\r\nhello\r\n`, bare(5)],
    ['has a line without an end', 'f'.repeat(600), bare(5)],
    ['has a trailer that was not named', `${chunk('hello')}${LAST}${TRAILER}\r\n`, bare(5)],
    ['has another trailer', `${LAST}x-amz-checksum-sha1:AA==\r\n\r\n`, trailed(0)],
    ['has a trailer twice', `${LAST}${TRAILER}${TRAILER}\r\n`, trailed(0)],
    ['has a trailer that is no header', `${LAST}x y\r\n\r\n`, trailed(0)],
  ])('a body that %s is broken', (_title, text, chunks) => {
    expect(() => unsigned(text, chunks, step)).toThrow(BrokenFrame)
  })
})

it('the example of S3’s page', () => {
  const { content, chunks, length } = s3.chunked
  const text = chunks
    .map(([size = 0, signature = '']) => {
      const part = content.byte.repeat(Number(size))
      return `${Number(size).toString(16)};chunk-signature=${signature}\r\n${part}\r\n`
    })
    .join('')
  expect(text.length).toBe(length)
  expect(unsigned(text, bare(content.length), 8192)).toBe(content.byte.repeat(content.length))
})

describe('headers of a body in signed chunks', () => {
  const SIGNED = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'
  const all = {
    'content-encoding': 'aws-chunked,gzip',
    'x-amz-decoded-content-length': '5',
    'x-amz-trailer': 'x-amz-checksum-CRC32C',
  }

  it.each([
    [SIGNED, bare(5), 'UNSIGNED-PAYLOAD', 'gzip', null],
    [
      `${SIGNED}-TRAILER`,
      trailed(5),
      'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      'aws-chunked,gzip',
      '5',
    ],
  ])('%s', (payload, chunks, becomes, coding, decoded) => {
    const headers = new Headers({ ...all, 'x-amz-content-sha256': payload })
    expect(signedChunksOf(headers)).toEqual(chunks)
    describeUnsigned(headers, chunks)
    expect(headers.get('x-amz-content-sha256')).toBe(becomes)
    expect(headers.get('content-encoding')).toBe(coding)
    expect(headers.get('x-amz-decoded-content-length')).toBe(decoded)
  })

  it('aws-chunked alone leaves no coding', () => {
    const headers = new Headers({ 'content-encoding': 'aws-chunked' })
    describeUnsigned(headers, bare(5))
    expect(headers.has('content-encoding')).toBe(false)
  })

  it.each(['UNSIGNED-PAYLOAD', 'STREAMING-UNSIGNED-PAYLOAD-TRAILER', 'e'.repeat(64)])(
    '%s is no such body',
    (payload) => {
      expect(signedChunksOf(new Headers({ ...all, 'x-amz-content-sha256': payload }))).toBeNull()
    },
  )

  it.each(['', '-1', '5, 5', '1e3'])('and a length of %j is refused', (length) => {
    const headers = {
      ...all,
      'x-amz-content-sha256': SIGNED,
      'x-amz-decoded-content-length': length,
    }
    expect(() => signedChunksOf(new Headers(headers))).toThrow(BrokenFrame)
  })
})

it('a second signature behind the trailers is no trailer', () => {
  const text = `${LAST}${TRAILER}x-amz-trailer-signature:${SIGNATURE}\r\n\r\n`
  expect(() => unsigned(text, trailed(0))).toThrow(BrokenFrame)
})
