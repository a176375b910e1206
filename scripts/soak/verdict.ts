import { join } from 'node:path'

import { judgeBooks, readConsoles } from './books.ts'
import type { Books } from './books.ts'
import { partsOf, secretsOnDisk } from './disk.ts'
import type { Follower } from './follower.ts'
import type { Kills } from './kills.ts'
import { overLimits } from './limits.ts'
import { leakIn, trendOf } from './memory.ts'
import type { Sample } from './memory.ts'
import { LIMITS } from './project.ts'
import type { SoakProject } from './project.ts'
import { countTable, curveOf, diskTable, livesTable, lossTable } from './report.ts'
import type { Endings } from './report.ts'
import type { Traffic } from './traffic.ts'
import type { Watch } from './watch.ts'
import type { Parts } from './world.ts'

/** So many faults are printed; with more the traffic ends early. */
export const SHOWN = 30

/** Bytes that a record may take on disk, its share of pages and of the write-ahead log included. */
const RECORD_BYTES = 4000

/** Everything that was seen in a run that is over; nothing runs any more. */
export interface Seen {
  readonly seed: number
  readonly project: SoakProject
  readonly consoles: string
  readonly parts: Parts
  readonly traffic: Traffic
  readonly watch: Watch
  readonly kills: Kills
  readonly followers: readonly Follower[]
  readonly endings: Endings
  readonly books: Books
  readonly forwarded: number
  readonly verified: number
  readonly ms: number
  readonly rest: Sample | null
}

/** What was found against the promises, and all figures as a text. */
export function verdictOf(seen: Seen): { readonly faults: number; readonly report: string } {
  const { project, consoles, parts, traffic, watch, kills, endings, books } = seen
  const { calls, desk } = parts
  const printed = readConsoles(consoles)
  const judged = judgeBooks({ calls, desk, ends: kills.ends, printed }, books)
  const dataDir = join(project.root, '.outpost/data')
  const disk = partsOf(dataDir)
  const records = recordsIn(books)
  const faults = [
    ...parts.evidence.faults,
    ...judged.faults,
    ...overLimits(parts.passed, LIMITS),
    ...leaksIn(watch),
    ...secretsOnDisk(dataDir),
    ...disk.flatMap(({ name, bytes }) =>
      name === 'Tenant' && bytes > records * RECORD_BYTES + 2 ** 23
        ? [`${records} records take ${(bytes / 2 ** 20).toFixed(0)} MiB`]
        : [],
    ),
  ]
  const shown = faults.slice(0, SHOWN).map((each) => `FAULT: ${each}`)
  const report = [
    summary(seen, records),
    countTable('turns', traffic.turns),
    endings.table(),
    endings.latency(),
    livesTable(watch.samples, kills.ends),
    curveOf(watch.samples),
    lossTable({ SIGKILL: judged.kill, SIGTERM: judged.stop }),
    diskTable(disk, new Map([['Tenant', records]])),
    countTable('other lines of the console', printed.others),
    faults.length === 0 ? 'ok' : shown.join('\n'),
    ...(faults.length > SHOWN ? [`and ${faults.length - SHOWN} more`] : []),
  ]
  return { faults: faults.length, report: `${report.join('\n\n')}\n` }
}

function leaksIn({ samples }: Watch): string[] {
  return samples.flatMap((life, number) => {
    const trend = trendOf(life)
    const leak = trend && leakIn(trend)
    return leak === null ? [] : [`life ${number}: ${leak}`]
  })
}

function recordsIn(books: Books): number {
  return [...books.values()].reduce((sum, each) => sum + each.records, 0)
}

function summary(seen: Seen, records: number): string {
  const { seed, ms, forwarded, kills, watch, rest, traffic, followers, parts, verified } = seen
  const { lives, client, oauth, passed, lag } = parts
  const clean = kills.ends.filter((end) => end.clean).length
  const down = (lives.down_ms / Math.max(1, kills.ends.length)).toFixed(0)
  const followed = followers.map(({ tenant, seq, connections }) => {
    return `${tenant} to ${seq} in ${connections} connections`
  })
  const { keys, revocations } = traffic
  const atRest = rest
    ? `${rest.residentMiB.toFixed(0)} MiB, ${rest.sockets} sockets, ${rest.files} files`
    : 'n/a'
  return [
    `seed ${seed}: ${(ms / 60_000).toFixed(1)} min, ${client.sent} calls, ${forwarded} forwarded, ${traffic.skipped} turns skipped`,
    `${kills.ends.length - clean} SIGKILL, ${clean} SIGTERM (the last at the end), ${down} ms until it answers again`,
    `${records} records in ${seen.books.size} chains, verified ${verified} times online, each once offline`,
    `followed: ${followed.join(', ')}`,
    `${keys.keys} idempotency keys, ${keys.replays} replays; ${oauth.minted} tokens minted, ${oauth.failed} failures`,
    `${revocations.tried} calls with what was revoked; ${passed.length} within limits`,
    `most calls open at once: ${watch.mostOpen}; at rest: ${atRest}`,
    `this process, and the upstream in it, were at most ${lag.worst} ms late`,
  ].join('\n')
}
