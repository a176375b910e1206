import type { Head } from '../../src/audit/record.ts'
import type { Book } from './audit-book.ts'
import type { Desk } from './audit-desk.ts'
import { MAX_CALLS } from './audit-load.ts'
import type { Trail } from './audit-trail.ts'

type Books = ReadonlyMap<string, Book>

/** What the ledgers do not say though it happened, or say twice. */
export function judge(
  {
    trail,
    desk,
    heads,
  }: { readonly trail: Trail; readonly desk: Desk; readonly heads: readonly Noted[] },
  books: Books,
): string[] {
  return [
    ...[...books.values()].flatMap(({ faults }) => faults),
    ...unrecorded(trail, books),
    ...recordedTwice(trail, books),
    ...usedTwice(books),
    ...overQuota(trail),
    ...lostChanges(desk, books),
    ...lostHeads(heads, books),
  ]
}

/** A head on the console: `Deps.printHead`. */
export interface Noted extends Head {
  readonly tenant: string
}

/** The heads, and the paths of calls, that were printed. */
export function readConsole(printed: string): { heads: Noted[]; paths: Set<string> } {
  const [heads, paths]: [Noted[], Set<string>] = [[], new Set()]
  for (const line of printed.split('\n')) {
    const said = parsed(line)
    if (said?.audit_head) heads.push(said.audit_head)
    if (typeof said?.path === 'string') paths.add(said.path)
  }
  return { heads, paths }
}

/** The last line of a life may be half a line. */
function parsed(line: string): { audit_head?: Noted; path?: string } | null {
  try {
    return JSON.parse(line) as { audit_head?: Noted; path?: string }
  } catch {
    return null
  }
}

function unrecorded({ made }: Trail, books: Books): string[] {
  const bare = made.filter(
    ({ tenant, path, method, arrivals }) =>
      method === 'POST' && arrivals > (books.get(tenant)?.count(path, 'opened') ?? 0),
  )
  return bare.map(({ path }) => `POST ${path}: forwarded, and not recorded`)
}

/** A call may be lost; it may not be there twice. Paths of approvals are called several times. */
function recordedTwice({ made }: Trail, books: Books): string[] {
  const calls = Map.groupBy(made, ({ path }) => path)
  return [...calls].flatMap(([path, all]) => {
    const book = books.get(all[0]?.tenant ?? '')
    const ends = (book?.count(path, 'call') ?? 0) + (book?.count(path, 'closed') ?? 0)
    return ends > all.length ? [`${path}: called ${all.length} times, recorded ${ends} times`] : []
  })
}

export function usedTwice(books: Books): string[] {
  return [...books.values()].flatMap(({ uses }) =>
    [...uses].filter(([, count]) => count > 1).map(([id, count]) => `${id}: used ${count} times`),
  )
}

function overQuota({ made }: Trail): string[] {
  const grants = Map.groupBy(made, ({ path }) => path.split('/')[2] ?? '')
  return [...grants].flatMap(([id, calls]) => {
    const forwarded = calls.reduce((sum, { arrivals }) => sum + arrivals, 0)
    return id.startsWith('gr_') && forwarded > MAX_CALLS
      ? [`${id}: ${forwarded} calls forwarded, and max_calls is ${MAX_CALLS}`]
      : []
  })
}

export function lostChanges({ done }: Pick<Desk, 'done'>, books: Books): string[] {
  return done
    .filter(({ tenant, action, target }) => !books.get(tenant)?.hasChange(action, target))
    .map(({ action, target }) => `${action} ${target}: done, and not recorded`)
}

export function lostHeads(heads: readonly Noted[], books: Books): string[] {
  return heads
    .filter((head) => books.get(head.tenant)?.holds(head) === false)
    .map(({ tenant, seq }) => `${tenant}: the head ${seq} was printed, and is not in the chain`)
}
