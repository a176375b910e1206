import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'

import { withContent } from './bench/content-providers.ts'
import { contentRows } from './bench/content-rows.ts'
import { count, countedFixture } from './bench/counts.ts'
import type { Counts } from './bench/counts.ts'
import { decisionTimes } from './bench/decisions.ts'
import { bareFixture, outpostFixture, runFolder } from './bench/fixture.ts'
import type { Fixture } from './bench/fixture.ts'
import { grantFor } from './bench/grants.ts'
import { Host, startUpstream } from './bench/processes.ts'
import { machine, printed } from './bench/report.ts'
import type { Report, Starts } from './bench/report.ts'
import { firstBytes, measure } from './bench/rounds.ts'
import { LARGE, NAMES, SMALL, firstEventSides, rowsFor } from './bench/rows.ts'
import type { Outpost, Row, Targets } from './bench/rows.ts'
import { withStateful } from './bench/stateful-providers.ts'
import { countedOnly, statefulRows } from './bench/stateful-rows.ts'
import { median } from './bench/statistics.ts'
import { build, readCompiled } from './serve.ts'

const HELP = `Usage: npm run bench -- [options]

Measures the built Worker on workerd against a bare worker that adds one header and streams.

  --rounds N    rounds (default: 10)
  --seconds S   of each side of each row in a round (default: 0.4)
  --only TEXT   rows whose name has TEXT in it, in any case; several with a | between them
  --json        print JSON
  --help
`

const STARTS = 7

/** The log line as it stands in src/bindings.ts. */
const LOG_LINE = 'console.log(asciiJson(event))'

interface Flags {
  readonly rounds: number
  readonly seconds: number
  readonly only: string
  readonly json: boolean
}

interface Fixtures {
  readonly bare: Fixture
  readonly small: Fixture
  readonly silent: Fixture
  readonly readers: Fixture
  readonly counted: Fixture
  readonly large: Fixture | null
}

async function main(flags: Flags): Promise<void> {
  const on = machine()
  const folder = runFolder('bench')
  const progress = (text: string) => process.stderr.write(`bench: ${text}\n`)
  const upstream = await startUpstream()
  progress('building')
  const fixtures = await buildAll(folder, upstream, wants(flags, NAMES.catalog))
  const host = new Host(folder)
  try {
    const starts = flags.only === '' ? await startTimes(host, fixtures) : null
    const targets = await startAll(host, fixtures)
    const rows = allRows(targets).filter(({ name }) => wants(flags, name))
    const sides = firstEventSides({ url: upstream, pid: process.pid }, targets)
    const report: Report = {
      machine: on,
      rounds: flags.rounds,
      seconds: flags.seconds,
      rows: await measure(rows, { ...flags, progress }),
      counts: await counts(host, fixtures, targets, flags),
      firstEvent: wants(flags, NAMES.events) ? await firstBytes(sides, flags.rounds) : null,
      startCpuMs: starts,
      bundleGzipBytes: gzipSync(readFileSync(bundleOf(fixtures.small))).length,
      decisions: await decisions(fixtures),
    }
    const text = flags.json ? JSON.stringify(report, null, 2) : printed(report)
    process.stdout.write(`${text}\n`)
  } finally {
    await host.end()
  }
}

async function buildAll(folder: string, upstream: string, withLarge: boolean): Promise<Fixtures> {
  const inside = (name: string) => {
    mkdirSync(join(folder, name))
    return join(folder, name)
  }
  const plain = outpostFixture(inside('small'), upstream, SMALL)
  const small = withStateful(plain, upstream, SMALL.rules)
  const withReaders = (fixture: Fixture) => withContent(fixture, upstream, SMALL.rules)
  const counted = withReaders(countedFixture(small, inside('counted')))
  const readers = withReaders(copied(small, inside('readers')))
  const silent = withoutLogLine(small, inside('silent'))
  await build(small)
  await build(counted)
  await build(readers)
  await build(silent)
  const large = withLarge ? outpostFixture(inside('large'), upstream, LARGE) : null
  if (large) await build(large)
  const bare = bareFixture(inside('bare'), upstream)
  return { bare, small, silent, readers, counted, large }
}

/** A copy of a fixture, not built yet. */
function copied(fixture: Fixture, root: string): Fixture {
  cpSync(fixture.root, root, { recursive: true })
  return { ...fixture, root }
}

