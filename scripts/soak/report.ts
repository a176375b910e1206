import { figure, table } from '../bench/table.ts'
import type { Loss } from '../crash/audit-loss.ts'
import type { Ending } from './client.ts'
import type { Part } from './disk.ts'
import { trendOf } from './memory.ts'
import type { Sample } from './memory.ts'

/** How answers came, in words that a table can have: status, code, and how it ended. */
export class Endings {
  readonly #counts = new Map<string, number>()
  readonly #ms: number[] = []

  add(ending: Ending): void {
    const name = nameOf(ending)
    const { how, status, killed, sent, ended } = ending
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1)
    if (how === 'whole' && status < 400 && !killed) this.#ms.push(ended - sent)
  }

  table(): string {
    const rows = [...this.#counts].toSorted(([, a], [, b]) => b - a)
    return table([['calls ended', ''], ...rows.map(([name, count]) => [name, String(count)])])
  }

  /** Of answers that were read to their end, ms. */
  latency(): string {
    const sorted = this.#ms.toSorted((a, b) => a - b)
    const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? 0
    return `answers below 400 took ${at(0.5)} ms (median), ${at(0.99)} ms (99 %)`
  }
}

function nameOf({ how, status, headers, killed }: Ending): string {
  const code = headers['x-proxy-error'] ?? headers['x-proxy-cache'] ?? ''
  const end = how === 'whole' ? '' : `, ${killed && how !== 'left' ? 'killed' : how}`
  return `${status === 0 ? 'no answer' : status} ${String(code)}`.trim() + end
}

export function livesTable(
  lives: readonly (readonly Sample[])[],
  ends: readonly { readonly clean: boolean }[],
): string {
  const rows = lives.map((samples, life) => {
    const how = ends[life]?.clean === true ? 'SIGTERM' : 'SIGKILL'
    return [`${life} (${how})`, String(samples.length), ...useOf(samples), ...trendCells(samples)]
  })
  const head = ['life', 's', 'calls', 'CPU ms each', 'sockets', 'files', 'most MiB']
  return table([[...head, 'MiB when warm', 'at its end', 'KiB/1000 calls'], ...rows])
}

/** The least memory in each minute of the longest life, MiB. */
export function curveOf(lives: readonly (readonly Sample[])[]): string {
  const [longest = []] = lives.toSorted((a, b) => b.length - a.length)
  const minutes = Array.from({ length: Math.ceil(longest.length / 60) }, (_, minute) => {
    const part = longest.slice(minute * 60, (minute + 1) * 60)
    return Math.min(...part.map(({ residentMiB }) => residentMiB)).toFixed(0)
  })
  return `MiB in the longest life, minute by minute: ${minutes.join(' ')}`
}

function useOf(samples: readonly Sample[]): string[] {
  const { calls = 0, cpuMs = 0 } = samples.at(-1) ?? {}
  const most = (of: (sample: Sample) => number) => Math.max(0, ...samples.map(of))
  return [
    String(calls),
    figure(calls > 0 ? cpuMs / calls : null),
    String(most(({ sockets }) => sockets)),
    String(most(({ files }) => files)),
    figure(most(({ residentMiB }) => residentMiB)),
  ]
}

function trendCells(samples: readonly Sample[]): string[] {
  const trend = trendOf(samples)
  if (!trend) return ['n/a', 'n/a', 'n/a']
  return [trend.beginMiB, trend.endMiB, trend.kibPerThousand].map(figure)
}

export function lossTable(rows: Readonly<Record<string, Loss>>): string {
  return table([
    ['records of calls', 'answered', 'lost', 'most of a tenant at once', 'oldest ms', 'on console'],
    ...Object.entries(rows).map(([name, each]) => [
      name,
      ...[each.answered, each.lost, each.most, each.ages.at(-1) ?? 0, each.printed].map(String),
    ]),
  ])
}

export function diskTable(parts: readonly Part[], per: ReadonlyMap<string, number>): string {
  return table([
    ['on disk', 'files', 'MiB', 'of', 'bytes each'],
    ...parts.map(({ name, files, bytes }) => {
      const count = per.get(name) ?? 0
      const each = count > 0 ? [String(count), figure(bytes / count)] : ['', '']
      return [name, String(files), figure(bytes / 2 ** 20), ...each]
    }),
  ])
}

export function countTable(title: string, counts: ReadonlyMap<string, number>): string {
  const rows = [...counts].toSorted(([, a], [, b]) => b - a)
  return table([[title, ''], ...rows.map(([name, count]) => [name, String(count)])])
}
