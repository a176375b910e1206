import type { StatusView } from './answers.ts'
import { relative } from './moment.ts'
import { table } from './table.ts'

/** The secrets that are kept outside of the Worker: how they stand, never what they are. */
export function sourceLines({ sources }: StatusView, width: number, now: number) {
  if (sources.length === 0) return []
  const rows = sources.map((each) => [
    `  ${each.secret}`,
    each.state,
    each.read_at === null ? '' : relative(each.read_at, now),
    failureText(each, now),
    each.providers.join(', '),
  ])
  const columns = [
    { head: '  SECRET' },
    { head: 'STATE' },
    { head: 'READ' },
    { head: 'FAILURE' },
    { head: 'PROVIDERS', elastic: true },
  ]
  return table(columns, rows, width)
}

function failureText(
  { missing_settings, failure, failed_at }: StatusView['sources'][number],
  now: number,
): string {
  if (missing_settings.length > 0) return `not set: ${missing_settings.join(', ')}`
  if (failure === null || failed_at === null) return ''
  return `${failure} ${relative(failed_at, now)}`
}

/** Which value of a rotated secret the upstream accepts, and whether there is one from before. */
export function rotationLines({ rotations }: StatusView, width: number, now: number) {
  if (rotations.length === 0) return []
  const rows = rotations.map(({ provider, live, since, missing_previous }) => [
    `  ${provider}`,
    live,
    [
      ...(since === null ? [] : [`since ${relative(since, now)}`]),
      ...(missing_previous.length > 0 ? [`previous not set: ${missing_previous.join(', ')}`] : []),
    ].join('; '),
  ])
  return table([{ head: '  PROVIDER' }, { head: 'LIVE' }, { head: '', elastic: true }], rows, width)
}
