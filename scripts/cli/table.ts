import { columnsOf, cut, printable } from './printable.ts'

export interface Column {
  readonly head: string
  /** May be cut where the terminal is narrow. What has to be copied or judged must not be. */
  readonly elastic?: boolean
  /** At least so many columns, for rows that are written one at a time. */
  readonly least?: number
}

const GAP = 2
const NARROWEST = 8

/** Aligned lines under a head, as wide as they need and the terminal allows. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
): readonly string[] {
  return aligned(columns, [columns.map(({ head }) => head), ...rows], width)
}

/** The same lines without the head. */
export function aligned(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
): readonly string[] {
  const safe = rows.map((row) => columns.map((_, at) => printable(row[at] ?? '')))
  const widths = fitted(columns, safe, width)
  return safe.map((row) =>
    row
      .map((cell, at) => padded(cut(cell, widths[at] ?? 0), widths[at] ?? 0))
      .join(' '.repeat(GAP))
      .trimEnd(),
  )
}

/** `key  value` lines. What is empty is left out, and further lines of one stand under the first. */
export function pairs(
  rows: readonly (readonly [string, string | null | readonly string[]])[],
): string[] {
  const shown = rows.map(([key, value]) => [key, [value ?? ''].flat().filter(Boolean)] as const)
  const widest = Math.max(...shown.map(([key, lines]) => (lines.length > 0 ? columnsOf(key) : 0)))
  return shown.flatMap(([key, lines]) =>
    lines.map((line, at) => `  ${padded(at === 0 ? key : '', widest)}  ${printable(line)}`),
  )
}

/** Takes from the widest elastic column until all fit, or nothing more can be taken. */
function fitted(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
): readonly number[] {
  const widths = columns.map(({ least = 0 }, at) =>
    rows.reduce((most, row) => Math.max(most, columnsOf(row[at] ?? '')), least),
  )
  let over = widths.reduce((sum, each) => sum + each, GAP * (columns.length - 1)) - width
  while (over > 0) {
    const widest = Math.max(...widths.filter((_, at) => columns[at]?.elastic === true))
    if (widest <= NARROWEST) break
    widths[widths.findIndex((each, at) => each === widest && columns[at]?.elastic)] = widest - 1
    over--
  }
  return widths
}

function padded(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - columnsOf(text)))
}
