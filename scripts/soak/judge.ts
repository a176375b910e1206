import { createHash } from 'node:crypto'

import type { Ending } from './client.ts'
import { bytesOf } from './plan.ts'
import { PLAYS } from './plays.ts'
import type { Play, Sight } from './plays.ts'

/** `timeout_ms` of every provider of the soak. */
export const TIMEOUT_MS = 6000

/** How late a refusal may be on a machine that has other things to do. */
const LATE_MS = 25_000

/** What an answer has to be: of which call, and to which play. */
export interface Due {
  readonly play: Play
  readonly path: string
  readonly block: Buffer
  /** Whether the upstream was so late that a time-out is the truth. */
  readonly late: boolean
}

/**
 * What is wrong with the ending of a call that policy and limits let through, given what its
 * upstream did; null when that is one that may be. When the process ended meanwhile, the call may
 * have broken off anywhere: what did arrive in whole still has to be right.
 */
export function wrongWith(ending: Ending, due: Due): string | null {
  const { how, killed } = ending
  if (how === 'hung') return 'hangs'
  if (how === 'left') return null
  if (killed && (how !== 'whole' || isOwn(ending, 502) || isOwn(ending, 504))) return null
  if (due.late && isOwn(ending, 504, 'PROXY_UPSTREAM_TIMEOUT')) return null
  return SIGHTS[PLAYS[due.play.name].sees](ending, due)
}

const SIGHTS: Readonly<Record<Sight, (ending: Ending, due: Due) => string | null>> = {
  whole: wrongAnswer,
  // A body with a length is searched first, and is a 502 when it breaks off meanwhile; one that streams
  // may break off before its head has left.
  cut: (ending, { play }) => {
    const searched = play.name !== 'short chunks' && isOwn(ending, 502, 'PROXY_UPSTREAM_ERROR')
    const broken = ending.how === 'none' || (ending.how === 'cut' && ending.status === 200)
    return searched || broken ? null : as(ending)
  },
  unreachable: (ending, { play }) => {
    if (isOwn(ending, 502, 'PROXY_UPSTREAM_ERROR')) return null
    return `${as(ending)} (offset ${play.offset})`
  },
  late: (ending) => {
    const took = ending.ended - ending.sent
    const inTime = took >= TIMEOUT_MS - 50 && took < TIMEOUT_MS + LATE_MS
    const is = isOwn(ending, 504, 'PROXY_UPSTREAM_TIMEOUT')
    return is && inTime ? null : `${as(ending)} after ${took} ms`
  },
  stalled: as,
}

/** A refusal by Outpost, of that code where one is named. */
export function isOwn({ how, status, headers }: Ending, wanted: number, code?: string): boolean {
  const said = headers['x-proxy-error']
  if (how !== 'whole' || status !== wanted || said === undefined) return false
  return code === undefined || said === code
}

function wrongAnswer(ending: Ending, { play, path, block }: Due): string | null {
  const { how, status, headers, digest } = ending
  const code = headers['x-proxy-error']
  const expected = play.name === 'throttle' ? 'PROXY_UPSTREAM_RATE_LIMITED' : undefined
  if (how !== 'whole' || status !== play.status || code !== expected) return as(ending)
  if (!String(headers['x-arrival']).startsWith(`${path} `)) return 'the answer to another call'
  const wrong = wrongHeader(ending, play)
  // What was repeated is not there as it was sent.
  if (wrong !== null || play.name === 'echo in body') return wrong
  return digest === digestOf(play, block) ? null : `another body: ${ending.bytes} bytes`
}

function wrongHeader({ headers }: Ending, { name, headers: sent }: Play): string | null {
  const location = String(headers.location)
  if (name === 'redirect inside') {
    const is = location.endsWith('/moved/here?x=1') && !location.startsWith('http://127.0.0.1')
    return is ? null : `a location that leads past Outpost: ${location}`
  }
  if (name === 'redirect outside' && location !== sent['location']) {
    return `a location that was changed: ${location}`
  }
  return name === 'echo in headers' && headers['x-echo'] === undefined ? 'a lost header' : null
}

/** SHA-256 in hex of the body that a play has. */
export function digestOf(play: Play, block: Buffer): string {
  return createHash('sha256').update(bytesOf(play, block)).digest('hex')
}

/** In a few words. */
export function as({ how, status, headers, text }: Ending): string {
  const code = headers['x-proxy-error'] ?? ''
  const said = code === '' ? '' : ` ${String(code)}: ${text.slice(0, 200)}`
  return `${how}, ${status}${said}`
}
