import type { Call } from '../call.ts'
import type { Provider } from '../catalog.ts'
import type { Caller } from '../identity.ts'
import { isFromElsewhere, isUpgrade } from '../websocket/upgrade.ts'
import { deny } from './decision.ts'
import type { Denial } from './decision.ts'
import type { Route } from './route.ts'

/** What a web socket is to a provider: what its file says, else by the mode. */
function websocketOf({ websocket, forwarding }: Provider): 'allow' | 'sensitive' | 'deny' {
  return websocket ?? (forwarding.mode === 'allowlist' ? 'deny' : 'sensitive')
}

/** Why no web socket opens, whatever the path is; null: this is none, or it may. */
export function deniedSocket(
  { grant, host }: Caller,
  provider: Provider,
  { request }: Call,
): Denial | null {
  if (!isUpgrade(request)) return null
  if (websocketOf(provider) === 'deny') {
    const reason = provider.websocket ? 'it says deny' : 'allowlist mode, and nothing allows it'
    return deny('PROXY_PATH_DENIED', 'web sockets are denied', { rule: 'websocket', reason })
  }
  if (grant || host?.auth_token_env || !isFromElsewhere(request.headers)) return null
  return deny('PROXY_CROSS_ORIGIN', 'a page of another site opens no web socket', {
    rule: 'websocket',
    reason: 'its Origin is another, and its address is all that it has shown',
  })
}

/** As the call would be without its upgrade. An open socket can do anything, and is nothing to cache. */
export function upgraded(provider: Provider, { request }: Call, route: Route): Route {
  if (!isUpgrade(request)) return route
  const stricter = !route.sensitive && websocketOf(provider) === 'sensitive'
  const rule = stricter && route.rule === 'default' ? 'websocket' : route.rule
  return { ...route, rule, cache_ttl: 0, sensitive: route.sensitive || stricter }
}

/** Where operations are ruled on, nobody would see those of its messages. */
export function deniedOver(operation: string, { request }: Call): Denial | null {
  if (!isUpgrade(request)) return null
  return deny('PROXY_PATH_DENIED', 'web sockets are denied here', {
    rule: 'websocket',
    reason: 'the path has rules for operations, which a web socket goes round',
    operation,
  })
}
