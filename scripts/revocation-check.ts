import { parseArgs } from 'node:util'

import { table } from './bench/table.ts'
import { Installation } from './revocation/fixture.ts'
import { play, PROMISED_MS } from './revocation/scenario.ts'
import type { Noticed, Scenario } from './revocation/scenario.ts'

const HELP = `Usage: npm run revocation-check -- [--isolates N]

Runs N isolates (default: 4) of Outpost on workerd over the same objects, as at so many places of the
edge. Revokes, rotates, pauses and resumes while agents call through all of them, and measures how
long each isolate goes on as before. Ends with exit code 1 when a sensitive call went after the
operator had the answer, or a read went ${PROMISED_MS / 1000} s later. Takes a minute and a half.
`

const SCENARIOS: readonly Scenario[] = [
  {
    name: 'revoked',
    act: (installation, { id }) => installation.operate('DELETE', `grants/${id}`),
    after: 'PROXY_GRANT_DENIED',
  },
  {
    name: 'rotated',
    act: (installation, { id }) => installation.operate('POST', `grants/${id}/rotate`),
    after: 'PROXY_GRANT_DENIED',
  },
  {
    name: 'tenant paused',
    act: (installation, { tenant }) => installation.operate('POST', 'pause', { tenant }),
    after: 'PROXY_PAUSED',
  },
  {
    name: 'agent paused',
    act: (installation, { tenant }) =>
      installation.operate('POST', 'pause', { tenant, agent: 'checker' }),
    after: 'PROXY_PAUSED',
  },
  {
    name: 'tenant resumed',
    before: (installation, { tenant }) => installation.operate('POST', 'pause', { tenant }),
    act: (installation, { tenant }) => installation.operate('POST', 'resume', { tenant }),
    after: null,
  },
]

function report(all: readonly Noticed[]): string {
  const last = (ms: number | null) => (ms === null ? 'at once' : (ms / 1000).toFixed(1))
  const rows = all.map(({ scenario, isolate, pace, reads, writes }) => [
    scenario,
    `${isolate}, ${pace}`,
    last(reads),
    last(writes),
  ])
  return table([['as before, s after', 'isolate', 'reads until', 'sensitive until'], ...rows])
}

function faultsIn(all: readonly Noticed[]): string[] {
  return all.flatMap(({ scenario, isolate, reads, writes, odd }) => {
    const where = `FAULT: ${scenario}, isolate ${isolate}`
    // What is allowed again may be refused for as long as a read may be allowed.
    const latest = scenario.endsWith('resumed') ? PROMISED_MS : 0
    return [
      ...odd.map((each) => `${where}: ${each}`),
      ...((reads ?? -1) >= PROMISED_MS ? [`${where}: a read after ${reads} ms`] : []),
      ...((writes ?? -1) >= latest ? [`${where}: a sensitive call after ${writes} ms`] : []),
    ]
  })
}

/** True when every promise was kept. */
async function check(isolates: number): Promise<boolean> {
  const installation = await Installation.start(isolates)
  try {
    const all = await Promise.all(SCENARIOS.map((each) => play(installation, each, isolates)))
    const noticed = all.flat()
    const faults = faultsIn(noticed)
    process.stdout.write(`${report(noticed)}\n\n${faults.join('\n') || 'ok'}\n`)
    return faults.length === 0
  } finally {
    await installation.stop()
  }
}

/** null: asked for help. */
function readFlags(): number | null {
  const { values } = parseArgs({
    options: {
      isolates: { type: 'string', default: '4' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return null
  const isolates = Number(values.isolates)
  if (!Number.isInteger(isolates) || isolates < 1) throw new Error('--isolates: a whole number')
  return isolates
}

try {
  const isolates = readFlags()
  if (isolates === null) process.stdout.write(HELP)
  else if (!(await check(isolates))) process.exitCode = 1
} catch (error) {
  const said = error instanceof Error ? error.message : String(error)
  process.stderr.write(`revocation-check: ${said}\n`)
  process.exit(1)
}