/**
 * A copy of a fixture that logs nothing. Not built yet.
 *
 * @throws when the source no longer has that line.
 */
function withoutLogLine(fixture: Fixture, root: string): Fixture {
  const copy = copied(fixture, root)
  const source = join(root, 'src/bindings.ts')
  const parts = readFileSync(source, 'utf8').split(LOG_LINE)
  writeFileSync(source, parts.join('void event'))
  if (parts.length !== 2) throw new Error(`${source} has not one ${LOG_LINE}`)
  return copy
}

function bundleOf({ root }: Pick<Fixture, 'root'>): string {
  return join(root, 'dist/worker.js')
}

async function startAll(host: Host, fixtures: Fixtures): Promise<Targets> {
  const started = (fixture: Fixture) => startOutpost(host, fixture)
  return {
    bare: await host.start(fixtures.bare),
    outpost: await started(fixtures.small),
    silent: await started(fixtures.silent),
    replays: await started(fixtures.small),
    readers: await started(fixtures.readers),
    large: fixtures.large && (await started(fixtures.large)),
  }
}

async function startOutpost(host: Host, fixture: Fixture): Promise<Outpost> {
  const server = await host.start(fixture)
  return {
    ...server,
    fixture,
    grant: await grantFor(server.url, fixture),
    countedGrant: await grantFor(server.url, fixture, { max_calls: 1_000_000_000 }),
  }
}

function allRows(targets: Targets): readonly Row[] {
  return [...rowsFor(targets), ...statefulRows(targets), ...contentRows(targets)]
}

/** Of every row that the small fixture answers, and of a few calls that are not timed. */
async function counts(
  host: Host,
  { counted: fixture }: Fixtures,
  targets: Targets,
  flags: Flags,
): Promise<readonly Counts[]> {
  const outpost = await startOutpost(host, fixture)
  const timed = allRows({ ...targets, outpost, replays: outpost, readers: outpost })
    .filter(({ name, tested: { target, fire } }) => {
      return target === outpost && !fire && name !== NAMES.log
    })
    .map(({ name, tested }) => ({ name, shot: tested.shot }))
  const wanted = [...countedOnly(outpost), ...timed].filter(({ name }) => wants(flags, name))
  return count(wanted, outpost.url)
}

/** Medians over several starts, in turn. */
async function startTimes(host: Host, { bare, small }: Fixtures): Promise<Starts> {
  const times: { bare: number; outpost: number }[] = []
  const once = async (fixture: Fixture) => {
    const { startCpuMs, stop } = await host.start(fixture)
    await stop()
    return startCpuMs ?? NaN
  }
  for (let number = 0; number < STARTS; number += 1) {
    times.push({ bare: await once(bare), outpost: await once(small) })
  }
  const middle = (values: readonly number[]) =>
    Number.isNaN(median(values)) ? null : median(values)
  return {
    bare: middle(times.map((each) => each.bare)),
    outpost: middle(times.map((each) => each.outpost)),
  }
}

async function decisions({ small, large }: Fixtures): Promise<Report['decisions']> {
  if (!large) return null
  const [few, many] = await Promise.all([readCompiled(small.root), readCompiled(large.root)])
  return {
    small: decisionTimes(few.CATALOG, SMALL),
    large: decisionTimes(many.CATALOG, LARGE),
  }
}

function wants({ only }: Flags, name: string): boolean {
  return only.split('|').some((each) => name.toLowerCase().includes(each.toLowerCase()))
}

/** null: asked for help. */
function readFlags(): Flags | null {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '10' },
      seconds: { type: 'string', default: '0.4' },
      only: { type: 'string', default: '' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return null
  const { only, json } = values
  const flags = { rounds: Number(values.rounds), seconds: Number(values.seconds), only, json }
  if (!Number.isInteger(flags.rounds) || flags.rounds < 1) throw new Error('--rounds: 1 or more')
  if (!(flags.seconds > 0)) throw new Error('--seconds: more than 0')
  if (!Object.values(NAMES).some((name) => wants(flags, name))) {
    throw new Error(
      `--only ${only}: no such row; there are\n  ${Object.values(NAMES).join('\n  ')}`,
    )
  }
  return flags
}

try {
  const flags = readFlags()
  if (flags) await main(flags)
  else process.stdout.write(HELP)
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
