const MAX_SKEW_MS = 60_000

/** Less would be a mint with every call, more is no date. */
const SHORTEST_MS = 10_000
const LONGEST_MS = 400 * 24 * 3_600_000

/** RFC 3339 §5.6, with a zone: what has none means something else in every place. */
const DATE_TIME = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)$/

/** How long a token of that many milliseconds is used: less 60 s or a tenth, whichever is less. */
export function usable(lasts: number): number {
  const ms = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, lasts))
  return ms - Math.min(MAX_SKEW_MS, ms / 10)
}

/** A number of seconds. Some send `"3600"`. null for whatever else it is. */
export function secondsOf(value: unknown): number | null {
  const number = typeof value === 'string' && /^\d{1,12}$/.test(value) ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) && number > 0 ? number : null
}

/** A moment, Unix ms: RFC 3339, or Unix seconds or milliseconds. null for whatever else it is. */
export function momentOf(value: unknown): number | null {
  const unix = secondsOf(value)
  if (unix !== null) return unix < 1e11 ? unix * 1000 : unix
  if (typeof value !== 'string' || !DATE_TIME.test(value)) return null
  const moment = Date.parse(value.replace(' ', 'T'))
  return Number.isNaN(moment) ? null : moment
}
