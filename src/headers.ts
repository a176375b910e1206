/** Hop-by-hop (RFC 9110 §7.6.1) and what the runtime sets itself. Never copied either way. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/**
 * Never forwarded upstream: routing, what the edge adds, what only proxies say (whose call it is, and
 * from where), and headers that change method or path. gunicorn takes `SCRIPT_NAME` off the path
 * (https://github.com/benoitc/gunicorn/issues/2650), Rack answers with what `X-Accel-Mapping` names
 * (https://github.com/rack/rack/security/advisories/GHSA-r657-rxjc-j557).
 */
const NOT_FORWARDED = new Set([
  'host',
  'content-length',
  'expect',
  'authorization',
  'x-provider',
  'x-broker',
  'forwarded',
  'x-real-ip',
  'true-client-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'client-ip',
  'remote-addr',
  'x-remote-addr',
  'x-remote-ip',
  'x-originating-ip',
  'x-forwarded',
  'x-forward-for',
  'forwarded-for',
  'cdn-loop',
  'via',
  'x-http-method-override',
  'x-http-method',
  'x-method-override',
  'x-original-url',
  'x-original-method',
  'x-original-host',
  'x-rewrite-url',
  'x-original-uri',
  'x-request-uri',
  'x-request-url',
  'x-override-url',
  'x-http-path-override',
  'x-http-host-override',
  'x-host',
  'x-envoy-original-path',
  'script-name',
  'x-script-name',
  'path-info',
  'x-accel-mapping',
  'x-sendfile-type',
  'x-remote-user',
  'remote-user',
  'x-webauth-user',
  'x-auth-request-user',
  'x-ssl-client-cert',
])

const NOT_FORWARDED_PREFIXES = ['x-outpost-', 'proxy-', 'x-forwarded-', 'cf-']

/**
 * Names under which some API takes a credential. None of the agent's travels beside the injected
 * one unless the provider lists it in `forward_request_headers`.
 */
const CREDENTIAL = new RegExp(
  '^(?:cookie2?|api-?key|apikey|x-auth|x-token|x-jwt|x-signature|x-amz-security-token' +
    '|token|key|x-key|auth|x-trackertoken|fastly-key|x-jfrog-art-api|x-honeycomb-team|apca-api-key-id' +
    '|x-parse-rest-api-key|x-parse-master-key|x-query-key|cb-access-.*' +
    '|(?:.*-)?(?:api-?key|api-?token|api-?secret|app-?key|application-key|auth-?key|auth-?token' +
    '|access-?key|access-?token|id-?token|refresh-?token|session-?token|security-?token' +
    '|private-?token|job-?token|deploy-?token|bearer-?token|user-?token|server-?token' +
    '|account-?token|subscription-token|subscription-key|functions-key|client-secret|secret' +
    '|secret-?key|password|passwd|credentials?|authorization|mbx-apikey|circle-token|vault-token' +
    '|figma-token|shopify-access-token|rapidapi-key|plex-token|consul-token|nomad-token|linode-token' +
    '|subject-token|storage-token|passphrase|master-key|api-key-id))$',
)

/**
 * What is said of a whole origin, which is ours and not the upstream's: where else it is (RFC 7838),
 * that it is HTTPS only (RFC 6797), that a browser forgets what it has of it
 * (https://www.w3.org/TR/clear-site-data/), where its errors are reported to
 * (https://www.w3.org/TR/network-error-logging/, https://www.w3.org/TR/reporting-1/), what a worker of
 * it may see (https://www.w3.org/TR/service-workers/). An operator may be signed in there.
 */
const OF_AN_ORIGIN =
  'alt-svc|strict-transport-security|clear-site-data|nel|report-to|reporting-endpoints' +
  '|service-worker-allowed|public-key-pins(?:-report-only)?'

/** Hop-by-hop, meant for proxies, or ours to say: an upstream cannot speak as Outpost. */
const NOT_RETURNED = new RegExp(
  '^(?:x-outpost-.*|x-proxy-(?:error|provider|cache)|proxy-authenticat.*' +
    `|${OF_AN_ORIGIN}|${[...HOP_BY_HOP].join('|')})$`,
)

/**
 * A header name as a careless server may see it: CGI and WSGI fold dashes to underscores, some
 * accept dots. `Content_Length` is `content-length` for the question whether it may pass.
 */
