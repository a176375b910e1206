import { availableParallelism, loadavg } from 'node:os'

import type { Counts } from './counts.ts'
import type { DecisionTimes } from './decisions.ts'
import { processorName } from './process-usage.ts'
import type { Measured } from './rounds.ts'
import { figure, table } from './table.ts'

/** CPU until the first answer, in ms; null where it cannot be read. */
export interface Starts {
  readonly bare: number | null
  readonly outpost: number | null
}

/** What the figures depend on. */
export interface Machine {
  readonly processor: string
  readonly cores: number
  readonly node: string
  /** Of the minute before the run. Above a tenth of the cores, others were at work. */
  readonly load: number
}

/** Everything that one run measured. What was left out by `--only` is null. */
export interface Report {
  readonly machine: Machine
  readonly rounds: number
  readonly seconds: number
  readonly rows: readonly Measured[]
  /** Counted in a copy of the Worker, not in the timed one. */
  readonly counts: readonly Counts[]
  /** ms from the request to the first event. */
  readonly firstEvent: Readonly<Record<string, number>> | null
  readonly startCpuMs: Starts | null
  readonly bundleGzipBytes: number
  readonly decisions: { readonly small: DecisionTimes; readonly large: DecisionTimes } | null
}

const DECIDE_FIRST = 'decide(), ns, first call of a provider; 100 rules'
const START_BUDGET_MS = 20
const BUNDLE_BUDGET = 128 * 1024
const DECISION_BUDGET = 2

/** To be asked before anything is measured. */
export function machine(): Machine {
  return {
    processor: processorName() || process.arch,
    cores: availableParallelism(),
    node: process.version,
    load: loadavg()[0] ?? 0,
  }
}

/** The report as text for a terminal of 140 columns. */
export function printed(report: Report): string {
  const { processor, cores, node, load } = report.machine
  return [
    `${processor}, ${cores} cores, Node ${node}, load before: ${figure(load)}`,
    `${report.rounds} rounds of ${report.seconds} s, medians`,
    '',
    ...(report.rows.length > 0 ? [rowsTable(report.rows), ''] : []),
    ...(report.counts.length > 0 ? [countsTable(report.counts), ''] : []),
    othersTable(report),
  ].join('\n')
}

function rowsTable(rows: readonly Measured[]): string {
  const groups = ['req/s', 'p50 ms', 'p99 ms', 'CPU us']
  const columns = groups.flatMap(() => ['base', 'tested', 'x'])
  return table([
    ['', '', ...groups.flatMap((name) => [name, '', '']), 'CPU x'],
    ['', 'base', ...columns, 'budget'],
    ...rows.map(rowCells),
  ])
}

function rowCells({ name, base, tested, ratio, sides, cpuBudget }: Measured): string[] {
  const cells = (of: 'perSecond' | 'p50Ms' | 'p99Ms' | 'cpuUs') => [
    figure(base[of]),
    figure(tested[of]),
    figure(ratio[of]),
  ]
  return [
    name,
    sides[0],
    ...cells('perSecond'),
    ...cells('p50Ms'),
    ...cells('p99Ms'),
    ...cells('cpuUs'),
    cpuBudget === null ? '' : verdict(ratio.cpuUs, cpuBudget),
  ]
}

/** Counts are exact: 0.2 is every fifth call. */
function countsTable(counts: readonly Counts[]): string {
  const exact = (value: number) => Number(value.toFixed(3)).toString()
  return table([
    ['per call', 'hops', 'writes', 'fetches'],
    ...counts.map(({ name, hops, writes, fetches }) => [
      name,
      ...[hops, writes, fetches].map(exact),
    ]),
  ])
}

function othersTable(report: Report): string {
  const { firstEvent, startCpuMs, bundleGzipBytes, decisions } = report
  return table([
    ['', 'base', 'outpost', 'x', 'budget'],
    ...(firstEvent ? eventLines(firstEvent) : []),
    ...(startCpuMs ? [startLine(startCpuMs)] : []),
    [
      'bundle, KiB gzip',
      '',
      figure(bundleGzipBytes / 1024),
      '',
      verdict(bundleGzipBytes / 1024, BUNDLE_BUDGET / 1024),
    ],
    ...(decisions ? decisionLines(decisions) : []),
  ])
}

function eventLines({ upstream = NaN, bare = NaN, outpost = NaN }): string[][] {
  const line = (name: string, base: number) => [name, figure(base), figure(outpost)]
  return [
    [...line('first event, ms; base: upstream', upstream), figure(outpost / upstream)],
    [...line('first event, ms; base: bare', bare), figure(outpost / bare)],
  ]
}

/** The runtime's own start is the base's; what is over it is ours, and what the budget is for. */
function startLine({ bare, outpost }: Starts): string[] {
  const ours = bare === null || outpost === null ? null : outpost - bare
  return [
    'CPU until the first answer, ms; base: bare; budget: the difference',
    figure(bare),
    figure(outpost),
    ours === null ? 'n/a' : `+${figure(ours)}`,
    verdict(ours, START_BUDGET_MS),
  ]
}

function decisionLines({ small, large }: NonNullable<Report['decisions']>): string[][] {
  const line = (name: string, of: (times: DecisionTimes) => number) => {
    const ratio = of(large) / of(small)
    return [
      `decide(), ns, ${name}; 1000 x 100, base: 1 x 10`,
      figure(of(small)),
      figure(of(large)),
      figure(ratio),
      verdict(ratio, DECISION_BUDGET),
    ]
  }
  return [
    line('rule in a folder of its own', ({ ownFolderNs }) => ownFolderNs),
    line('rules share a folder', ({ sharedFolderNs }) => sharedFolderNs),
    line('providers in turn', ({ inTurnNs }) => inTurnNs),
    [DECIDE_FIRST, '', figure(large.firstNs)],
  ]
}

function verdict(value: number | null, budget: number): string {
  if (value === null || Number.isNaN(value)) return `<= ${budget}`
  return `<= ${budget} ${value <= budget ? 'ok' : 'OVER'}`
}
