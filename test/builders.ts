import { SCHEMES, signerOf } from '../src/auth/index.ts'
import type { Call } from '../src/call.ts'
import type { Catalog, Forwarding, Host, Provider, Rule } from '../src/catalog.ts'
import type { Caller } from '../src/identity.ts'
import { decide } from '../src/policy/decide.ts'
import type { Decision } from '../src/policy/decision.ts'
import type { TenantStub } from '../src/tenants/stubs.ts'

type Part<T> = { readonly [K in keyof T]?: T[K] }

/** A provider with the defaults of the contract and whatever a test says otherwise. */
export function aProvider(
  over: Part<Omit<Provider, 'forwarding'>> & { forwarding?: Part<Forwarding> } = {},
): Provider {
  const auth = over.auth ?? {
    type: 'bearer_static',
    secret: { env: 'API_TOKEN' },
    header: 'Authorization',
    prefix: 'Bearer ',
    invalidate_on: [401],
  }
  const signer = signerOf(auth, null)
  return {
    name: 'api',
    tenant: null,
    alias_of: null,
    description: '',
    docs_url: '',
    base_url: 'https://api.test',
    default_headers: {},
    strip_response_headers: [],
    forward_request_headers: [],
    forward_cookies: false,
    encoded_slash: 'refuse',
    allow_method_override: false,
    require_grant: false,
    timeout_ms: 30_000,
    max_body_bytes: null,
    scrub: 'auto',
    on_echo: 'redact',
    websocket: null,
    websocket_idle_ms: 300_000,
    websocket_unread_bytes: 32 * 1024 * 1024,
    graphql: null,
    mcp: null,
    layout: [],
    git: null,
    mtls: null,
    rewrite_json: [],
    credential: { ...signer.slots, secrets: signer.secrets, reads_body: signer.readsBody },
    ...over,
    auth,
    forwarding: {
      mode: 'transparent',
      allow: [],
      deny: [],
      treat_writes_as_sensitive: true,
      default_cache_ttl: 0,
      default_category: 'default',
      queue_timeout_ms: null,
      rate_limits: {},
      upstream_429: 'pass',
      ...over.forwarding,
    },
  }
}

/** One rule of `forwarding.allow` that says nothing but methods and path. */
export function aRule(methods: readonly string[], pattern: string, over: Part<Rule> = {}): Rule {
  return {
    methods,
    pattern,
    category: null,
    cache_ttl: null,
    cache_scope: 'caller',
    sensitive: null,
    when: null,
    query: [],
    body: [],
    approval: false,
    deny: false,
    ...over,
  }
}

export function aHost(over: Part<Host> = {}): Host {
  return {
    id: 'test-host',
    cidrs: ['203.0.113.0/24'],
    can_call_sensitive: false,
    auth_token_env: null,
    description: '',
    providers: null,
    tenant: null,
    require_grant: false,
    ...over,
  }
}

export function aCatalog(
  providers: readonly Provider[],
  hosts: readonly Host[] = [aHost()],
): Catalog {
  return {
    providers: new Map(providers.map((each) => [each.name, each])),
    hosts,
    plugins: new Map(),
    schemes: SCHEMES,
    backends: {},
  }
}

export function aCaller(over: Part<Host> = {}): Caller {
  const host = aHost(over)
  return {
    host,
    grant: null,
    tenant: host.tenant ?? 'default',
    project: null,
    agent: null,
    id: `host ${host.id}`,
    pauses: [],
    address: '203.0.113.0/24',
    shown: [],
    keys: [],
    carriers: { headers: [], params: [] },
    grantRequired: false,
  }
}

export function aCall(method: string, path: string, query = ''): Call {
  const request = new Request(`https://proxy.test${path}${query}`, { method })
  return { method, path, query, named: { by: 'header', name: 'api' }, request }
}

/**
 * A tenant's object that lets everybody in and writes down that it was asked at the door. What a test
 * does not say of it, it must not be asked.
 */
export function aTenant(trail: string[], over: Partial<TenantStub> = {}): TenantStub {
  const unasked = () => Promise.reject(new Error('not to be asked'))
  return {
    look: async () => ({ grant: null, pauses: [] }),
    enter: async () => (trail.push('gate'), { is: 'in', opened: 1, approval: null }),
    record: async () => ({ seq: 1, hash: '' }),
    decision: unasked,
    askAccess: unasked,
    accessRequests: unasked,
    accessRequest: unasked,
    decideAccess: unasked,
    createGrant: unasked,
    grants: unasked,
    grant: unasked,
    changeGrant: unasked,
    approvals: unasked,
    approval: unasked,
    decide: unasked,
    pause: unasked,
    resume: unasked,
    pauses: unasked,
    note: unasked,
    events: unasked,
    export: unasked,
    follow: unasked,
    verify: unasked,
    counts: unasked,
    ...over,
  }
}

/** The decision about a call of which nothing has to be read. */
export function decided(caller: Caller, provider: Provider, call: Call): Decision {
  const decision = decide(caller, provider, call, null)
  if (decision.allow === null) throw new Error('it depends on the body')
  return decision
}
