import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

import { KINDS } from './fuzz/case.ts'
import type { Case, Kind } from './fuzz/case.ts'
import { faultsAlone } from './fuzz/judge.ts'
import { caseOf, isKind } from './fuzz/make.ts'
import { Run } from './fuzz/run.ts'
import { World } from './fuzz/world.ts'

const HELP = `Sends made-up requests to the built worker, on plain workerd, with an upstream that answers
with made-up bytes, and looks whether every promise holds: docs/fuzzing.md.

  --seed N        what the inputs follow from (default: the time)
  --minutes N     how long (default: 2; with --runs, as long as that takes)
  --runs N        how many cases
  --only CLASS    ${KINDS.join(', ')}; may be given several times
  --case N        only case N of the seed and class, and say what happened
  --replay FILE   only the case in this file, as a finding shows it

Exit code 1: something is wrong. It is printed as a case made as small as it could be.
`

interface Flags {
  readonly seed: number
  readonly minutes: number
  readonly runs: number | null
  readonly kinds: readonly Kind[]
  readonly tried: Case | null
}

/** null: asked for help. */
function readFlags(): Flags | null {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      minutes: { type: 'string' },
      runs: { type: 'string' },
      only: { type: 'string', multiple: true, default: [] },
      case: { type: 'string' },
      replay: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return null
  const seed = whole('--seed', values.seed)
  const runs = values.runs === undefined ? null : whole('--runs', values.runs)
  const minutes = values.minutes ?? (runs === null ? '2' : '600')
  const kinds = values.only.length === 0 ? KINDS : values.only.map(kindOf)
  const { replay, case: number } = values
  const tried = replay === undefined ? null : (JSON.parse(readFileSync(replay, 'utf8')) as Case)
  const one =
    number === undefined ? tried : caseOf(seed, kinds[0] ?? 'client', whole('--case', number))
  return { seed, minutes: Number(minutes), runs, kinds, tried: one }
}

function kindOf(text: string): Kind {
  if (isKind(text)) return text
  throw new Error(`--only: one of ${KINDS.join(', ')}`)
}

function whole(name: string, text: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 0) throw new Error(`${name}: a whole number`)
  return number
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** Whether all is well. */
async function fuzz({ seed, minutes, runs, kinds, tried }: Flags): Promise<boolean> {
  const world = new World()
  try {
    await world.open()
    if (tried) return await tryOne(world, tried)
    const until = Date.now() + minutes * 60_000
    const run = new Run(world, { seed, kinds, runs, until, say })
    const began = Date.now()
    say(`seed ${seed}`)
    await run.go()
    const { tally, findings } = run
    const seconds = (Date.now() - began) / 1000
    const memory = [tally.memory[0], Math.max(...tally.memory), tally.memory.at(-1)].join(' / ')
    say(tally.report())
    say(
      `${tally.cases} cases, ${tally.calls} calls in ${seconds.toFixed(0)} s; memory first / most / last: ${memory} MiB`,
    )
    for (const { fault, count } of findings.values()) say(`${count} times: ${fault}`)
    say(findings.size === 0 ? 'ok' : `${findings.size} findings`)
    return findings.size === 0
  } finally {
    await world.close()
  }
}

async function tryOne(world: World, tried: Case): Promise<boolean> {
  say(JSON.stringify(tried, null, 2))
  const faults = await faultsAlone(world, tried)
  for (const { outcome, script } of world.last) {
    for (const { method, target } of script.arrivals) say(`upstream: ${method} ${target}`)
    say(
      `${outcome.ended} after ${outcome.ms} ms:\n${outcome.bytes.toString('latin1').slice(0, 3000)}`,
    )
  }
  for (const fault of faults) say(`FINDING: ${fault}`)
  return faults.length === 0
}

try {
  const flags = readFlags()
  if (flags === null) process.stdout.write(HELP)
  else if (!(await fuzz(flags))) process.exitCode = 1
} catch (error) {
  process.stderr.write(`fuzz: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}
