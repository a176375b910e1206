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

/** Never forwarded upstream: routing, what the edge adds, and headers that change method or path. */
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

/** Hop-by-hop, meant for proxies, or ours to say: an upstream cannot speak as Outpost. */
const NOT_RETURNED = new RegExp(
  `^(?:x-outpost-.*|x-proxy-(?:error|provider|cache)|proxy-authenticat.*|${[...HOP_BY_HOP].join('|')})$`,
)

/**
 * A header name as a careless server may see it: CGI and WSGI fold dashes to underscores, some
 * accept dots. `Content_Length` is `content-length` for the question whether it may pass.
 */
export function folded(name: string): string {
  const known = foldings.get(name)
  if (known !== undefined) return known
  const plain = name.toLowerCase().replaceAll(/[^a-z0-9]/g, '-')
  if (foldings.size >= MOST_FOLDINGS) foldings.clear()
  if (name.length <= LONGEST_KEPT) foldings.set(name, plain)
  return plain
}

/** Agents send the same few names with every call. */
const foldings = new Map<string, string>()
const MOST_FOLDINGS = 1000
const LONGEST_KEPT = 64

/** What one provider lets through of an agent's headers. */
export interface ForwardRules {
  /** Header slots of the provider's own credential, lower case. */
  readonly slots: readonly string[]
  /** Credential-like headers that may pass all the same, lower case. */
  readonly permitted: readonly string[]
  readonly cookies: boolean
}

/** A copy of the agent's headers, repeated ones kept apart, without any that must not go upstream. */
export function forwardable(received: Headers, rules: ForwardRules): Headers {
  const headers = new Headers(received)
  const named = namedByConnection(received)
  const slots = rules.slots.map(folded)
  for (const name of received.keys()) {
    const plain = folded(name)
    if (slots.includes(plain) || named.has(plain) || isBlocked(name, plain, rules)) {
      headers.delete(name)
    }
  }
  return headers
}

function isBlocked(name: string, plain: string, rules: ForwardRules): boolean {
  if (HOP_BY_HOP.has(plain) || NOT_FORWARDED.has(plain)) return true
  if (NOT_FORWARDED_PREFIXES.some((prefix) => plain.startsWith(prefix))) return true
  if (plain === 'cookie' && name === 'cookie') return !rules.cookies
  return CREDENTIAL.test(plain) && !rules.permitted.includes(name)
}

/** Takes out of an upstream's headers whatever the agent may not see. */
export function keepReturnable(headers: Headers, strip: readonly string[], cookies: boolean): void {
  const named = namedByConnection(headers)
  for (const name of Array.from(headers.keys())) {
    // Without its encoding the runtime would unpack the body.
    const nominated = named.has(name) && name !== 'content-encoding'
    const cookie = !cookies && (name === 'set-cookie' || name === 'set-cookie2')
    if (nominated || cookie || NOT_RETURNED.test(name) || strip.includes(name)) headers.delete(name)
  }
}

function namedByConnection(headers: Headers): ReadonlySet<string> {
  const value = headers.get('connection')
  return new Set(value === null ? [] : value.split(',').map((name) => folded(name.trim())))
}
