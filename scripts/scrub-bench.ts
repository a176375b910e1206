import { parseArgs } from 'node:util'

import { formsOf } from '../src/scrub/forms.ts'
import { RUN } from '../src/scrub/grams.ts'
import { Scrubber } from '../src/scrub/scrubber.ts'
import { Search } from '../src/scrub/search.ts'
import { automatonOf, found } from './bench/automaton.ts'
import { textOf } from './bench/text.ts'

const HELP = `Usage: npm run scrub-bench -- [options]

What it takes to search a text for one secret of 40 characters, in this Node: CPU time, not the clock's. The
others search for the pure forms alone, and not for mixtures.

  --rounds N   rounds (default: 5)
  --help
`

const SECRET = 'sk-live-9aXq71Zk03Tb55LmQw8Er2Ty6Ui0Op4A'

const SIZES: readonly (readonly [name: string, bytes: number, times: number])[] = [
  ['1 KB', 1000, 20_000],
  ['1 MB', 1_000_000, 40],
  ['100 MB', 100_000_000, 1],
]

/** Of 100 MB as they come in a stream. */
const CHUNK_BYTES = 256 * 1024

const decoder = new TextDecoder('latin1')

/** What each encoder makes of the secret when it does nothing by halves, and every run of it. */
function pureForms(): string[] {
  const bytes = Buffer.from(SECRET)
  const each = (write: (code: number) => string): string => Array.from(bytes, write).join('')
  const hex = bytes.toString('hex')
  const aligned = [0, 1, 2].map((shift) =>
    Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .slice(4, -4),
  )
  const runs = Array.from({ length: SECRET.length - RUN + 1 }, (_, at) =>
    SECRET.slice(at, at + RUN),
  )
  return [
    ...runs,
    ...aligned,
    hex,
    hex.toUpperCase(),
    each((code) => `%${code.toString(16)}`),
    each((code) => `%25${code.toString(16)}`),
    each((code) => String.raw`\u00${code.toString(16)}`),
    each((code) => `&#${code};`),
    each((code) => `&#x${code.toString(16)};`),
    SECRET.split('').join('\0'),
  ]
}

/** Whether a text, given bit by bit, has the secret in it. */
type Way = (chunks: readonly Uint8Array[]) => boolean

function ways(): Readonly<Record<string, Way>> {
  const search = new Search([formsOf(SECRET)])
  const forms = pureForms()
  const automaton = automatonOf(forms)
  return {
    'ours: search and replace': (chunks) => {
      const scrubber = new Scrubber(search, true)
      for (const chunk of chunks) scrubber.push(chunk)
      scrubber.end()
      return scrubber.count > 0
    },
    'to a Latin-1 string, no search': (chunks) =>
      chunks.some((chunk) => decoder.decode(chunk).length < 0),
    [`indexOf on Latin-1, ${forms.length} texts`]: (chunks) =>
      chunks.some((chunk) => {
        const text = decoder.decode(chunk)
        return forms.some((form) => text.includes(form))
      }),
    'an automaton in typed arrays': (chunks) => chunks.some((chunk) => found(automaton, chunk)),
  }
}

function cut(text: Uint8Array): Uint8Array[] {
  const chunks: Uint8Array[] = []
  for (let at = 0; at < text.length; at += CHUNK_BYTES) {
    chunks.push(text.subarray(at, at + CHUNK_BYTES))
  }
  return chunks
}

/** Microseconds of CPU. */
function costOf(way: Way, chunks: readonly Uint8Array[], times: number): number {
  const begun = process.cpuUsage()
  for (let n = 0; n < times; n += 1) {
    if (way(chunks)) throw new Error('there is no secret in it')
  }
  const { user, system } = process.cpuUsage(begun)
  return (user + system) / times
}

function main(rounds: number): void {
  const all = Object.entries(ways())
  for (const [name, way] of all) {
    const sees = way([Buffer.from(`"${SECRET}"`)])
    if (sees === name.includes('no search')) throw new Error(`${name}: does not do what it says`)
  }
  for (const [size, bytes, times] of SIZES) {
    const chunks = cut(textOf(bytes))
    const costs = all.map((): number[] => [])
    for (let round = 0; round <= rounds; round += 1) {
      all.forEach(([, way], at) => {
        const cost = costOf(way, chunks, times)
        if (round > 0) costs[at]?.push(cost)
      })
    }
    all.forEach(([name], at) => {
      const cost = (costs[at] ?? []).toSorted((one, other) => one - other)[rounds >> 1] ?? 0
      const line = `${size.padEnd(8)}${name.padEnd(34)}${cost.toFixed(1).padStart(12)} us`
      process.stdout.write(`${line}${(bytes / cost).toFixed(0).padStart(8)} MB/s\n`)
    })
  }
}

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, help: { type: 'boolean' } },
})
if (values.help === true) process.stdout.write(HELP)
else main(Number(values.rounds))
