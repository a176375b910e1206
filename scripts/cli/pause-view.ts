import type { Pause } from './answers.ts'
import { when } from './moment.ts'

/** A line for each pause, or one that says that there is none. */
export function pauseLines(pauses: readonly Pause[], now: number): readonly string[] {
  if (pauses.length === 0) return ['nothing is paused']
  return pauses.map(({ scope, tenants, since, by, note }) => {
    const parts = [
      `  ${scopeText(scope)}`,
      'agent' in scope && tenants.length > 0 ? `of ${tenants.join(', ')}` : '',
      since === null ? '' : `since ${when(since, now)}`,
      by === null ? '' : `by ${by}`,
      note && `"${note}"`,
    ]
    return parts.filter(Boolean).join('  ')
  })
}

function scopeText(scope: Readonly<Record<string, unknown>>): string {
  if (scope['all'] === true) return 'everything'
  return Object.entries(scope)
    .map(([key, value]) => `${key} ${String(value)}`)
    .join(' of ')
}
