const MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const

/** ms of `250ms`, `90s`, `10m`, `8h`, `30d`, `2w`; a bare number is seconds. null: none of these. */
export function readSpan(text: string): number | null {
  const [, number, unit = 's'] = /^(\d{1,10})(ms|s|m|h|d|w)?$/.exec(text.trim()) ?? []
  return number === undefined ? null : Number(number) * MS[unit as keyof typeof MS]
}

/**
 * Unix ms of an ISO 8601 date or time (UTC, when it names no zone), or of so long ago: `2h`.
 * null: neither.
 */
export function readMoment(text: string, now: number): number | null {
  const span = readSpan(text)
  if (span !== null && !/^\d+$/.test(text.trim())) return now - span
  const iso = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:?\d\d)?)?$/i
  const [, date, time = '00:00', zone = 'Z'] = iso.exec(text.trim()) ?? []
  const at = date === undefined ? Number.NaN : Date.parse(`${date}T${time}${zone.toUpperCase()}`)
  return Number.isNaN(at) ? null : at
}

/** `2026-11-22 10:00:00Z`, always UTC; text that is no time is shown as it is. */
export function stamp(time: string | number): string {
  const at = new Date(time)
  if (Number.isNaN(at.getTime())) return String(time)
  return `${at.toISOString().slice(0, 19).replace('T', ' ')}Z`
}

/** `in 8 h`, `3 min ago`. */
export function relative(time: string | number, now: number): string {
  const ms = new Date(time).getTime() - now
  if (Number.isNaN(ms)) return String(time)
  return ms >= 0 ? `in ${roughly(ms)}` : `${roughly(-ms)} ago`
}

/** Both: `2026-11-22 10:00:00Z (in 8 h)`. */
export function when(time: string | number, now: number): string {
  return `${stamp(time)} (${relative(time, now)})`
}

function roughly(ms: number): string {
  if (ms < 90 * MS.s) return `${Math.round(ms / MS.s)} s`
  if (ms < 90 * MS.m) return `${Math.round(ms / MS.m)} min`
  if (ms < 48 * MS.h) return `${Math.round(ms / MS.h)} h`
  return `${Math.round(ms / MS.d)} d`
}

/** A whole span: `1 min`, `250 ms`, `90 s`. */
export function spanText(ms: number): string {
  if (ms % MS.d === 0) return `${ms / MS.d} d`
  if (ms % MS.h === 0) return `${ms / MS.h} h`
  if (ms % MS.m === 0) return `${ms / MS.m} min`
  return ms % MS.s === 0 ? `${ms / MS.s} s` : `${ms} ms`
}
