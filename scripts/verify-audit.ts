import { createReadStream } from 'node:fs'
import { parseArgs } from 'node:util'

import type { Fault, Head } from '../src/audit/record.ts'
import { ExportCheck, MEANINGS } from './audit/export-check.ts'
import type { Report } from './audit/export-check.ts'
import { messageOf, tell } from './terminal.ts'

const HELP = `Usage: npm run -s verify-audit -- [FILE] [--tenant NAME] [--head SEQ:HASH]

Verifies an export of the audit ledger, one record a line, without asking anybody. Without FILE it
reads standard input.

  --tenant NAME    the tenant whose chain it should be (default: the one that the first record names)
  --head SEQ:HASH  a place in the chain that you noted earlier: it must be there, so that records
                   removed at the end are missed, and so is a chain that was written anew

Exit code: 0 the chain is whole, 1 it has faults, 2 wrong usage, nothing that can be read, or a head
that cannot be looked for.
`

const LINE_FEED = 0x0a

/** So many faults are printed. */
const SHOWN = 100

class Misuse extends Error {}

async function main(args: string[]): Promise<boolean> {
  const { file, tenant, head } = readFlags(args)
  const check = new ExportCheck(tenant)
  const input = file === null || file === '-' ? process.stdin : createReadStream(file)
  for await (const line of linesOf(input)) {
    if (line?.trim() !== '') check.add(line)
  }
  const report = check.report(head)
  if (report.records === 0) throw new Error('there is no record in it')
  process.stdout.write(`${printed(report, head).join('\n')}\n`)
  if (report.faults.length > 0) return false
  if (head && !report.headChecked) {
    throw new Error('--head: the records up to there were pruned; give one that was noted later')
  }
  return true
}

function readFlags(args: string[]): {
  readonly file: string | null
  readonly tenant: string | null
  readonly head: Head | null
} {
  const { values, positionals } = parsed(args)
  if (values.help) {
    process.stdout.write(HELP)
    process.exit(0)
  }
  if (positionals.length > 1) throw new Misuse(HELP)
  const [, seq, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(values.head ?? '') ?? []
  if (values.head !== undefined && !hash) throw new Misuse('--head: SEQ:HASH, as in a report')
  return {
    file: positionals[0] ?? null,
    tenant: values.tenant ?? null,
    head: hash ? { seq: Number(seq), hash } : null,
  }
}

function parsed(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        tenant: { type: 'string' },
        head: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    })
  } catch (error) {
    throw new Misuse(messageOf(error), { cause: error })
  }
}

/**
 * Lines end at a line feed and nowhere else: U+2028 may stand in a record. null is a line that is
 * not UTF-8.
 */
async function* linesOf(input: AsyncIterable<Uint8Array>): AsyncGenerator<string | null> {
  let open: Uint8Array[] = []
  for await (const chunk of input) {
    let begin = 0
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, begin)) {
      yield textIn([...open, chunk.subarray(begin, end)])
      open = []
      begin = end + 1
    }
    if (begin < chunk.length) open.push(chunk.subarray(begin))
  }
  if (open.length > 0) yield textIn(open)
}

function textIn(parts: readonly Uint8Array[]): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(parts))
  } catch {
    return null
  }
}

function printed(report: Report, head: Head | null): readonly string[] {
  const { tenant, records, first, last, faults } = report
  const found = faults.slice(0, SHOWN).map((fault) => faultLine(fault))
  if (faults.length > SHOWN) found.push(`… and ${faults.length - SHOWN} more`)
  return [
    `tenant   ${tenant ?? '?'}`,
    `records  ${records}, from seq ${first ?? '?'}`,
    `start    ${report.start ?? 'not accounted for'}`,
    ...(head
      ? [
          `given    ${head.seq}:${head.hash}${report.headChecked ? '' : ' (not looked for: pruned)'}`,
        ]
      : []),
    `head     ${last ? `${last.seq}:${last.hash}` : '?'}`,
    ...found,
    faults.length === 0
      ? 'ok: every record follows from the one before it'
      : `not ok: ${faults.length} ${faults.length === 1 ? 'fault' : 'faults'}`,
  ]
}

function faultLine({ seq, through, what }: Fault): string {
  const where = seq === through ? `seq ${seq}` : `seq ${seq} to ${through}`
  return `FAULT    ${where}: ${what} (${MEANINGS[what]})`
}

try {
  if (!(await main(process.argv.slice(2)))) process.exitCode = 1
} catch (error) {
  tell(messageOf(error))
  process.exitCode = 2
}
