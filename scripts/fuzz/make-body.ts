import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'

import { chunked, inParts } from './make-parts.ts'
import type { Random } from './random.ts'

/** The body of an answer, with the lines that frame it. */
export interface Body {
  readonly headers: readonly string[]
  readonly body: readonly string[]
}

const DEEP = 20_000

function textOf(r: Random): string {
  return r.of(
    () => 'mark-{{id}}',
    () => 'mark-{{id}}',
    () => '',
    () =>
      JSON.stringify({
        mark: 'mark-{{id}}',
        errors: [{ code: r.pick(['E1', '7', 'E2']) }, { code: 7 }],
      }),
    () => r.pick(['[', '{"errors":', '{"errors":[{"code":']).repeat(r.pick([3, DEEP])),
    () => r.times(1 + r.below(5), (n) => `data: mark-{{id}} ${n}\n\n`).join(''),
    () => r.bytes(300),
    () => 'x'.repeat(r.pick([4095, 65_536, 66_000, 300_000, 1_100_000])),
  )
}

const CODINGS: readonly (readonly [string, (text: string) => Buffer])[] = [
  ['gzip', (text) => gzipSync(text)],
  ['br', (text) => brotliCompressSync(text)],
  ['zstd', (text) => zstdCompressSync(text)],
  ['deflate', (text) => deflateSync(text)],
  ['gzip', () => gzipSync('x'.repeat(3_000_000))],
  ['gzip', (text) => gzipSync(text).subarray(0, 12)],
  ['br', () => Buffer.from([255, 254, 253])],
]

/** A body that may not be as its lines say. */
export function wildBody(r: Random): Body {
  const text = textOf(r)
  const parts = r.chance(0.5) ? [text] : inParts(r, text)
  const sized = ['Content-Length: {{length}}']
  return r.of(
    () => ({ headers: sized, body: parts }),
    () => ({ headers: sized, body: parts }),
    () => ({ headers: ['Transfer-Encoding: chunked'], body: chunked(r, parts) }),
    () => {
      const [coding, encode] = r.pick(CODINGS)
      return {
        headers: [`Content-Encoding: ${coding}`, ...sized],
        body: inParts(r, encode(text.slice(0, 5000)).toString('latin1')),
      }
    },
    () =>
      r.of(
        () => ({ headers: [], body: parts }),
        () => ({
          headers: sized,
          body: [...parts, r.pick(['extra', 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged'])],
        }),
        () => ({ headers: ['Transfer-Encoding: chunked'], body: chunked(r, parts).slice(0, -1) }),
        () => ({
          headers: ['Transfer-Encoding: chunked'],
          body: [
            r.pick([
              'zz\r\n',
              '5\r\nab',
              '-1\r\n\r\n',
              'ffffffffffffffffff\r\n',
              '5\nabcde\n0\n\n',
              '\r\n',
              '0\r\nX-T: {{id}}\r\n\r\n',
            ]),
          ],
        }),
        () => ({ headers: ['Content-Length: 100000'], body: parts }),
        () => ({ headers: [...sized, 'Transfer-Encoding: chunked'], body: chunked(r, parts) }),
      ),
  )
}
