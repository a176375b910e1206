/** The platform's own bound at the edge; longer targets are refused everywhere alike. */
const MAX_TARGET = 16_384

/**
 * Scheme, authority, path and query of a request URL. The runtime pastes the client's `Host` into
 * it unchecked, so an authority that is more than a host name or address and a port is no match.
 */
const REQUEST_URL =
  /^https?:\/\/(([a-z0-9_.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?)(?:(\/[^?#]*)(\?[^#]*)?)?(?:#.*)?$/i

/** What URL parsing leaves alone, wherever it stands in a path or a query. */
const UNCHANGED = /^[\w~!$&()*+,;=:@/.?-]*$/

/** The one reading of a request's target. Nothing is decided by `request.url` itself. */
export interface Target {
  /** Lower case, without port. */
  readonly host: string
  /** As the client sent it, percent-escapes and all; starts with a slash. */
  readonly path: string
  /** With its `?`; empty when there is none. */
  readonly query: string
}

/**
 * Reads the target, or says null where the runtime, the URL standard and the wire could disagree:
 * a forged `Host`, raw bytes that URL parsing would change, literal dot segments, over-long input.
 *
 * One spelling is normalised and not refused: URL parsing, which every outgoing `fetch` applies,
 * turns a raw `'` in the query into `%27` and raw non-ASCII into escapes. The query here is already
 * in that form, so what is evaluated and signed is what is sent.
 */
export function readTarget(request: Request): Target | null {
  const text = request.url
  const parts = text.length > MAX_TARGET ? null : REQUEST_URL.exec(text)
  if (!parts) return null
  const { authority, host, path, query } = written(parts)
  if (!isSentTo(request.headers.get('host'), authority, host)) return null
  const unchanged = parsedBefore.has(authority) && isUnchanged(path + query)
  const sent = unchanged ? query : queryParsed(text, authority, path)
  return sent === null ? null : { host: host.toLowerCase(), path, query: sent }
}

/** The URL of another target at the origin that a request was sent to. null: that cannot be told. */
export function urlBeside({ url }: Request, pathAndQuery: string): string | null {
  const [whole = '', authority = ''] = REQUEST_URL.exec(url) ?? []
  if (authority === '') return null
  return whole.slice(0, whole.indexOf(authority) + authority.length) + pathAndQuery
}

/** Scheme, host and port of a request whose target can be read: as the client called them. */
export function originOf({ url }: Request): string {
  return (/^https?:\/\/[^/?#]+/i.exec(url)?.[0] ?? '').toLowerCase()
}

function written([, authority = '', host = '', path = '/', query = '']: RegExpExecArray) {
  return { authority, host, path, query }
}

/** The query as URL parsing has it; null when that fails or has another path. */
function queryParsed(text: string, authority: string, path: string): string | null {
  const url = parse(text)
  if (url?.pathname !== path) return null
  if (parsedBefore.size >= MOST_AUTHORITIES) parsedBefore.clear()
  parsedBefore.add(authority)
  return queryOf(url)
}

/** Authorities that URL parsing has taken. Parsing costs more than all else here. */
const parsedBefore = new Set<string>()
const MOST_AUTHORITIES = 100

/**
 * Whether URL parsing would leave a path with its query as it is: nothing in it is escaped or has to
 * be, and no segment begins with a dot. Parsing is the judge of everything else.
 */
export function isUnchanged(pathAndQuery: string): boolean {
  return UNCHANGED.test(pathAndQuery) && !pathAndQuery.includes('/.')
}

/** Unlike `url.search` this keeps a `?` that nothing follows. */
function queryOf({ href, hash }: URL): string {
  const start = href.indexOf('?')
  return start < 0 ? '' : href.slice(start, href.length - hash.length)
}

function isSentTo(header: string | null, authority: string, host: string): boolean {
  if (header === null || header === authority) return true
  return header.replace(/:\d{1,5}$/, '').toLowerCase() === host.toLowerCase()
}

function parse(url: string): URL | null {
  try {
    return new URL(url)
  } catch {
    return null
  }
}
