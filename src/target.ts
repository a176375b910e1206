/** The platform's own bound at the edge; longer targets are refused everywhere alike. */
const MAX_TARGET = 16_384

/**
 * Scheme, authority, path and query of a request URL. The runtime pastes the client's `Host` into
 * it unchecked, so an authority that is more than a host name or address and a port is no match.
 */
const REQUEST_URL =
  /^https?:\/\/([a-z0-9_.-]+|\[[0-9a-f:.]+\])(?::(\d{1,5}))?(?:(\/[^?#]*)(\?[^#]*)?)?(?:#.*)?$/i

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
  const parts = REQUEST_URL.exec(request.url)
  if (!parts || request.url.length > MAX_TARGET) return null
  const [, host = '', , path = '/'] = parts
  const sentHost = request.headers.get('host')
  if (sentHost !== null && !sameHost(sentHost, host)) return null

  const url = parse(request.url)
  if (url?.pathname !== path) return null
  return { host: host.toLowerCase(), path, query: queryOf(url) }
}

/** Unlike `url.search` this keeps a `?` that nothing follows. */
function queryOf({ href, hash }: URL): string {
  const start = href.indexOf('?')
  return start < 0 ? '' : href.slice(start, href.length - hash.length)
}

function sameHost(header: string, host: string): boolean {
  return header.replace(/:\d{1,5}$/, '').toLowerCase() === host.toLowerCase()
}

function parse(url: string): URL | null {
  try {
    return new URL(url)
  } catch {
    return null
  }
}
