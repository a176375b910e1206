import { parseArgs } from 'node:util'

import { BREAKS } from './breaks.ts'

export const HELP = `Usage: npm run soak -- [--minutes N] [--kills N | --no-kills] [--seed N] [--rate N] [--break NAME]
       npm run soak -- --streams N [--hold SECONDS] [--files N] [--beyond]

Runs Outpost on workerd, as \`npm start\` does, under mixed traffic with faults of the upstream, of
clients and of the runtime, and ends with exit code 1 when a promise was not kept. docs/soak.md says
what is looked at.

  --minutes N    how long the traffic goes on (default: 10)
  --kills N      how often the runtime is ended and started again, three times of four with SIGKILL
                 (default: once in four minutes). All in the first two thirds: then memory is looked at
  --no-kills     never
  --seed N       the same traffic and faults as another run (default: by chance, and printed)
  --rate N       turns a second; a turn is one call or a story of several (default: 20)
  --break NAME   breaks Outpost on purpose, to see it found: ${Object.keys(BREAKS).join(', ')}

  --streams N    instead of all that: N event streams at once, or as many as this machine holds
  --hold N       seconds for which they stay open (default: 60)
  --files N      open files that workerd may have (needs prlimit; default: as it is)
  --beyond       in the end, more streams than it has files for
`

export interface SoakOptions {
  readonly minutes: number
  readonly kills: number
  readonly seed: number
  readonly rate: number
  /** What of Outpost to break. */
  readonly breaks: string | null
}

export interface StreamOptions {
  readonly streams: number
  readonly hold_s: number
  readonly files: number | null
  readonly beyond: boolean
}

export type Options = SoakOptions | StreamOptions

/**
 * null: asked for help.
 * @throws for what is no option, and for what is no number.
 */
export function readOptions(): Options | null {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '10' },
      kills: { type: 'string' },
      'no-kills': { type: 'boolean', default: false },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      rate: { type: 'string', default: '20' },
      break: { type: 'string' },
      streams: { type: 'string' },
      hold: { type: 'string', default: '60' },
      files: { type: 'string' },
      beyond: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return null
  if (values.streams !== undefined) {
    const files = values.files === undefined ? null : whole('--files', values.files, 100)
    return {
      streams: whole('--streams', values.streams, 1),
      hold_s: whole('--hold', values.hold, 1),
      files,
      beyond: values.beyond,
    }
  }
  const minutes = Number(values.minutes)
  if (!(minutes > 0)) throw new Error('--minutes: a number above 0')
  const breaks = values.break ?? null
  if (breaks !== null && !(breaks in BREAKS)) {
    throw new Error(`--break: one of ${Object.keys(BREAKS).join(', ')}`)
  }
  const usual = String(values['no-kills'] ? 0 : Math.max(1, Math.round(minutes / 4)))
  return {
    minutes,
    kills: whole('--kills', values.kills ?? usual, 0),
    seed: whole('--seed', values.seed, 0),
    rate: whole('--rate', values.rate, 1),
    breaks,
  }
}

function whole(name: string, text: string, least: number): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < least) {
    throw new Error(`${name}: a whole number from ${least} on`)
  }
  return value
}
