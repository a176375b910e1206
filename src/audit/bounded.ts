import { canonical } from './canonical.ts'

/** Characters of the canonical text. A record of a usual call has 800. */
export const MAX_RECORD = 16_384

/** Which texts are cut when a record is too long, by their length; one after the other. */
const STEPS = [1024, 256, 32] as const

const MAX_ITEMS = 32
const MAX_MEMBERS = 48

/**
 * The value, or one that says less: a text that was cut ends in `…`, a list has `…` as its last
 * item, and an object has a member `…` with the number of those left out. The result has at most 16,384 characters in canonical form, when objects in it
 * are not deeper than those of record.ts.
 */
export function bounded<T>(value: T): T {
  if (canonical(value).length <= MAX_RECORD) return value
  for (const longest of STEPS) {
    const cut = shortened(value, longest)
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same shape, with shorter texts
    if (longest === STEPS.at(-1) || canonical(cut).length <= MAX_RECORD) return cut as T
  }
  return value
}

function shortened(value: unknown, longest: number): unknown {
  if (typeof value === 'string') return cutText(value, longest)
  if (Array.isArray(value)) {
    const items = value.slice(0, MAX_ITEMS).map((each) => shortened(each, longest))
    return value.length > MAX_ITEMS ? [...items, '…'] : items
  }
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value)
  const left = members.length - MAX_MEMBERS
  return Object.fromEntries([
    ...members
      .slice(0, MAX_MEMBERS)
      .map(([key, each]) => [cutText(key, longest), shortened(each, longest)] as const),
    ...(left > 0 ? [['…', left] as const] : []),
  ])
}

/** An escape has six characters. */
function cutText(text: string, longest: number): string {
  const escaped = JSON.stringify(text).length - 2
  if (escaped <= longest) return text
  return `${text.slice(0, escaped === text.length ? longest : Math.floor(longest / 6))}…`
}