export function folded(name: string): string {
  return natureOf(name).plain
}

/** What a request header is, by its name alone. */
interface Nature {
  /** As `folded` says. */
  readonly plain: string
  readonly is: 'blocked' | 'cookie' | 'credential' | 'free'
}

/** Agents send the same few names with every call, and upstreams answer with the same few. */
function remembered<T>(judge: (name: string) => T): (name: string) => T {
  const known = new Map<string, T>()
  return (name) => {
    const found = known.get(name)
    if (found !== undefined) return found
    const judged = judge(name)
    if (known.size >= MOST_NAMES) known.clear()
    if (name.length <= LONGEST_KEPT) known.set(name, judged)
    return judged
  }
}

const MOST_NAMES = 1000
const LONGEST_KEPT = 64

const natureOf = remembered((name: string): Nature => {
  const plain = name.toLowerCase().replaceAll(/[^a-z0-9]/g, '-')
  if (HOP_BY_HOP.has(plain) || NOT_FORWARDED.has(plain)) return { plain, is: 'blocked' }
  if (NOT_FORWARDED_PREFIXES.some((each) => plain.startsWith(each))) return { plain, is: 'blocked' }
  if (plain === 'cookie' && name === 'cookie') return { plain, is: 'cookie' }
  return { plain, is: CREDENTIAL.test(plain) ? 'credential' : 'free' }
})

/** Whether some API takes a credential in a header of that name. */
export function isCredential(name: string): boolean {
  return natureOf(name).is === 'credential'
}

const isReturnable = remembered((name: string) => !NOT_RETURNED.test(name))

/** What one provider lets through of an agent's headers. */
export interface ForwardRules {
  /** Header slots of the provider's own credential, folded. */
  readonly slots: ReadonlySet<string>
  /** Credential-like headers that may pass all the same, lower case. */
  readonly permitted: readonly string[]
  readonly cookies: boolean
}

/** A copy of the agent's headers, repeated ones kept apart, without any that must not go upstream. */
export function forwardable(received: Headers, rules: ForwardRules): Headers {
  const headers = new Headers(received)
  const named = received.has('connection') ? namedByConnection(received) : NONE
  received.forEach((_value, name) => {
    if (mayNotPass(name, named, rules)) headers.delete(name)
  })
  return headers
}

const NONE: ReadonlySet<string> = new Set()

function mayNotPass(name: string, named: ReadonlySet<string>, rules: ForwardRules): boolean {
  const { plain, is } = natureOf(name)
  if (is === 'blocked' || rules.slots.has(plain) || named.has(plain)) return true
  if (is === 'cookie') return !rules.cookies
  return is === 'credential' && !rules.permitted.includes(name)
}

/** Whether a header of an upstream's may reach the agent: see `returnable`. */
export type MayReturn = (name: string) => boolean

/** Which of an upstream's headers the agent may see. */
export function returnable(
  headers: Headers,
  strip: readonly string[],
  cookies: boolean,
): MayReturn {
  const named = headers.has('connection') ? namedByConnection(headers) : NONE
  return (name) => {
    // Without its encoding the runtime would unpack the body.
    if (named.has(name) && name !== 'content-encoding') return false
    if (!cookies && (name === 'set-cookie' || name === 'set-cookie2')) return false
    return isReturnable(name) && !strip.includes(name)
  }
}

/**
 * Whether the value is all that goes upstream. Bytes that are no UTF-8 are shown as U+FFFD, whichever
 * they are, and sent as they came: two that look alike need not be one.
 */
export function isLegible(value: string): boolean {
  return !value.includes('\ufffd')
}

/** What calls are judged by, kept by or approved by, beside their method and path. */
const JUDGED = /^(?:content-(?!length$).*|accept(?:-.*)?|x-amz-.*|mcp-.*|if-.*|range|git-protocol)$/

/**
 * Whether `Connection` takes away one of them: then it would be looked at, and not be sent. RFC 9110
 * §7.6.1 lets nobody name what is meant for the other end.
 */
export function hidesJudged(headers: Headers): boolean {
  if (!headers.has('connection')) return false
  return [...namedByConnection(headers)].some((name) => JUDGED.test(name))
}

function namedByConnection(headers: Headers): ReadonlySet<string> {
  const value = headers.get('connection')
  return new Set(value === null ? [] : value.split(',').map((name) => folded(name.trim())))
}
