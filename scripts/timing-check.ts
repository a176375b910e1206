import { Agent, request } from 'node:http'
import { parseArgs } from 'node:util'

import { table } from './bench/table.ts'

const HELP = `Usage: OUTPOST_ADMIN_TOKEN=… npm run timing-check -- [--url URL] [--rounds N]

Asks a running server (default: http://127.0.0.1:8788) with wrong tokens that share nothing, half or
nearly all of the right one, and with the right one, N times each (default: 4000) in random order over
one connection. Compares the times by Welch's t-test, the slowest tenth left out, as dudect does
(https://eprint.iacr.org/2016/1123). The right token, which is answered in another way, shows whether
a difference would be seen at all. Ends with exit code 1 when a wrong token can be told from another.
`

/** Beyond this dudect calls it a leak. */
const LEAK = 4.5
/** The slowest are the machine's doing. */
const KEPT = 0.9

type Kind = 'nothing' | 'half' | 'all but the last' | 'shorter' | 'right'

/** Tokens by what they share with the right one. */
function tokensOf(right: string): Readonly<Record<Kind, string>> {
  const other = (at: number) => (right.charAt(at) === 'x' ? 'y' : 'x')
  const from = (start: number) => right.slice(0, start) + other(start) + right.slice(start + 1)
  return {
    nothing: from(0),
    half: from(right.length >> 1),
    'all but the last': from(right.length - 1),
    shorter: right.slice(0, -1),
    right,
  }
}

/** One question, from sending it to the end of the answer, in microseconds. */
function timed(url: URL, token: string, agent: Agent): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const headers = { authorization: `Bearer ${token}` }
  const start = process.hrtime.bigint()
  request(url.href, { agent, headers }, (response) => {
    response.resume()
    response.on('end', () => resolve(Number(process.hrtime.bigint() - start) / 1000))
  })
    .on('error', reject)
    .end()
  return promise
}

interface Sample {
  readonly mean: number
  readonly variance: number
  readonly count: number
}

function sampleOf(times: readonly number[]): Sample {
  const kept = times.toSorted((one, other) => one - other).slice(0, times.length * KEPT)
  const mean = kept.reduce((sum, each) => sum + each, 0) / kept.length
  const squares = kept.reduce((sum, each) => sum + (each - mean) ** 2, 0)
  return { mean, variance: squares / (kept.length - 1), count: kept.length }
}

/** Welch's t: how many standard errors the means are apart. */
function apart(one: Sample, other: Sample): number {
  const error = Math.sqrt(one.variance / one.count + other.variance / other.count)
  return (one.mean - other.mean) / error
}

async function measured(url: URL, right: string, rounds: number): Promise<Map<Kind, Sample>> {
  const kinds = Object.entries(tokensOf(right)) as [Kind, string][]
  const times = new Map(kinds.map(([kind]) => [kind, [] as number[]]))
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const warm = Math.ceil(rounds / 10)
  for (let round = -warm; round < rounds; round += 1) {
    for (const [kind, token] of kinds.toSorted(() => Math.random() - 0.5)) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other, or they would wait for each other
      const time = await timed(url, token, agent)
      if (round >= 0) times.get(kind)?.push(time)
    }
  }
  agent.destroy()
  return new Map(Array.from(times, ([kind, all]) => [kind, sampleOf(all)]))
}

async function main(): Promise<void> {
  const options = {
    url: { type: 'string', default: 'http://127.0.0.1:8788' },
    rounds: { type: 'string', default: '4000' },
    help: { type: 'boolean', default: false },
  } as const
  const { values } = parseArgs({ options })
  const right = process.env['OUTPOST_ADMIN_TOKEN'] ?? ''
  if (values.help || right === '') {
    console.log(HELP)
    return
  }
  const url = new URL('/_outpost/nothing', values.url)
  const samples = await measured(url, right, Number(values.rounds))
  const base = samples.get('nothing')
  if (!base) throw new Error('nothing was measured')
  const rows = Array.from(samples, ([kind, sample]) => ({ kind, sample, t: apart(sample, base) }))
  const cells = rows.map(({ kind, sample, t }) => [kind, sample.mean.toFixed(1), t.toFixed(2)])
  console.log(table([['shares', 'mean, µs', 't'], ...cells]))
  const told = rows.filter(({ kind, t }) => kind !== 'right' && Math.abs(t) > LEAK)
  for (const { kind } of told) console.log(`FAULT: a token that shares ${kind} can be told apart`)
  process.exitCode = told.length > 0 ? 1 : 0
}

await main()
