/**
 * A path pattern of a provider file, anchored at both ends and case-sensitive: `*` and `{name}`
 * are one or more characters inside a segment, `**` one or more across segments, everything else
 * is literal. A final slash and `**` may also match nothing: `/v1/**` is `/v1`, `/v1/` and below.
 */
export interface Pattern {
  /** The leading segments without a wildcard; the whole pattern when it has none. */
  readonly stem: string
  /** Takes time linear in the path, whatever the pattern: agents choose paths. */
  readonly matches: (path: string) => boolean
}

type Part = string | typeof STAR | typeof GLOBSTAR

const STAR = Symbol('*')
const GLOBSTAR = Symbol('**')
const WILDCARD = /(\*+|\{[A-Za-z0-9_-]+\})/

export function parsePattern(source: string): Pattern {
  const parts = source.split(WILDCARD).filter(Boolean).map(toPart)
  const first = parts[0]
  const literal = typeof first === 'string' ? first : ''
  if (parts.length < 2 && literal === source) {
    return { stem: source, matches: (path) => path === source }
  }
  return {
    stem: literal.slice(0, literal.lastIndexOf('/')),
    matches: parts.at(-1) === GLOBSTAR && source.endsWith('/**') ? below(parts) : exactly(parts),
  }
}

function toPart(token: string): Part {
  if (token.startsWith('**')) return GLOBSTAR
  return token === '*' || token.startsWith('{') ? STAR : token
}

/** For a pattern that ends in `/**`: whatever is below, and the folder itself with or without slash. */
function below(parts: readonly Part[]): Pattern['matches'] {
  const slash = parts.at(-2)
  if (parts.length === 2 && typeof slash === 'string') {
    const folder = slash.slice(0, -1)
    return (path) => path.startsWith(slash) || path === folder
  }
  const inside = exactly(parts)
  const itself = exactly(parts.slice(0, -1))
  return (path) => inside(path) || itself(path) || itself(`${path}/`)
}

/** Walks the parts while holding every position that the path may have been read up to. */
function exactly(parts: readonly Part[]): Pattern['matches'] {
  const last = parts.at(-1)
  const tail = typeof last === 'string' ? last : ''
  return (path) => {
    if (!path.endsWith(tail)) return false
    let reached: number[] = [0]
    for (const part of parts) {
      reached = typeof part === 'string' ? text(path, reached, part) : wild(path, reached, part)
      if (reached.length === 0) return false
    }
    return reached.at(-1) === path.length
  }
}

function text(path: string, reached: readonly number[], part: string): number[] {
  return reached.filter((at) => path.startsWith(part, at)).map((at) => at + part.length)
}

/** The positions after one or more further characters, ascending and each once. */
function wild(path: string, reached: readonly number[], part: symbol): number[] {
  const next: number[] = []
  for (const at of reached) {
    const slash = part === STAR ? path.indexOf('/', at) : -1
    const end = slash < 0 ? path.length : slash
    for (let to = Math.max(at, next.at(-1) ?? 0) + 1; to <= end; to++) next.push(to)
    if (end === path.length) break
  }
  return next
}
