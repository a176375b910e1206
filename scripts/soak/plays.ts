/** What an upstream does with a call. */
export type PlayName = keyof typeof PLAYS

/** What a client may then see of it. */
export type Sight =
  /** Status, headers and body as they were sent. */
  | 'whole'
  /** The upstream's status, and a body that visibly breaks off. */
  | 'cut'
  /** 502 of Outpost's. */
  | 'unreachable'
  /** 504 of Outpost's. */
  | 'late'
  /** The headers, and then nothing: until the client leaves. */
  | 'stalled'

interface Kind {
  readonly sees: Sight
  /** Of a thousand calls of the ordinary mix. */
  readonly weight: number
}

/**
 * The faults. `ordinary` calls take them by weight; what has none is asked for by the stories that
 * are about it.
 */
export const PLAYS = {
  ok: { sees: 'whole', weight: 560 },
  chunked: { sees: 'whole', weight: 50 },
  closing: { sees: 'whole', weight: 20 },
  large: { sees: 'whole', weight: 15 },
  empty: { sees: 'whole', weight: 20 },
  'slow head': { sees: 'whole', weight: 40 },
  'slow body': { sees: 'whole', weight: 40 },
  'server error': { sees: 'whole', weight: 50 },
  'client error': { sees: 'whole', weight: 40 },
  'redirect inside': { sees: 'whole', weight: 15 },
  'redirect outside': { sees: 'whole', weight: 15 },
  'echo in headers': { sees: 'whole', weight: 20 },
  'echo in body': { sees: 'whole', weight: 0 },
  'reset at once': { sees: 'unreachable', weight: 20 },
  'end at once': { sees: 'unreachable', weight: 10 },
  'reset in head': { sees: 'unreachable', weight: 10 },
  'malformed head': { sees: 'unreachable', weight: 20 },
  'impossible status': { sees: 'unreachable', weight: 10 },
  'no head': { sees: 'late', weight: 5 },
  'reset in body': { sees: 'cut', weight: 20 },
  'short body': { sees: 'cut', weight: 20 },
  'short chunks': { sees: 'cut', weight: 15 },
  'stalled body': { sees: 'stalled', weight: 5 },
  throttle: { sees: 'whole', weight: 0 },
  'token rejected': { sees: 'whole', weight: 0 },
  events: { sees: 'whole', weight: 0 },
} as const satisfies Record<string, Kind>

/** One call's answer, decided before it is made. */
export interface Play {
  readonly name: PlayName
  readonly status: number
  /** Bytes of the body. */
  readonly size: number
  /** How long it takes where it is slow, or between two events, ms. */
  readonly pace_ms: number
  readonly headers: Readonly<Record<string, string>>
  /** Where the body begins in the common block of bytes; see `bytesOf`. */
  readonly offset: number
  /** In place of those bytes. */
  readonly text?: string
}

/** Weights of the ordinary mix. */
export const ORDINARY = Object.fromEntries(
  Object.entries(PLAYS).map(([name, { weight }]) => [name, weight]),
) as Readonly<Record<PlayName, number>>
