import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { agentKey, bareFixture, outpostFixture, providerName, runFolder } from './bench/fixture.ts'
import { eventMs, firstByteMs, slowReading } from './bench/latency.ts'
import type { SlowReading } from './bench/latency.ts'
import { residentMiB } from './bench/process-usage.ts'
import { Host, startUpstream } from './bench/processes.ts'
import type { Server } from './bench/processes.ts'
import { SMALL } from './bench/rows.ts'
import { figure, table } from './bench/table.ts'
import { transfer } from './bench/transfer.ts'
import type { Route, Transfer, Wanted } from './bench/transfer.ts'
import { build } from './serve.ts'

const HELP = `Usage: npm run stream-check -- [--mb N]

Sends N MiB (default: 1024) each way through Outpost on workerd and hashes both ends. Ends with
exit code 1 when a byte differs, when workerd's memory grows by more than 100 MiB, or when a slow
reader does not hold back the upstream.
`

const MAX_GROWTH_MIB = 100
/** Buffers of the kernel on both sides of the runtime, which sets their size itself. */
const MAX_AHEAD_MIB = 64
const SAMPLE_MS = 100
/** Of each transfer, before the idle memory is read: what V8 keeps for its garbage is in that. */
const WARM_UP_MIB = 64

/** One runtime under test. */
interface Side {
  readonly route: Route
  readonly pid: number
  /** After the warm-up; null where it cannot be read. */
  readonly idleMiB: number | null
}

interface Sides {
  readonly upstream: string
  readonly bare: Side
  readonly outpost: Side
}

interface Line {
  readonly name: string
  readonly bare: Outcome
  readonly outpost: Outcome
}

interface Outcome {
  readonly transfer: Transfer
  readonly peakMiB: number | null
}

async function main(mebibytes: number): Promise<boolean> {
  const folder = runFolder('stream-check')
  const upstream = await startUpstream()
  const host = new Host(folder)
  try {
    const sides = await startSides(folder, upstream, host)
    const lines = await allTransfers(sides, mebibytes)
    const slow = {
      bare: await slowReading(sides.bare.route, sides.bare.pid),
      outpost: await slowReading(sides.outpost.route, sides.outpost.pid),
    }
    const report = [
      transferTable(lines, sides, mebibytes),
      slowTable(slow, sides),
      await latencyTable(sides),
    ]
    const faults = [...lines.flatMap((line) => faultsOf(line, sides)), ...slowFaults(slow.outpost)]
    process.stdout.write(`${[...report, faults.join('\n') || 'ok'].join('\n\n')}\n`)
    return faults.length === 0
  } finally {
    await host.end()
  }
}

async function startSides(folder: string, upstream: string, host: Host): Promise<Sides> {
  const inside = (name: string) => {
    mkdirSync(join(folder, name))
    return join(folder, name)
  }
  const fixture = outpostFixture(inside('outpost'), upstream, SMALL)
  await build(fixture)
  const headers = { 'X-Provider': providerName(0), 'X-Outpost-Auth': agentKey(fixture) }
  const ready = async ({ url, pid }: Server): Promise<Side> => {
    const route = { url, upstream, headers }
    for (const each of wanted(WARM_UP_MIB)) await transfer(route, each)
    return { route, pid, idleMiB: residentMiB(pid) }
  }
  return {
    upstream,
    bare: await ready(await host.start(bareFixture(inside('bare'), upstream))),
    outpost: await ready(await host.start(fixture)),
  }
}

function wanted(mebibytes: number): readonly (Wanted & { readonly name: string })[] {
  const size = mebibytes * 2 ** 20
  const download = { method: 'GET', size: 0 } as const
  const data = `/data/${mebibytes}/ID`
  const upload = { method: 'POST', path: '/take/ID', size } as const
  return [
    { name: 'download, with a length', ...download, path: data, chunked: false },
    { name: 'download, chunked', ...download, path: `${data}?chunked`, chunked: true },
    { name: 'upload, with a length', ...upload, chunked: false },
    { name: 'upload, chunked', ...upload, chunked: true },
    { name: 'echo, both ways at once', ...upload, path: '/echo/ID', chunked: true },
  ]
}

async function allTransfers({ bare, outpost }: Sides, mebibytes: number): Promise<Line[]> {
  const lines: Line[] = []
  for (const { name, ...each } of wanted(mebibytes)) {
    process.stderr.write(`stream-check: ${name}\n`)
    lines.push({ name, bare: await watched(bare, each), outpost: await watched(outpost, each) })
  }
  return lines
}

