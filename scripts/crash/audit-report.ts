import { table } from '../bench/table.ts'
import type { Book } from './audit-book.ts'
import type { AuditFigures } from './audit-load.ts'
import type { Loss } from './audit-loss.ts'
import type { Made } from './audit-trail.ts'

export function loadTable(made: readonly Made[], figures: AuditFigures): string {
  const arrived = (method: string) =>
    made.reduce((sum, each) => sum + (each.method === method ? each.arrivals : 0), 0)
  return table([
    ['calls', String(made.length)],
    ['sensitive ones forwarded', String(arrived('POST'))],
    ['reads forwarded', String(arrived('GET'))],
    ['approvals, used by racing clients', `${figures.approvals}, ${figures.used}`],
    ['grants used up', String(figures.quotas)],
    ['grants revoked', String(figures.revoked)],
    ['calls with a revoked grant, same life', String(figures.tried)],
    ['and in later lives', String(figures.triedLater)],
  ])
}

export function recordTable(
  books: ReadonlyMap<string, Book>,
  { verified, heads }: { readonly verified: number; readonly heads: number },
): string {
  return table([
    ...Array.from(books, ([tenant, { records }]) => [`records of ${tenant}`, String(records)]),
    ['chains verified online', String(verified)],
    ['heads printed', String(heads)],
  ])
}

export function lossTable(losses: Readonly<Record<string, Loss>>): string {
  return table([
    [
      'ended by',
      'calls answered',
      'not recorded',
      'share',
      'age: median',
      'oldest',
      'most of a tenant',
      'on the console',
    ],
    ...Object.entries(losses).map(([name, { answered, lost, ages, most, printed }]) => [
      name,
      String(answered),
      String(lost),
      `${((100 * lost) / Math.max(1, answered)).toFixed(2)} %`,
      `${ages[Math.floor(ages.length / 2)] ?? 0} ms`,
      `${ages.at(-1) ?? 0} ms`,
      String(most),
      String(printed),
    ]),
  ])
}
