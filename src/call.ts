import type { Catalog, Provider } from './catalog.ts'
import type { Grant } from './grants/grant.ts'
import { hidesJudged } from './headers.ts'
import { placedIn } from './layout.ts'
import type { Laid } from './layout.ts'
import { hasPlace, showsGrantToken } from './path_slot.ts'
import type { InPath } from './path_slot.ts'
import { checkPath } from './policy/path.ts'
import { hasParam } from './query.ts'
import { Refusal } from './refusal.ts'
import type { Settings } from './settings.ts'
import { originOf, readTarget } from './target.ts'
import type { Target } from './target.ts'

/** What an agent asked for, taken apart once and not trusted yet. */
export interface Call {
  readonly method: string
  /**
   * The upstream path below the provider's base URL, exactly as it was sent and will be sent, but for
   * the place of a credential in it: that is `{token}` here, whatever the agent had there.
   */
  readonly path: string
  /** What stood in the path in place of `{token}`. Not there: nothing was taken out of it. */
  readonly inPath?: InPath
  /** With its `?`, exactly as it will be sent but for what auth adds; empty when there is none. */
  readonly query: string
  readonly named: Named
  /**
   * Scheme, host and port by which the agent reaches the proxy, as far as that can be told. Not there:
   * the call did not come over HTTP.
   */
  readonly origin?: string
  readonly request: Request
}

/** How the call names its provider, and which: contract §4. */
export interface Named {
  readonly by: 'header' | 'host' | 'path' | 'grant' | 'default' | 'nothing'
  /** Lower case; not necessarily a provider that exists. */
  readonly name: string
  /**
   * The layout by which the path was taken apart, of the provider whose host name was called; `unclear`
   * where that cannot be done in one way, and the path is still the client's.
   */
  readonly layout?: readonly Laid[] | 'unclear'
}

const NAME = /^[a-zA-Z0-9_-]+$/
const PREFIX = /^\/p\/([^/]*)(\/.*)?$/
/** The runtime joins two `Cookie` lines by a comma, which makes other cookies of them. */
const TWO_COOKIES = /,\s*[^=;,\s]+=/
/**
 * Parameters that some API or framework takes for the method. `_method`: Rails, Laravel, Symfony.
 * `_HttpMethod`: https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/dome_update_fields.htm
 * The others are headers (`src/headers.ts`), which some look for in the query too.
 */
const METHOD_PARAMS = ['_method', '_HttpMethod', 'X-HTTP-Method-Override', 'X-HTTP-Method']
const NEVER_FORWARDED = new Set(['TRACE', 'TRACK', 'CONNECT'])

/**
 * Takes a request apart. Refuses what is ambiguous whoever asks; what depends on the provider is
 * left to `resolve`, after the caller is known, so that a stranger learns nothing of providers.
 */
export function readCall(request: Request, settings: Settings): Call {
  const { method } = request
  if (NEVER_FORWARDED.has(method)) {
    throw new Refusal('PROXY_METHOD_DENIED', `${method} is never forwarded`)
  }
  const target = readTarget(request)
  if (!target) throw new Refusal('PROXY_BAD_PATH', 'the request target cannot be read in one way')
  if (hidesJudged(request.headers)) {
    throw new Refusal('PROXY_BAD_REQUEST', 'Connection names a header that is for the upstream')
  }
  const named = nameOf(request.headers, target, settings)
  const path = named.by === 'path' ? (PREFIX.exec(target.path)?.[2] ?? '/') : target.path
  const origin = originFor(named, request, settings)
  return { method, path, query: target.query, named, origin, request }
}

/** What `PUBLIC_URL` says; of that its scheme, where a provider has a host name of its own. */
function originFor({ by }: Named, request: Request, { publicUrl }: Settings): string {
  const origin = originOf(request)
  if (publicUrl === null || publicUrl === '') return origin
  return by === 'host'
    ? publicUrl.replace(/:.*/, '') + origin.slice(origin.indexOf(':'))
    : publicUrl
}

/** Which provider the headers, the host name or the path name, in that order of precedence. */
export function nameOf(headers: Headers, target: Target, settings: Settings): Named {
  const byHeader = headerName(headers)
  const byHost = hostName(target.host, settings.domain)
  if (byHeader !== null && byHost !== null && byHeader !== byHost) {
    throw ambiguous('the header and the host name name two providers')
  }
  if (byHeader !== null) return { by: 'header', name: byHeader }
  if (byHost !== null) return { by: 'host', name: byHost }
  const prefixed = PREFIX.exec(target.path)?.[1]
  if (prefixed !== undefined) return { by: 'path', name: lower(prefixed) }
  if (settings.defaultProvider !== '') return { by: 'default', name: settings.defaultProvider }
  return { by: 'nothing', name: '' }
}

