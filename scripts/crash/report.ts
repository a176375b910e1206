import { table } from '../bench/table.ts'
import type { CooldownFigures } from './cooldown-load.ts'
import { COUNTED, LIMITED } from './fixture.ts'
import type { Limited } from './fixture.ts'
import { allowedIn, isOver, withoutQueue, worstInterval } from './intervals.ts'
import type { Interval, Passed } from './intervals.ts'
import type { KeyStory } from './key-story.ts'

/** Where no call ever queues: what they took says how busy the machine was. */
const NEVER_QUEUED = ['burst', 'pair', 'keyed']

/** The share of what could have been admitted, less what the kills may cost, that has to be. */
const LEAST_SHARE = 0.5

/** What happened to one window. */
export interface WindowFigures {
  readonly name: string
  readonly calls: number
  /** That a limiter which never restarts could have admitted in this time. */
  readonly most: number
  /** That the kills leave of it, at worst, where callers never rest. */
  readonly least: number
  readonly worst: Interval | null
}

/** Brute force over all intervals: with thousands of calls it holds up the process for a while. */
export function windowFigures(
  passed: ReadonlyMap<string, readonly Passed[]>,
  run: { readonly ms: number; readonly kills: number },
): WindowFigures[] {
  const others = neverQueued(passed)
  return [...LIMITED, COUNTED].flatMap((limited) => {
    const all = passed.get(limited.name) ?? []
    const calls = limited.queueMs > 0 ? withoutQueue(all, others) : all
    const most = Math.min(...limited.windows.map((window) => allowedIn(window, run.ms)))
    const least = Math.max(0, most - run.kills * costOfKill(limited))
    return limited.windows.map((window) => ({
      name: `${limited.name} ${window.capacity}/${window.window_ms / 1000}s`,
      calls: calls.length,
      most,
      least,
      worst: worstInterval(calls, window),
    }))
  })
}

/** Calls: what one write covers (a tenth of the smallest window), the queue, and one on its way. */
function costOfKill({ windows, queueMs }: Limited): number {
  const smallest = Math.min(...windows.map(({ capacity }) => capacity))
  const slowest = Math.min(...windows.map(({ capacity, window_ms }) => capacity / window_ms))
  return Math.max(1, Math.floor(smallest / 10)) + queueMs * slowest + 1
}

function neverQueued(passed: ReadonlyMap<string, readonly Passed[]>): Passed[] {
  return NEVER_QUEUED.flatMap((name) => passed.get(name) ?? [])
}

export function windowFaults(
  figures: readonly WindowFigures[],
  kills: readonly number[],
): string[] {
  return figures.flatMap(({ name, worst }) => {
    if (!worst || !isOver(worst)) return []
    const { from, to, calls, allowed } = worst
    const within = kills.filter((moment) => moment >= from && moment <= to).length
    const so = `${calls} calls within ${to - from} ms with ${within} kills`
    return [`${name}: ${so}, and ${allowed.toFixed(1)} may be admitted`]
  })
}

/** A limiter that lets nobody through would pass the other check. */
export function shareFaults(figures: readonly WindowFigures[]): string[] {
  return figures
    .filter(
      ({ name, calls, least }) => !name.startsWith(COUNTED.name) && calls < least * LEAST_SHARE,
    )
    .map(({ name, calls, least }) => `${name}: ${calls} calls, and ${least.toFixed(0)} were due`)
}

export function windowTable(figures: readonly WindowFigures[]): string {
  const of = (worst: Interval | null) =>
    worst
      ? [`${worst.calls} of ${worst.allowed.toFixed(1)}`, `${worst.to - worst.from} ms`]
      : ['none', '']
  return table([
    ['window', 'forwarded', 'without kills', 'share', 'worst interval', 'long'],
    ...figures.map(({ name, calls, most, worst }) => [
      name,
      String(calls),
      most.toFixed(0),
      `${((100 * calls) / most).toFixed(0)} %`,
      ...of(worst),
    ]),
  ])
}

export function keyTable(stories: readonly KeyStory[]): string {
  const count = (is: (story: KeyStory) => boolean) => String(stories.filter(is).length)
  return table([
    ['keys', String(stories.length)],
    ['forwarded never', count(({ calls }) => calls === 0)],
    ['forwarded once', count(({ calls }) => calls === 1)],
    ['forwarded more than once', count(({ calls }) => calls > 1)],
    ['answered, replayed at the end', count(({ ending }) => ending === 'answered')],
    ['409 at the end: not known', count(({ ending }) => ending === 'unknown')],
  ])
}

export function cooldownTable(rows: Readonly<Record<string, CooldownFigures>>): string {
  return table([
    [
      'cooldowns',
      'set',
      'confirmed',
      'refused after a kill',
      'first calls let through',
      'not stored',
    ],
    ...Object.entries(rows).map(([name, each]) => [
      name,
      ...[each.set, each.confirmed, each.heldAfterKill, each.letThrough, each.notStored].map(
        String,
      ),
    ]),
  ])
}

export function killLine(
  aims: ReadonlyMap<string, number>,
  ms: number,
  { down_ms }: { readonly down_ms: number },
): string {
  const kills = [...aims.values()].reduce((sum, count) => sum + count, 0)
  const kinds = Array.from(aims, ([aim, count]) => `${aim} ${count}`).join(', ')
  const each = kills > 0 ? (down_ms / kills).toFixed(0) : '0'
  return `${kills} kills in ${(ms / 1000).toFixed(0)} s, ${each} ms until it answers again; right after: ${kinds}`
}

/** How late calls were that did not queue: an upper bound, since it begins at the client. */
export function windowNote(passed: ReadonlyMap<string, readonly Passed[]>): string {
  const late = neverQueued(passed).map(({ sent, arrived }) => arrived - sent)
  late.sort((a, b) => a - b)
  const at = (share: number) => late[Math.floor((late.length - 1) * share)] ?? 0
  return `worst interval: most calls over what it allows; they were sent and they arrived in it.
From client to upstream without a queue: ${at(0.5)} ms (median), ${at(0.99)} ms (99 %), ${at(1)} ms (longest).`
}

export function endingTable(endings: ReadonlyMap<string, number>): string {
  const rows = [...endings].toSorted(([, a], [, b]) => b - a)
  return table([['calls ended', ''], ...rows.map(([how, count]) => [how, String(count)])])
}
