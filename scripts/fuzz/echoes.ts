import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib'

import { values } from '../../test/socket/wire.ts'
import type { Answer } from '../../test/socket/wire.ts'

/** So many characters in a row of a secret are an echo of it: docs/scrubbing.md. */
const RUN = 12

const DECODERS: Readonly<Record<string, (body: Buffer) => Buffer>> = {
  gzip: gunzipSync,
  br: brotliDecompressSync,
  deflate: inflateSync,
  zstd: zstdDecompressSync,
}

/** What an answer repeats of these secrets, in whichever form it is promised that it does not. */
export function echoesIn(answer: Answer, secrets: readonly string[]): string[] {
  const head = [answer.reason, ...answer.headers.flat()].join('\n')
  const body = decoded(answer).toString('latin1')
  const read = [head, body].flatMap((text) => readings(text))
  return secrets.flatMap((secret) => {
    const runs = Array.from({ length: secret.length - RUN + 1 }, (_, at) =>
      secret.slice(at, at + RUN),
    )
    const run = runs.find((each) => head.includes(each) || body.includes(each))
    const whole = read.some((text) => text.includes(secret))
    return run === undefined && !whole ? [] : [`an echo came back: ${run ?? secret}`]
  })
}

/** The body as whoever knows its coding has it. */
function decoded(answer: Answer): Buffer {
  const [coding = ''] = values(answer, 'content-encoding')
  try {
    return DECODERS[coding.toLowerCase()]?.(answer.body) ?? answer.body
  } catch {
    return answer.body
  }
}

/** A text of bytes as it is, and as it is for those who take it for one of the usual forms. */
function readings(text: string): string[] {
  const once = percentDecoded(text)
  return [
    text,
    once,
    percentDecoded(once),
    text.replaceAll(/\\u([0-9a-f]{4})/gi, (_, code: string) => utf8(Number.parseInt(code, 16))),
    text.replaceAll(/&#x([0-9a-f]+);/gi, (_, code: string) => utf8(Number.parseInt(code, 16))),
    text.replaceAll(/&#(\d{1,6});/g, (_, code: string) => utf8(Number(code))),
    text.replaceAll('\0', ''),
    text.replaceAll(/[0-9a-f]{16,}/gi, (run) => Buffer.from(run, 'hex').toString('latin1')),
    ...[0, 1, 2, 3].map((skip) =>
      text.replaceAll(/[\w+/-]{12,}/g, (run) =>
        Buffer.from(run.slice(skip), 'base64').toString('latin1'),
      ),
    ),
  ]
}

function percentDecoded(text: string): string {
  return text.replaceAll(/%([0-9a-f]{2})/gi, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  )
}

function utf8(code: number): string {
  return Buffer.from(String.fromCodePoint(Math.min(code, 0x10ffff))).toString('latin1')
}