function headerName(headers: Headers): string | null {
  const provider = headers.get('x-provider')
  const broker = headers.get('x-broker')
  for (const name of [provider, broker]) {
    // A header that came twice arrives as one value with a comma in it.
    if (name?.includes(',')) throw ambiguous('a provider header was sent twice')
  }
  const name = provider ?? broker
  if (name === null) return null
  if (broker !== null && lower(broker) !== lower(name)) {
    throw ambiguous('X-Provider and X-Broker name two providers')
  }
  return lower(name)
}

/** Of ASCII letters only: others have small forms among these, such as the sign of the kelvin. */
function lower(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

function hostName(host: string, domain: string): string | null {
  const name = host.replace(/\.$/, '')
  if (domain === '' || !name.endsWith(`.${domain}`)) return null
  return name.slice(0, -domain.length - 1)
}

/**
 * The call as the layout of the provider whose host name it has says: another path, and perhaps another
 * provider. From here on it is a call of that provider's, for that path.
 */
export function laidOut(call: Call, catalog: Catalog): Call {
  const { named } = call
  const layout = named.by === 'host' ? lookUp(catalog, named)?.layout : null
  if (!layout || layout.length === 0) return call
  const laid = layout.flatMap(({ provider, ...rest }): readonly Laid[] => {
    const to = catalog.providers.get(provider ?? named.name)
    return to ? [{ ...rest, provider: to.name, base_url: to.base_url }] : []
  })
  const placed = checkPath(call.path).ok ? placedIn(laid, call.path) : null
  if (!placed) return { ...call, named: { ...named, layout: 'unclear' } }
  const { entry, path } = placed
  return { ...call, path, named: { ...named, name: entry.provider, layout: laid } }
}

function ambiguous(message: string): Refusal {
  return new Refusal('PROXY_AMBIGUOUS_PROVIDER', message)
}

/** Whether nothing of the request itself says which provider it means. */
export function namesNone({ by }: Named): boolean {
  return by === 'nothing' || by === 'default'
}

/** The call as the caller's grant names its provider, when it is for one and nothing else does. */
export function namedByGrant(call: Call, grant: Grant | null): Call {
  const [only, ...others] = grant?.providers ?? []
  if (!only || others.length > 0 || !namesNone(call.named)) return call
  return { ...call, named: { by: 'grant', name: only.provider } }
}

/** The provider that the call names, if there is one. Says nothing to the caller yet. */
export function lookUp(catalog: Catalog, { name }: Named): Provider | null {
  return NAME.test(name) ? (catalog.providers.get(name) ?? null) : null
}

/**
 * What only an accepted caller may learn: whether the provider exists, and whether it can be asked
 * for that path. `available` lists the providers that this caller may use.
 */
export function resolve(
  call: Call,
  provider: Provider | null,
  { exists, may, available }: Reach,
): Provider {
  if (!provider || !exists(provider)) {
    const message =
      call.named.by === 'nothing' ? 'name a provider with X-Provider' : 'no such provider'
    throw new Refusal('PROXY_UNKNOWN_PROVIDER', message, { metadata: { available: available() } })
  }
  // `decide` will say no: a caller that may not use it learns nothing of its settings.
  if (!may(provider)) return provider
  if (call.named.layout === 'unclear') throw badPath('the layout of the host name')
  checkReadings(call, provider)
  checkPlace(call, provider)
  checkRest(call, provider)
  return provider
}

/** Which providers a caller may use. */
export interface Reach {
  /** False for a provider of another tenant: to this caller there is no such provider. */
  readonly exists: (provider: Provider) => boolean
  readonly may: (provider: Provider) => boolean
  readonly available: () => string[]
}

/** The path as it was sent, and as it is without the key that stood in it. */
function checkReadings({ path, inPath }: Call, provider: Provider): void {
  for (const each of new Set([inPath?.sent ?? path, path])) {
    const check = checkPath(each)
    if (!check.ok) throw badPath(check.why)
    if (check.encodedSlash && provider.encoded_slash === 'refuse') throw badPath('an encoded slash')
  }
}

/** The agent's key is taken out of a path where the provider's goes in, and stands nowhere else. */
function checkPlace(call: Call, provider: Provider): void {
  if (showsGrantToken(call.path) || (call.inPath && !hasPlace(call, provider))) {
    throw new Refusal('PROXY_BAD_REQUEST', 'a key stands in the path, where it cannot stay')
  }
  if (provider.credential.paths && !call.inPath) {
    throw new Refusal('PROXY_NO_ROUTE', 'the path has no place for the credential')
  }
}

/** What else of a request has a second reading, which a provider may allow. */
function checkRest({ query, request }: Call, provider: Provider): void {
  if (!provider.allow_method_override && hasParam(query.slice(1), ...METHOD_PARAMS)) {
    throw new Refusal('PROXY_BAD_REQUEST', 'a parameter of the query would change the method')
  }
  if (provider.forward_cookies && TWO_COOKIES.test(request.headers.get('cookie') ?? '')) {
    throw new Refusal('PROXY_BAD_REQUEST', 'Cookie was sent twice')
  }
}

function badPath(why: string): Refusal {
  return new Refusal('PROXY_BAD_PATH', `the path cannot be read in one way: ${why}`)
}
