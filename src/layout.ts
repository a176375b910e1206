import { readingsOf } from './policy/path.ts'

/**
 * One entry of `layout`: where a client of a provider's own host name expects an API. `/api/v3` of a
 * GitHub Enterprise Server is the root of `api.github.com`.
 */
export interface Layout {
  /** What the client's path begins with, segment by segment. */
  readonly prefix: string
  /** What is there instead in the path that is sent. */
  readonly to: string
  /** Lower case: who is asked. null: the provider that has the layout. */
  readonly provider: string | null
}

/** An entry of which the provider has been looked up. */
export interface Laid {
  readonly prefix: string
  readonly to: string
  readonly provider: string
  readonly base_url: string
}

export interface Placed {
  readonly entry: Laid
  /** The path below that provider's base URL. */
  readonly path: string
}

/**
 * Which entry is meant by the path of a client: the first whose prefix it has. null where another
 * reading of the path has another one, or where what follows the prefix is no path of its own.
 */
export function placedIn(layout: readonly Laid[], path: string): Placed | null {
  const entry = layout.find(({ prefix }) => below(path, prefix) !== null)
  if (!entry || /^\/(?:\/|%2f)/i.test(below(path, entry.prefix) ?? '')) return null
  const same = readingsOf(path).every((reading) => {
    const other = layout.find(({ prefix }) => below(reading, prefix.toLowerCase()) !== null)
    return other === entry
  })
  return same ? { entry, path: moved(path, entry.prefix, entry.to) } : null
}

/**
 * The path by which a client reaches a URL, or null where none of the entries leads there. `insideOf`
 * says which path it has below the base URL of one.
 */
export function pathFor(
  layout: readonly Laid[],
  insideOf: (entry: Laid) => string | null,
): string | null {
  for (const entry of layout) {
    const inside = insideOf(entry)
    if (inside === null || below(inside, entry.to) === null) continue
    const path = moved(inside, entry.to, entry.prefix)
    const back = placedIn(layout, path)
    if (back?.entry.provider === entry.provider && back.path === inside) return path
  }
  return null
}

/** What follows a prefix of whole segments; null when the path does not have it. */
function below(path: string, prefix: string): string | null {
  if (prefix === '/') return path
  const rest = path.slice(prefix.length)
  return path.startsWith(prefix) && (rest === '' || rest.startsWith('/')) ? rest : null
}

function moved(path: string, from: string, to: string): string {
  const rest = below(path, from) ?? ''
  return to === '/' ? rest || '/' : to + (from === '/' && rest === '/' ? '' : rest)
}
