import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, readdirSync, readFileSync } from 'node:fs'
import { get } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'

import { Book } from '../crash/audit-book.ts'
import type { Desk } from '../crash/audit-desk.ts'
import { lostChanges, lostHeads, readConsole, usedTwice } from '../crash/audit-judge.ts'
import type { Noted } from '../crash/audit-judge.ts'
import { lossOf } from '../crash/audit-loss.ts'
import type { End, Loss } from '../crash/audit-loss.ts'
import type { Calls, Expected } from './calls.ts'
import { secretsIn } from './sentinels.ts'

export type Books = ReadonlyMap<string, Book>

/** Where an installation is asked, by an operator. */
interface Asked {
  readonly url: string
  readonly admin: string
  readonly folder: string
}

/**
 * Exports the chain of a tenant, has the offline verifier look at it, and reads it.
 * @throws when there is no export.
 */
export async function bookOf(
  tenant: string,
  { url, admin, folder }: Asked,
): Promise<{ readonly book: Book; readonly faults: readonly string[] }> {
  const file = join(folder, `${tenant}.ndjson`)
  const headers = { authorization: `Bearer ${admin}`, accept: 'application/x-ndjson' }
  const asked = get(`${url}/_outpost/audit?tenant=${tenant}`, { headers, agent: false })
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  if (answer.statusCode !== 200) throw new Error(`no export of ${tenant}: ${answer.statusCode}`)
  await pipeline(answer, createWriteStream(file, { mode: 0o600 }))
  const script = join(import.meta.dirname, '../verify-audit.ts')
  const verifier = spawn(process.execPath, [script, file, '--tenant', tenant], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const [code] = (await once(verifier, 'close')) as [number | null]
  const text = readFileSync(file, 'utf8')
  const book = new Book(tenant, text.split('\n').slice(0, -1))
  const secrets = secretsIn(text).map((what) => `${tenant}: ${what} in a record`)
  const faults = code === 0 ? [] : [`${tenant}: verify-audit ends with ${code}`]
  return { book, faults: [...faults, ...book.faults, ...secrets] }
}

/** What all lives have printed: heads and paths, and what should not be there. */
export interface Printed {
  readonly heads: readonly Noted[]
  readonly paths: Set<string>
  /** What is no line of the Worker's, and how often, without its numbers. */
  readonly others: ReadonlyMap<string, number>
  readonly faults: readonly string[]
}

/** Reads the consoles of a folder. */
export function readConsoles(folder: string): Printed {
  const heads: Noted[] = []
  const paths = new Set<string>()
  const others = new Map<string, number>()
  const faults = new Set<string>()
  for (const name of readdirSync(folder)) {
    const text = readFileSync(join(folder, name), 'utf8')
    const said = readConsole(text)
    heads.push(...said.heads)
    for (const path of said.paths) paths.add(path)
    for (const secret of secretsIn(text)) faults.add(`${secret} on the console (${name})`)
    for (const line of text.split('\n')) {
      if (line.startsWith('{') || line.trim() === '') continue
      const kind = line.replaceAll(/0x[0-9a-f]+|[0-9a-f]{6,}|\d+/g, 'N').slice(0, 160)
      others.set(kind, (others.get(kind) ?? 0) + 1)
      if (/unhandled|uncaught|segmentation|fatal/i.test(line)) faults.add(`console: ${kind}`)
    }
  }
  return { heads, paths, others, faults: [...faults] }
}

interface Known {
  readonly calls: Calls
  readonly desk: Desk
  readonly ends: readonly End[]
  readonly printed: Printed
}

/** What the chains do not say though it happened, or say twice. */
export function judgeBooks(
  { calls, desk, ends, printed }: Known,
  books: Books,
): { readonly faults: readonly string[]; readonly kill: Loss; readonly stop: Loss } {
  const of = (clean: boolean) =>
    lossOf(answered(calls), { ends, clean, printed: printed.paths }, books)
  const [kill, stop] = [of(false), of(true)]
  const all = [...calls.all]
  const faults = [
    ...all.flatMap((each) => unrecorded(each, books)),
    ...all.flatMap((each) => recordedTwice(each, books)),
    ...usedTwice(books),
    ...lostChanges(desk, books),
    ...lostHeads(printed.heads, books),
    ...printed.faults,
    ...kill.faults,
    ...stop.faults,
  ]
  return { faults, kill, stop }
}

/** Calls of paths that one caller alone has used once. */
function answered(calls: Calls): Calls['made'] {
  return calls.made.filter(({ path }) => calls.find(path)?.calls === 1)
}

/** A second attempt with a new token is the same call. */
function unrecorded({ method, path, tenant, arrivals, each }: Expected, books: Books): string[] {
  if (method !== 'POST') return []
  const opened = books.get(tenant)?.count(path, 'opened') ?? 0
  if (arrivals <= opened * each) return []
  return [`${method} ${path}: forwarded ${arrivals} times, recorded ${opened} times`]
}

function recordedTwice({ path, tenant, calls }: Expected, books: Books): string[] {
  const book = books.get(tenant)
  const ends = (book?.count(path, 'call') ?? 0) + (book?.count(path, 'closed') ?? 0)
  return ends > calls ? [`${path}: called ${calls} times, recorded ${ends} times`] : []
}
