import { SECRETS } from '../../test/fixtures/secrets.ts'

/** A header that has to arrive at the upstream with exactly this value, once. */
export type Injected = Readonly<Record<string, string>>

interface Fuzzed {
  /** Lines of YAML beside the name, the base URL and the limits. */
  readonly lines: readonly string[]
  readonly injected?: Injected
}

/** Categories of the providers whose upstream says 429: a cooldown of one leaves the others alone. */
export const COOLED = 40

/** Providers that mint, and no two calls at the same time use one. */
export const LANES: Readonly<Record<string, number>> = { minted: 120, refreshed: 12, groww: 12 }

const FREE = 'rate_limits: {}'
const BEARER = 'auth: { type: bearer_static, env: BEARER_TOKEN }'
const BEARER_SENT: Injected = { authorization: `Bearer ${SECRETS.BEARER_TOKEN}` }

const COOLED_RULES = Array.from(
  { length: COOLED },
  (_, n) => `{ method: '*', pattern: /k${n}/**, category: k${n}, sensitive: false }`,
).join(', ')

const basic = Buffer.from(`${SECRETS.BASIC_USER}:${SECRETS.BASIC_PASSWORD}`).toString('base64')

/** By name; each has the folder `/b/NAME` of the upstream. */
export const PROVIDERS: Readonly<Record<string, Fuzzed>> = {
  plain: { lines: ['auth: none', `forwarding: { deny: [/admin/**], ${FREE} }`] },
  bearer: {
    lines: [
      BEARER,
      "forwarding: { deny: ['/admin/**'], rate_limits: { default: [{ capacity: 1_000_000, window_ms: 1_000 }] } }",
    ],
    injected: BEARER_SENT,
  },
  slashes: {
    lines: ['encoded_slash: allow', BEARER, `forwarding: { deny: [/admin/**], ${FREE} }`],
    injected: BEARER_SENT,
  },
  basic: {
    lines: [
      'auth: { type: basic_auth, username_env: BASIC_USER, password_env: BASIC_PASSWORD }',
      `forwarding: { ${FREE} }`,
    ],
    injected: { authorization: `Basic ${basic}` },
  },
  keyheader: {
    lines: [
      'auth: { type: api_key_header, env: HEADER_KEY, header: X-Api-Key }',
      'default_headers: { X-Version: fuzz }',
      'strip_response_headers: [X-Stripped]',
      `forwarding: { ${FREE} }`,
    ],
    injected: { 'x-api-key': SECRETS.HEADER_KEY, 'x-version': 'fuzz' },
  },
  keyquery: {
    lines: [
      'auth: { type: api_key_query, env: QUERY_KEY, param: api_key }',
      `forwarding: { ${FREE} }`,
    ],
  },
  custom: {
    lines: [
      'auth: { type: custom_headers, headers: { X-App-Id: { env: CUSTOM_ID }, X-App-Secret: { env: CUSTOM_SECRET } } }',
      `forwarding: { ${FREE} }`,
    ],
    injected: { 'x-app-id': SECRETS.CUSTOM_ID, 'x-app-secret': SECRETS.CUSTOM_SECRET },
  },
  hmac: {
    lines: [
      'auth: { type: hmac_signed, key_env: HMAC_KEY, secret_env: HMAC_SECRET }',
      `forwarding: { ${FREE} }`,
    ],
    injected: { 'x-mbx-apikey': SECRETS.HMAC_KEY },
  },
  hmacbody: {
    lines: [
      'max_body_bytes: 1_000',
      'auth: { type: hmac_signed, key_env: HMAC_KEY, secret_env: HMAC_SECRET, key_header: X-Key, signature_header: X-Signature, timestamp_header: X-Timestamp, digest: sha512, payload: query+body }',
      `forwarding: { ${FREE} }`,
    ],
    injected: { 'x-key': SECRETS.HMAC_KEY },
  },
  cookies: { lines: ['forward_cookies: true', 'auth: none', `forwarding: { ${FREE} }`] },
  cached: {
    lines: [
      BEARER,
      `forwarding: { default_cache_ttl: 60, allow: [{ method: GET, pattern: /shared/**, cache_ttl: 60, cache_scope: tenant }, { method: GET, pattern: /guarded/**, cache_ttl: 60, sensitive: true }], ${FREE} }`,
    ],
  },
  strict: {
    lines: [
      'auth: none',
      `forwarding: { mode: allowlist, allow: [{ method: GET, pattern: '/read/{id}' }, { method: POST, pattern: /write, sensitive: true }], ${FREE} }`,
    ],
  },
  small: { lines: ['max_body_bytes: 1_000', 'auth: none', `forwarding: { ${FREE} }`] },
  counted: {
    lines: [
      'auth: none',
      'forwarding: { queue_timeout_ms: 200, rate_limits: { default: [{ capacity: 20, window_ms: 1_000 }] } }',
    ],
  },
  throttled: {
    lines: [BEARER, `forwarding: { queue_timeout_ms: 50, allow: [${COOLED_RULES}], ${FREE} }`],
    injected: BEARER_SENT,
  },
  envelope: {
    lines: [
      BEARER,
      `forwarding: { upstream_429: envelope, queue_timeout_ms: 50, allow: [${COOLED_RULES}], ${FREE} }`,
    ],
    injected: BEARER_SENT,
  },
  granted: { lines: ['require_grant: true', BEARER, `forwarding: { ${FREE} }`] },
  acme: {
    lines: [
      'tenant: acme',
      'auth: { type: bearer_static, env: BEARER_ACME_TOKEN }',
      `forwarding: { ${FREE} }`,
    ],
    injected: { authorization: `Bearer ${SECRETS.BEARER_ACME_TOKEN}` },
  },
  stored: {
    lines: [
      'auth: { type: bearer_redis, redis_key: fuzz/stored, env_seed: BEARER_GLOBEX_TOKEN, invalidate_on_body_codes: { json_path: "errors[].code", codes: [E1, "7"] } }',
      `forwarding: { ${FREE} }`,
    ],
  },
  badsecret: {
    lines: ['auth: { type: bearer_static, env: BROKEN_TOKEN }', `forwarding: { ${FREE} }`],
  },
  nosecret: {
    lines: ['auth: { type: bearer_static, env: UNSET_SECRET }', `forwarding: { ${FREE} }`],
  },
  override: { lines: ['allow_method_override: true', 'auth: none', `forwarding: { ${FREE} }`] },
}

