import { setTimeout as delay } from 'node:timers/promises'
import { brotliCompressSync, gzipSync } from 'node:zlib'

import { expect, it } from 'vitest'

import { SECRETS } from '../fixtures/secrets.ts'
import { outpost } from './outpost.ts'
import { head, KEY, Wire } from './wire.ts'
import type { Answer } from './wire.ts'

const at = outpost()
const SECRET = SECRETS.BEARER_TOKEN

/** The same numbers every time. */
let state = 20_261_125
function below(most: number): number {
  state = (state * 48_271) % 2_147_483_647
  return state % most
}
const oneOf = <T>(...all: readonly [T, ...T[]]): T => all[below(all.length)] ?? all[0]

/** About where a reading takes another buffer. */
const SIZES = [
  10, 8190, 65_530, 65_536, 300_000, 1_048_575, 1_048_576, 1_500_000, 3_000_000,
] as const

/** An answer that consists of its own mark, and how it comes and is taken. */
function planOf(n: number) {
  const size = oneOf(...SIZES) + below(5) - 2
  const mark = `<${String(n).padStart(6, '0')}>${oneOf('', '', SECRET)}`
  const body = Buffer.from(mark.repeat(Math.ceil(size / 8)).slice(0, size))
  const coding = oneOf('', '', 'gzip', 'br')
  const sent = coding === '' ? body : coding === 'br' ? brotliCompressSync(body) : gzipSync(body)
  const pieces = 1 + below(5)
  const lines = [
    ...(coding === '' ? [] : [`content-encoding: ${coding}`]),
    ...oneOf([], [`content-length: ${sent.length}`], [`content-length: ${sent.length}`]),
    `content-type: ${oneOf('application/octet-stream', 'text/plain', 'text/plain')}`,
  ]
  const breaks = pieces > 1 && size > 100 && below(6) === 0
  return {
    body: body.toString('latin1').replaceAll(SECRET, '[redacted]'),
    sent,
    lines,
    pieces,
    breaks,
    pause: oneOf(0, 0, 3, 140),
    agent: oneOf('fast', 'fast', 'slow', 'leaves'),
  }
}

type Plan = ReturnType<typeof planOf>

async function answering({ lines, sent, pieces, pause, breaks }: Plan, name: string) {
  const { socket } = await at.upstream.held(name)
  socket?.on('error', () => {})
  socket?.write(head('HTTP/1.1 200 OK', 'connection: close', ...lines), 'latin1')
  const size = Math.ceil(sent.length / pieces)
  for (let from = 0; from < sent.length; from += size) {
    if (breaks && from > 0) return socket?.resetAndDestroy()
    socket?.write(sent.subarray(from, from + size))
    // oxlint-disable-next-line no-await-in-loop -- a piece at a time
    await delay(pause)
  }
  return socket?.end()
}

/** The answer; null when the agent has left before it was there. */
async function taken({ agent }: Plan, name: string): Promise<Answer | null> {
  const wire = new Wire(at.port)
  wire.send(head(`GET /held/${name} HTTP/1.1`, 'Host: h.test', KEY, 'X-Provider: bearer'))
  if (agent === 'leaves') await delay(below(60))
  if (agent === 'slow') {
    wire.socket.pause()
    await delay(below(400))
    wire.socket.resume()
  }
  const answer = agent === 'leaves' ? null : await wire.answer('GET', 20_000)
  wire.close()
  return answer
}

/** Whether all of an answer, and nothing else, is in it. One that breaks off does not look whole. */
function isRight({ body, breaks }: Plan, { status, complete, body: bytes }: Answer): boolean {
  if (breaks) return status === 502 || !complete
  const said = bytes.toString('latin1')
  // The last mark may be cut in its echo.
  const isWhole = said.startsWith(body.slice(0, -40)) && said.length < body.length + 40
  return complete && isWhole
}

/** What is wrong with one answer; '' when nothing is. */
async function wrongIn(n: number): Promise<string> {
  const plan = planOf(n)
  const name = `buffers-${n}`
  void answering(plan, name).catch(() => {})
  const answer = await taken(plan, name)
  if (!answer || isRight(plan, answer)) return ''
  return `${n}: ${answer.status}, ${plan.lines.join(', ')}`
}

/** Buffers are used again for other answers: also where a read was given up, or nobody takes it. */
it('nothing of one answer is in another, whoever is slow, breaks off or leaves', async () => {
  const wrong: string[] = []
  let n = 0
  const lane = async () => {
    while (n < 200) {
      // oxlint-disable-next-line no-await-in-loop -- so many lanes at a time
      wrong.push(await wrongIn((n += 1)))
    }
  }
  await Promise.all(Array.from({ length: 20 }, lane))
  expect(wrong.filter(Boolean)).toEqual([])
}, 60_000)
