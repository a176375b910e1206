import { existsSync } from 'node:fs'
import { join } from 'node:path'

import { ROOT } from '../checks/project.ts'
import { ORDINARY } from './plays.ts'
import type { Play, PlayName } from './plays.ts'
import type { Random } from './random.ts'

/** Of the block that all bodies are cut from, bytes; and the largest body. */
const BLOCK = 8 * 2 ** 20
export const LARGEST = 3 * 2 ** 20

/** Where the answers outside of the provider redirect to. */
const ELSEWHERE = 'http://elsewhere.invalid/there'

/** Whether this version takes secrets out of bodies, and in every encoding. */
export const SCRUBS = existsSync(join(ROOT, 'src/scrub'))

/** How `Retry-After` can be written; seconds, or null for what is not understood. */
export const RETRY_AFTERS: readonly { readonly text: string | null; readonly s: number }[] = [
  { text: '1', s: 1 },
  { text: '2', s: 2 },
  { text: '0.5', s: 0.5 },
  { text: null, s: 1 },
  { text: 'soon', s: 1 },
  { text: '-3', s: 0.1 },
]

/** Bytes that no two places share, the same for the same seed. */
export function blockOf(random: Random): Buffer {
  const block = Buffer.alloc(BLOCK)
  for (let at = 0; at < BLOCK; at += 4) block.writeUInt32LE(Math.floor(random.next() * 2 ** 32), at)
  return block
}

export function bytesOf({ text, offset, size }: Play, block: Buffer): Buffer {
  return text === undefined ? block.subarray(offset, offset + size) : Buffer.from(text)
}

/** A play by name, or one of the ordinary mix. */
export function playOf(random: Random, name?: PlayName, over: Partial<Play> = {}): Play {
  const mix = SCRUBS ? { ...ORDINARY, 'echo in body': 20 } : ORDINARY
  const chosen = name ?? random.weighted(mix)
  const size = sizeOf(chosen, random)
  return {
    name: chosen,
    status: statusOf(chosen, random),
    size,
    pace_ms: random.between(100, 1500),
    headers: headersOf(chosen),
    offset: random.between(0, BLOCK - LARGEST - 1),
    ...over,
  }
}

function sizeOf(name: PlayName, random: Random): number {
  if (name === 'empty') return 0
  if (name === 'large') return random.between(200_000, LARGEST)
  return random.chance(0.9) ? random.between(20, 2000) : random.between(20_000, 100_000)
}

function statusOf(name: PlayName, random: Random): number {
  if (name === 'server error') return random.pick([500, 502, 503, 504, 599])
  if (name === 'client error') return random.pick([400, 403, 404, 409, 418, 422, 451])
  if (name.startsWith('redirect')) return random.pick([301, 302, 303, 307, 308])
  if (name === 'empty') return random.pick([204, 205, 200])
  if (name === 'throttle') return 429
  return name === 'token rejected' ? 401 : 200
}

/** `Location` inside of the provider is only known at the upstream. */
function headersOf(name: PlayName): Record<string, string> {
  return name === 'redirect outside' ? { location: ELSEWHERE } : {}
}
