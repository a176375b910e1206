import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { unstable_readConfig } from 'wrangler'

import { canonical } from '../src/audit/canonical.ts'
import type { Event } from '../src/audit/event.ts'
import type { NewRecord } from '../src/audit/record.ts'
import type { Held, Job } from './audit/bench-worker.ts'
import { runFolder } from './bench/fixture.ts'
import { figure, table } from './bench/table.ts'
import { ROOT } from './checks/project.ts'
import { build, serve } from './serve.ts'
import { messageOf } from './terminal.ts'

const HELP = `Usage: npm run ledger-bench -- [--records N]

Measures the audit ledger alone on workerd, with its database on this disk: appends per second, bytes
of the database for each event, and how long N records (default: 100000) take to verify.
`

/** Appends for each figure with one record each. */
const SINGLE = 5000
const BATCH = 64
const TOGETHER = 32
const MILLION = 1_000_000

/** A call with every field in use. */
const EVENT: Event = {
  id: '01JDZ6W3Q8R5T7V9X1Z3B5D7F9',
  at: '2026-11-22T10:00:00.123Z',
  tenant: 'acme',
  project: 'website',
  agent: 'claude-code@ci',
  host: 'ci-runners',
  client: '203.0.113.0/24',
  grant: 'gr_a1B2c3D4e5F6g7H8i9J0k1L2m3',
  provider: 'github',
  method: 'POST',
  path: '/repos/acme/site/issues',
  query_keys: ['per_page'],
  operation: null,
  category: 'default',
  sensitive: true,
  decision: 'allow',
  reason: null,
  rule: 'allow[3]',
  approval: 'ap_a1B2c3D4e5F6g7H8i9J0k1L2m3',
  mode: 'edge',
  secret_read: true,
  secret_exposed: false,
  echoes_scrubbed: 0,
  status: 201,
  code: null,
  cache: 'BYPASS',
  duration_ms: 182,
  bytes_in: 310,
  bytes_out: 1840,
}

const CALL: NewRecord = { kind: 'call', event: canonical(EVENT) }

/** A project that `build` and `serve` can run: the worker of this bench and nothing else. */
function makeProject(root: string): void {
  const { compatibility_date, compatibility_flags } = unstable_readConfig(
    { config: join(ROOT, 'wrangler.toml') },
    { hideWarnings: true },
  )
  mkdirSync(root, { recursive: true })
  // Its own entry, so that the bundle has the name that `serve` looks for.
  writeFileSync(
    join(root, 'worker.ts'),
    `export { default, Bench } from ${JSON.stringify(join(ROOT, 'scripts/audit/bench-worker.ts'))}\n`,
  )
  writeFileSync(
    join(root, 'wrangler.toml'),
    [
      'name = "ledger-bench"',
      'main = "worker.ts"',
      `compatibility_date = "${compatibility_date ?? ''}"`,
      `compatibility_flags = ${JSON.stringify(compatibility_flags)}`,
      '[[durable_objects.bindings]]',
      'name = "BENCH"',
      'class_name = "Bench"',
      '[[migrations]]',
      'tag = "v1"',
      'new_sqlite_classes = ["Bench"]',
      '',
    ].join('\n'),
  )
}

/** Runs a job through the Worker; returns seconds. */
async function timed(url: string, path: string, job?: Job): Promise<number> {
  const started = performance.now()
  const init = job ? { method: 'POST', body: JSON.stringify(job) } : {}
  const answer = await fetch(new URL(path, url), init)
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  await answer.text()
  return (performance.now() - started) / 1000
}

async function heldBy(url: string, ledger: string): Promise<Held> {
  const answer = await fetch(new URL(`/counts?ledger=${ledger}`, url))
  return (await answer.json()) as Held
}