/** A transfer, and the most memory that the runtime was seen to have during it. */
async function watched({ route, pid }: Side, each: Wanted): Promise<Outcome> {
  let peakMiB = residentMiB(pid)
  const look = () => {
    const now = residentMiB(pid)
    if (now !== null) peakMiB = Math.max(peakMiB ?? 0, now)
  }
  const timer = setInterval(look, SAMPLE_MS)
  try {
    const done = await transfer(route, each)
    return { transfer: done, peakMiB }
  } finally {
    clearInterval(timer)
  }
}

function transferTable(lines: readonly Line[], { bare, outpost }: Sides, mebibytes: number) {
  const speed = ({ transfer: { seconds } }: Outcome) => mebibytes / seconds
  return table([
    [`${mebibytes} MiB`, 'MiB/s', '', 'x', 'memory over idle', ''],
    ['', 'bare', 'outpost', '', 'bare', 'outpost', 'bytes'],
    ...lines.map((line) => [
      line.name,
      figure(speed(line.bare)),
      figure(speed(line.outpost)),
      figure(speed(line.outpost) / speed(line.bare)),
      figure(growth(line.bare.peakMiB, bare)),
      figure(growth(line.outpost.peakMiB, outpost)),
      isWhole(line.outpost.transfer) ? 'same' : 'DIFFER',
    ]),
  ])
}

function growth(peakMiB: number | null, { idleMiB }: Side): number | null {
  return peakMiB === null || idleMiB === null ? null : peakMiB - idleMiB
}

/** Whether each end received what the other sent: counts and hashes. */
function isWhole({ client, upstream }: Transfer): boolean {
  return (
    client.sent === upstream.received &&
    client.sentHash === upstream.receivedHash &&
    client.received === upstream.sent &&
    client.receivedHash === upstream.sentHash
  )
}

interface Slow {
  readonly bare: SlowReading
  readonly outpost: SlowReading
}

function slowTable(slow: Slow, sides: Sides): string {
  const row = (name: 'bare' | 'outpost') => [
    name,
    figure(slow[name].readMiB),
    figure(slow[name].aheadMiB),
    figure(growth(slow[name].peakMiB, sides[name])),
  ]
  const head = ['reader of 1 MB/s, 5 s', 'read, MiB', 'ahead of it', 'memory over idle']
  return table([head, row('bare'), row('outpost')])
}

async function latencyTable({ upstream, bare, outpost }: Sides): Promise<string> {
  const direct = { ...outpost.route, url: upstream }
  const routes = [direct, bare.route, outpost.route]
  const [upstreamMs = NaN, bareMs = NaN, outpostMs = NaN] = await firstByteMs(routes)
  const [event, bareEvent, outpostEvent] = [
    await eventMs(direct),
    await eventMs(bare.route),
    await eventMs(outpost.route),
  ]
  return table([
    ['ms', 'upstream', 'bare', 'outpost', 'added', 'budget'],
    [
      'first byte of 1 KB, median of 50',
      ...[upstreamMs, bareMs, outpostMs, outpostMs - upstreamMs].map(figure),
      '<= 2',
    ],
    ...(['median', 'worst'] as const).map((name, at) => [
      `SSE event under way, ${name} of 50`,
      figure(event[at] ?? NaN),
      figure(bareEvent[at] ?? NaN),
      figure(outpostEvent[at] ?? NaN),
      figure((outpostEvent[at] ?? NaN) - (event[at] ?? NaN)),
    ]),
  ])
}

function faultsOf({ name, outpost }: Line, sides: Sides): string[] {
  const grown = growth(outpost.peakMiB, sides.outpost) ?? 0
  return [
    ...(isWhole(outpost.transfer) ? [] : [`FAULT: ${name}: what arrived is not what was sent`]),
    ...(grown <= MAX_GROWTH_MIB ? [] : [`FAULT: ${name}: memory grew by ${figure(grown)} MiB`]),
  ]
}

function slowFaults({ aheadMiB }: SlowReading): string[] {
  if (aheadMiB <= MAX_AHEAD_MIB) return []
  return [`FAULT: the upstream was let ${figure(aheadMiB)} MiB ahead of a slow reader`]
}

/** null: asked for help. */
function readFlags(): number | null {
  const { values } = parseArgs({
    options: { mb: { type: 'string', default: '1024' }, help: { type: 'boolean', default: false } },
  })
  if (values.help) return null
  const mebibytes = Number(values.mb)
  if (!Number.isInteger(mebibytes) || mebibytes < 1) throw new Error('--mb: a whole number')
  return mebibytes
}

try {
  const mebibytes = readFlags()
  if (mebibytes === null) process.stdout.write(HELP)
  else if (!(await main(mebibytes))) process.exitCode = 1
} catch (error) {
  process.stderr.write(`stream-check: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
