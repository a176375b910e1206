import type { Call } from './call.ts'
import type { Provider } from './catalog.ts'
import { pathFor } from './layout.ts'
import type { Permit } from './policy/decision.ts'
import { withoutParams } from './query.ts'

/**
 * A `Location` as the agent may have it. One that lies inside the provider's base URL becomes a
 * path of the proxy's, so that whoever follows it passes the policy again; any other is returned
 * absolute. In both, user info and the provider's own credential parameters are taken out: an
 * upstream that redirects often repeats the query it was sent.
 *
 * The rewritten form is a path without scheme and host (RFC 9110 §10.2.2): behind a terminator of
 * TLS the worker does not know under which origin the agent reached it, and needs not know.
 */
export function rewriteLocation(location: string, sentTo: string, permit: Permit): string {
  const { provider } = permit
  const target = resolve(location, sentTo)
  if (!target) return location
  target.username = ''
  target.password = ''
  const { params } = provider.credential
  if (params.length > 0) setQuery(target, withoutParams(target.search.slice(1), params))

  const inside = pathOfAgent(target, permit)
  if (inside === null) return target.href
  const path = inside + target.search + target.hash
  // Two slashes in front would name another host, and `/_outpost` is our own.
  return /^\/(?:\/|_outpost(?:[/?#]|$))/.test(path) ? target.href : path
}

/** One that begins with a `?` keeps it: the setter would take that for its own. */
function setQuery(target: URL, query: string): void {
  target.search = query === '' ? '' : `?${query}`
}

function resolve(location: string, base: string): URL | null {
  try {
    return new URL(location, base)
  } catch {
    return null
  }
}

/** By which path the agent reaches a URL; null where it does not. */
function pathOfAgent(target: URL, { provider, call }: Permit): string | null {
  const { layout } = call.named
  if (layout === 'unclear') return null
  if (layout) return pathFor(layout, (entry) => pathInside(target, entry))
  const inside = pathInside(target, provider)
  return inside === null ? null : prefixOf(call) + inside
}

/** The path below the base URL, or null for a URL that is not below it. */
export function pathInside(target: URL, { base_url }: Pick<Provider, 'base_url'>): string | null {
  const base = new URL(base_url)
  if (target.origin !== base.origin) return null
  const folder = base.pathname.replace(/\/$/, '')
  if (target.pathname === folder) return '/'
  return target.pathname.startsWith(`${folder}/`) ? target.pathname.slice(folder.length) : null
}

/**
 * What the agent has in front of upstream paths: nothing where each call names the provider anew by
 * header or host name. A path alone could name another provider, or an endpoint of our own.
 */
export function prefixOf({ named }: Call): string {
  return named.by === 'header' || named.by === 'host' ? '' : `/p/${named.name}`
}
