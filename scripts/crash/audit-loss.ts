import { BATCH_MS, BATCH_RECORDS } from '../../src/audit/recorder.ts'
import type { Book } from './audit-book.ts'
import { REVOKED } from './audit-load.ts'
import type { Made } from './audit-trail.ts'

/** What timers are late, and the write takes, on a machine that is busy. */
const LATE_MS = 1000

/** Calls that were answered, and whose end is in no ledger. */
export interface Loss {
  readonly answered: number
  readonly lost: number
  /** How long before the kill they were answered, ms, in ascending order. */
  readonly ages: readonly number[]
  /** Most of one tenant, and so of one batch and the next one, in one kill. */
  readonly most: number
  /** Of those lost, how many have their line on the console. */
  readonly printed: number
  readonly faults: readonly string[]
}

/** The end of a life: when, and whether the process was told first. */
export interface End {
  readonly at: number
  readonly clean: boolean
}

/** Of lives that ended in one way: by a kill, or by SIGTERM, which may lose nothing. */
export function lossOf(
  made: readonly Made[],
  wanted: { readonly ends: readonly End[]; readonly clean: boolean; readonly printed: Set<string> },
  books: ReadonlyMap<string, Book>,
): Loss {
  const { ends, clean, printed } = wanted
  const times = new Map<string, number>()
  for (const { path } of made) times.set(path, (times.get(path) ?? 0) + 1)
  const told = made.flatMap((call) => {
    // Which of several calls of a path was recorded, nobody can tell.
    if (times.get(call.path) !== 1) return []
    // Who shows a token that does not hold is a stranger: those are counted, and not of its tenant.
    if (call.path.split('/')[2] === REVOKED) return []
    const end = ends[call.life]
    return call.answered !== null && end?.clean === clean
      ? [{ ...call, end: end.at, at: call.answered }]
      : []
  })
  const lost = told.filter(({ tenant, path }) => !isRecorded(books.get(tenant), path))
  const ages = lost.map(({ at, end }) => Math.max(0, end - at)).toSorted((a, b) => a - b)
  const groups = Map.groupBy(lost, ({ tenant, life }) => `${tenant} ${life}`)
  const most = Math.max(0, ...[...groups.values()].map(({ length }) => length))
  const oldest = ages.at(-1) ?? 0
  return {
    answered: told.length,
    lost: lost.length,
    ages,
    most,
    printed: lost.filter(({ path }) => printed.has(path)).length,
    faults: [
      ...(oldest > BATCH_MS + LATE_MS ? [`a record was lost ${oldest} ms after its answer`] : []),
      // One batch is on its way, and the next one waits.
      ...(most > 2 * BATCH_RECORDS ? [`${most} records of one tenant were lost at once`] : []),
      ...(clean && lost.length > 0 ? [`${lost.length} records were lost by a clean stop`] : []),
    ],
  }
}

function isRecorded(book: Book | undefined, path: string): boolean {
  return book !== undefined && book.count(path, 'call') + book.count(path, 'closed') > 0
}