/** Files of `providers/` by name, for an upstream at that origin. */
export function providerFiles(origin: string): ReadonlyMap<string, string> {
  const plain = Object.entries(PROVIDERS).map(
    ([name, { lines }]) => [name, yaml(name, `${origin}/b/${name}`, lines)] as const,
  )
  const lanes = Object.entries(LANES).flatMap(([kind, count]) =>
    Array.from({ length: count }, (_, n) => {
      const name = `${kind}${n}`
      return [name, yaml(name, `${origin}/b/${name}`, laneLines(kind, name, origin))] as const
    }),
  )
  return new Map([...plain, ...lanes])
}

/** The token endpoint of a lane is `/mint/NAME`, a plugin's is below its base URL. */
function laneLines(kind: string, name: string, origin: string): readonly string[] {
  return [
    kind === 'groww'
      ? 'auth: { type: plugin, module_ts: plugins/groww_totp_mint.ts:GrowwTotpMintAuth, config: { api_key_env: HEADER_KEY, totp_seed_env: TOTP_SEED, mint_path: /mint } }'
      : `auth: { ${oauthKeys(kind)}, token_url: '${origin}/mint/${name}', client_id_env: CUSTOM_ID, client_secret_env: CUSTOM_SECRET }`,
    `forwarding: { ${FREE} }`,
  ]
}

function oauthKeys(kind: string): string {
  return kind === 'refreshed'
    ? 'type: oauth2_refresh_token, refresh_token_env: HMAC_SECRET'
    : 'type: oauth2_client_credentials'
}

function yaml(name: string, base: string, lines: readonly string[]): string {
  return [`name: ${name}`, `base_url: ${base}`, 'timeout_ms: 600', ...lines, ''].join('\n')
}

/** Whom each address is. */
export const HOSTS = `hosts:
  - id: keyed
    cidrs: [127.0.0.1/32, 198.51.100.0/24]
    can_call_sensitive: true
    auth_token_env: AGENT_KEY
  - { id: open, cidrs: [127.0.0.2/32], can_call_sensitive: true }
  - { id: reader, cidrs: [127.0.0.3/32, '2001:db8::/32'] }
  - { id: acme, cidrs: [127.0.0.5/32], can_call_sensitive: true, tenant: acme }
  - { id: fleet, cidrs: [127.0.0.6/32, 203.0.113.0/24], can_call_sensitive: true, require_grant: true }
  - { id: keyless, cidrs: [127.0.0.7/32], auth_token_env: UNSET_KEY }
`

/** A trusted proxy of the installation: what it says of a client's address is believed. */
export const TRUSTED = '127.0.0.4'
