import { PLACE } from './auth/scheme.ts'
import type { Catalog, Provider } from './catalog.ts'
import { decoded } from './query.ts'

/** The place of a path, taken out of it. */
export interface InPath {
  /** What stood there, percent-decoded once: a key perhaps. Neither shown nor recorded. */
  readonly key: string
  /** The whole path as it was sent. Neither shown nor recorded. */
  readonly sent: string
}

/** A path, and what was taken out of it. */
interface Placed {
  readonly path: string
  readonly inPath?: InPath
}

/** A grant token, after whatever `:` may stand in front: some clients want `123456:token`. */
const HOLDS_GRANT_TOKEN = /(?:^|:)op_[0-9A-Za-z]{43}$/

/** A grant token that is a word of a path by itself. */
const GRANT_TOKEN_IN = /(?<![0-9A-Za-z])op_[0-9A-Za-z]{43}(?![0-9A-Za-z])/

/**
 * The call with `{token}` in its path in place of what stands where the named provider wants its
 * credential, so that nothing behind sees it. A grant token is also taken out of a place of any
 * other provider's: who calls does not depend on which provider is named, and the grant may name it.
 */
export function withoutKey<T extends Placed>(
  call: T,
  catalog: Catalog,
  provider: Provider | null,
): T {
  const places = placesOf(catalog)
  if (places.length === 0) return call
  const sent = call.inPath?.sent ?? call.path
  const own = firstOf(provider?.credential.paths ?? [], sent, () => true)
  const found = own ?? firstOf(places, sent, (key) => HOLDS_GRANT_TOKEN.test(key))
  return found ? { ...call, path: found.path, inPath: { key: found.key, sent } } : call
}

/** The place of this provider's that the path of a call has: `sent` and `path` differ there alone. */
export function hasPlace({ path, inPath }: Placed, { credential }: Provider): boolean {
  return inPath !== undefined && firstOf(credential.paths ?? [], inPath.sent)?.path === path
}

/** Whether a grant token stands in a path, where nothing takes it out. */
export function showsGrantToken(path: string): boolean {
  return GRANT_TOKEN_IN.test(path) || (path.includes('%') && GRANT_TOKEN_IN.test(decoded(path)))
}

/** The keys that a place may hold: all of it, and what is behind a `:`. */
export function keysIn({ key }: InPath): readonly string[] {
  return [key, ...key.split(':').slice(1)].filter((each) => each !== '' && each !== PLACE)
}

/** The places of all providers of a catalog. Worked out once. */
function placesOf(catalog: Catalog): readonly string[] {
  let places = known.get(catalog)
  if (!places) {
    const all = [...catalog.providers.values()].flatMap(({ credential }) => credential.paths ?? [])
    known.set(catalog, (places = [...new Set(all)]))
  }
  return places
}

const known = new WeakMap<Catalog, readonly string[]>()

interface Found {
  readonly key: string
  readonly path: string
}

function firstOf(
  places: readonly string[],
  path: string,
  is: (key: string) => boolean = () => true,
): Found | null {
  for (const place of places) {
    const found = foundAt(place, path)
    if (found && is(found.key)) return found
  }
  return null
}

/**
 * What stands at a place such as `/bot{token}`: the rest of that segment. Byte for byte: a path that
 * spells the literal part otherwise does not have the place.
 */
function foundAt(place: string, path: string): Found | null {
  const at = place.indexOf(PLACE)
  const behind = place.slice(at + PLACE.length)
  if (at < 0 || !path.startsWith(place.slice(0, at))) return null
  const slash = path.indexOf('/', at)
  const end = slash < 0 ? path.length : slash
  const rest = path.slice(end)
  if (!rest.startsWith(behind) || !/^(?:\/|$)/.test(rest.slice(behind.length))) return null
  return { key: decoded(path.slice(at, end)), path: place.slice(0, at) + PLACE + rest }
}