async function appends(url: string): Promise<string[][]> {
  const row = async (name: string, batch: number, together: number) => {
    const count = Math.ceil(SINGLE / (batch === 1 ? 1 : 8))
    const job = { ledger: name, record: CALL, batch, together }
    await timed(url, '/append', { ...job, ledger: `${name} before`, appends: 200 })
    const seconds = await timed(url, '/append', { ...job, appends: count })
    return [
      name,
      figure(count / seconds),
      figure((count * batch) / seconds),
      figure((1000 * seconds * together) / count),
    ]
  }
  return [
    ['durable appends', 'appends/s', 'events/s', 'ms until on disk'],
    await row('one event, one after the other', 1, 1),
    await row(`one event, ${TOGETHER} at once`, 1, TOGETHER),
    await row(`${BATCH} events, one after the other`, BATCH, 1),
    await row(`${BATCH} events, 4 at once`, BATCH, 4),
  ]
}

/** How long the object is busy, and with what. */
async function readings(url: string, records: number): Promise<string[][]> {
  const ledger = 'large'
  const count = Math.ceil(records / 1000)
  await timed(url, '/append', { ledger, record: CALL, appends: count, batch: 1000, together: 1 })
  const held = await heldBy(url, ledger)
  const verified = await timed(url, `/verify?ledger=${ledger}`)
  const searched = await timed(url, `/search?ledger=${ledger}`)
  const pruned = await timed(url, `/prune?ledger=${ledger}`)
  return [
    ['reading', 'records', 'seconds', 'records/s'],
    ['verify', String(held.records), figure(verified), figure(held.records / verified)],
    ['a query that finds nothing', '20000', figure(searched), figure(20_000 / searched)],
    ['prune, one part', '5000', figure(pruned), figure(5000 / pruned)],
  ]
}

async function sizes(url: string): Promise<string[][]> {
  const kinds: readonly (readonly [string, NewRecord])[] = [
    ['a call', CALL],
    ['an opening', { kind: 'opened', event: canonical({ ...EVENT, status: 0, bytes_out: null }) }],
    ['a closing', { kind: 'closed', opened: 123_456, event: canonical(EVENT) }],
  ]
  const rows: string[][] = [['size', 'bytes each in the database', 'GB for a million']]
  for (const [name, record] of kinds) {
    const job = { ledger: name, record, appends: 20, batch: 1000, together: 1 }
    // oxlint-disable-next-line no-await-in-loop -- so that no two share the disk
    await timed(url, '/append', job)
    // oxlint-disable-next-line no-await-in-loop -- the same
    const { records, bytes } = await heldBy(url, name)
    rows.push([name, figure(bytes / records), figure((bytes / records / 1e9) * MILLION)])
  }
  return rows
}

/** The files of all ledgers together, for comparison with what the objects say. */
function onDisk(data: string): number {
  const folder = join(data, 'objects/Bench')
  const files = readdirSync(folder).filter((name) => name.endsWith('.sqlite'))
  return files.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
}

async function main(records: number): Promise<void> {
  const root = runFolder('ledger-bench')
  makeProject(root)
  await build({ root })
  const dataDir = join(root, 'data')
  const needs = { secrets: [], baseUrls: [] }
  const served = await serve({ root, port: 0, env: {}, needs, dataDir })
  try {
    const tables = [
      await appends(served.url),
      await sizes(served.url),
      await readings(served.url, records),
    ]
    process.stdout.write(`${tables.map((rows) => table(rows)).join('\n\n')}\n`)
  } finally {
    await served.stop(0)
  }
  process.stdout.write(`\n${figure(onDisk(dataDir) / 1e6)} MB of files, all ledgers together\n`)
}

const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '100000' },
    help: { type: 'boolean', default: false },
  },
})
const wanted = Number(values.records)
if (values.help || !Number.isInteger(wanted) || wanted < 1) {
  process.stdout.write(HELP)
  process.exit(values.help ? 0 : 2)
}
try {
  await main(wanted)
} catch (error) {
  process.stderr.write(`ledger-bench: ${messageOf(error)}\n`)
  process.exit(1)
}
