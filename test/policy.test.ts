import { describe, expect, it } from 'vitest'

import type { Forwarding, Host, Rule } from '../src/catalog.ts'
import { aCall, aCaller, aProvider, aRule, decided } from './builders.ts'

type Row = readonly [method: string, path: string, outcome: string]

const allow = (method: string, path: string, by = 'default'): Row => [
  method,
  path,
  `allow by ${by}`,
]
const sensitive = (method: string, path: string, by = 'default'): Row => [
  method,
  path,
  `allow, sensitive by ${by}`,
]
const deny = (method: string, path: string, code: string): Row => [method, path, `deny ${code}`]

function rule(method: string, pattern: string, over: Partial<Rule> = {}): Rule {
  return aRule([method], pattern, over)
}

function outcome(
  forwarding: Partial<Forwarding>,
  [method, path]: Row,
  host: Partial<Host>,
): string {
  const decision = decided(aCaller(host), aProvider({ forwarding }), aCall(method, path))
  if (!decision.allow) return `deny ${decision.code}`
  const { permit } = decision
  return `allow${permit.sensitive ? ', sensitive' : ''} by ${permit.rule}`
}

function table(
  title: string,
  forwarding: Partial<Forwarding>,
  rows: readonly Row[],
  host: Partial<Host> = {},
) {
  describe(title, () => {
    it.each(rows)('%s %s: %s', (...row) => {
      expect(outcome(forwarding, row, host)).toBe(row[2])
    })
  })
}

describe('where the tokens are minted', () => {
  const at = (path: string, forwarding: Partial<Forwarding> = {}) => {
    const { credential } = aProvider()
    const provider = aProvider({
      forwarding,
      credential: { ...credential, token_paths: ['/oauth/token'] },
    })
    return decided(aCaller({ can_call_sensitive: true }), provider, aCall('POST', path))
  }

  it.each(['/oauth/token', '/OAuth/Token', '/oauth/%74oken', '/oauth/token/', '/oauth/token;a=b'])(
    '%s is denied',
    (path) => {
      expect(at(path)).toMatchObject({
        allow: false,
        code: 'PROXY_PATH_DENIED',
        rule: 'token_path',
      })
      expect(at(path, { allow: [rule('*', '/oauth/**')], mode: 'allowlist' }).allow).toBe(false)
    },
  )

  it.each(['/oauth', '/oauth/tokens', '/oauth/token/x'])('%s is not', (path) => {
    expect(at(path).allow).toBe(true)
  })

  it('unless a rule names that very path', () => {
    expect(at('/oauth/token', { allow: [rule('POST', '/oauth/token')] }).allow).toBe(true)
  })
})

table('transparent, a caller that may only read', {}, [
  allow('GET', '/anything'),
  allow('HEAD', '/anything'),
  allow('OPTIONS', '/anything'),
  deny('POST', '/anything', 'PROXY_SENSITIVE_DENIED'),
  deny('PUT', '/anything', 'PROXY_SENSITIVE_DENIED'),
  deny('PATCH', '/anything', 'PROXY_SENSITIVE_DENIED'),
  deny('DELETE', '/anything', 'PROXY_SENSITIVE_DENIED'),
  deny('PROPFIND', '/anything', 'PROXY_SENSITIVE_DENIED'),
  deny('PURGE', '/anything', 'PROXY_SENSITIVE_DENIED'),
  deny('QUERY', '/anything', 'PROXY_SENSITIVE_DENIED'),
])

table(
  'transparent, a caller that may make sensitive calls',
  {},
  [allow('GET', '/'), sensitive('POST', '/x'), sensitive('MKCOL', '/x')],
  { can_call_sensitive: true },
)

table('transparent, writes not sensitive', { treat_writes_as_sensitive: false }, [
  allow('POST', '/x'),
  allow('DELETE', '/x'),
])

table(
  'transparent, rules that classify',
  {
    allow: [
      rule('POST', '/search', { sensitive: false }),
      rule('GET', '/secrets/**', { sensitive: true }),
      rule('POST', '/counted', { category: 'slow' }),
    ],
  },
  [
    allow('POST', '/search', 'allow[0]'),
    deny('POST', '/search/x', 'PROXY_SENSITIVE_DENIED'),
    deny('GET', '/secrets/1', 'PROXY_SENSITIVE_DENIED'),
    deny('HEAD', '/secrets/1', 'PROXY_SENSITIVE_DENIED'),
    deny('POST', '/counted', 'PROXY_SENSITIVE_DENIED'),
  ],
)

const ALLOWLIST: Partial<Forwarding> = {
  mode: 'allowlist',
  allow: [
    rule('GET', '/repos/*/*/issues'),
    rule('POST', '/repos/*/*/issues', { sensitive: true }),
    rule('*', '/any/**'),
    rule('GET', '/repos/{owner}/{repo}/**'),
    { ...rule('PUT', '/two'), methods: ['PUT', 'PATCH'] },
  ],
}

table('allowlist', ALLOWLIST, [
  allow('GET', '/repos/a/b/issues', 'allow[0]'),
  allow('HEAD', '/repos/a/b/issues', 'allow[0]'),
  deny('POST', '/repos/a/b/issues', 'PROXY_SENSITIVE_DENIED'),
  allow('GET', '/repos/a/b', 'allow[3]'),
  allow('GET', '/repos/a/b/', 'allow[3]'),
  allow('GET', '/repos/a/b/c/d', 'allow[3]'),
  deny('GET', '/repos/a', 'PROXY_NO_ROUTE'),
  deny('GET', '/repos//b', 'PROXY_NO_ROUTE'),
  allow('DELETE', '/any/x', 'allow[2]'),
  allow('PURGE', '/any', 'allow[2]'),
  allow('PATCH', '/two', 'allow[4]'),
  deny('GET', '/two', 'PROXY_NO_ROUTE'),
  deny('GET', '/Two', 'PROXY_NO_ROUTE'),
  deny('PUT', '/%74wo', 'PROXY_NO_ROUTE'),
  deny('GET', '/', 'PROXY_NO_ROUTE'),
])

table('allowlist with everything allowed', { mode: 'allowlist', allow: [rule('*', '/**')] }, [
  allow('GET', '/x', 'allow[0]'),
  deny('GET', '/', 'PROXY_NO_ROUTE'),
])

table('allowlist that names the empty path', { mode: 'allowlist', allow: [rule('*', '/')] }, [
  allow('POST', '/', 'allow[0]'),
])

table('deny in any reading', { deny: ['/admin/**', '/keys', '/repos/*/secrets/**', '/A%20b'] }, [
  ...[
    '/admin',
    '/admin/',
    '/admin/x',
    '/ADMIN/x',
    '/%61dmin/x',
    '/%61%64%6D%69%6e',
    '/%2561dmin/x',
    '//admin/x',
    '/admin//x',
    '/admin;v=1/x',
    '/;x/admin/x',
    '/admin%2Fx',
    '/%2Fadmin',
    '/%EF%BD%81dmin/x',
    '/admin%EF%BC%8Fx',
    '/%2561dmin/100%25',
    '/admin%253B/%25',
    '/%2561dmin/%25ff',
    '/%EF%BC%8561dmin/x',
    '/admin%3Fx',
    '/admin%23x',
    '/admin%20/x',
    '/admin./x',
    '/adm%C4%B1n',
    '/keys',
    '/keys/',
    '/keys//',
    '/Keys;a',
    '/repos/x/secrets',
    '/repos/x/%73ecrets/y',
    '/repos/x%2Fsecrets',
    '/a%20b',
    '/%41%20%62',
  ].map((path) => deny('GET', path, 'PROXY_PATH_DENIED')),
  deny('OPTIONS', '/admin', 'PROXY_PATH_DENIED'),
  allow('GET', '/administrator'),
  allow('GET', '/keys/x'),
  allow('GET', '/repos/secrets'),
  allow('GET', '/x/admin'),
])

table('deny before allow', { ...ALLOWLIST, deny: ['/repos/acme/**'] }, [
  deny('GET', '/repos/acme/b/issues', 'PROXY_PATH_DENIED'),
  allow('GET', '/repos/a/b/issues', 'allow[0]'),
])

table(
  'a sensitive rule, whatever the spelling of the path (transparent)',
  { allow: [rule('GET', '/public/**'), rule('GET', '/Keys/**', { sensitive: true })] },
  [
    ...['/keys/1', '/%6beys/1', '/KEYS/1', '//keys/1', '/keys;x/1', '/keys%2F1', '/%256beys/1'].map(
      (path) => deny('GET', path, 'PROXY_SENSITIVE_DENIED'),
    ),
    allow('GET', '/public/keys', 'allow[0]'),
    allow('OPTIONS', '/keys/1'),
  ],
)

table(
  'a sensitive rule, whatever the spelling of the path (allowlist)',
  {
    mode: 'allowlist',
    allow: [
      rule('*', '/v1/keys/public'),
      rule('*', '/v1/keys/**', { sensitive: true }),
      rule('*', '/v1/**'),
    ],
  },
  [
    ...['/v1/keys/1', '/v1/%6beys/1', '/v1/KEYS/1', '/v1//keys/1', '/v1/keys%2F1'].map((path) =>
      deny('POST', path, 'PROXY_SENSITIVE_DENIED'),
    ),
    allow('POST', '/v1/keys/public', 'allow[0]'),
    deny('POST', '/v1/KEYS/public', 'PROXY_SENSITIVE_DENIED'),
    allow('POST', '/v1/other', 'allow[2]'),
  ],
)

describe('the host entry', () => {
  it.each([
    ['a list without the provider', { providers: ['other'] }, 'PROXY_PROVIDER_DENIED'],
    ['an empty list', { providers: [] }, 'PROXY_PROVIDER_DENIED'],
    ['a grant wanted', { require_grant: true }, 'PROXY_GRANT_REQUIRED'],
  ])('%s', (_title, host, code) => {
    expect(decided(aCaller(host), aProvider(), aCall('GET', '/'))).toMatchObject({ code })
  })

  it('a list with the provider', () => {
    expect(decided(aCaller({ providers: ['api'] }), aProvider(), aCall('GET', '/')).allow).toBe(
      true,
    )
  })

  it('a grant wanted by the provider, or by the installation', () => {
    const call = aCall('GET', '/')
    const byProvider = decided(aCaller(), aProvider({ require_grant: true }), call)
    expect(byProvider).toMatchObject({
      code: 'PROXY_GRANT_REQUIRED',
      rule: 'provider api.require_grant',
    })
    const byInstallation = decided({ ...aCaller(), grantRequired: true }, aProvider(), call)
    expect(byInstallation).toMatchObject({ rule: 'REQUIRE_GRANT' })
  })
})

describe('what a decision tells the operator', () => {
  it('the deny rule', () => {
    const provider = aProvider({ forwarding: { deny: ['/a', '/b/**'] } })
    expect(decided(aCaller(), provider, aCall('GET', '/B/x'))).toMatchObject({
      rule: 'deny[1]',
      reason: '/b/** denies it',
    })
  })

  it.each([
    ['GET', '/slow', { category: 'slow', cache_ttl: 60, rule: 'allow[0]' }],
    ['GET', '/other', { category: 'usual', cache_ttl: 5, rule: 'default' }],
    ['OPTIONS', '/other', { category: 'usual', cache_ttl: 0, rule: 'default' }],
  ])('%s %s: category and lifetime', (method, path, expected) => {
    const allowed = [rule('GET', '/slow', { category: 'slow', cache_ttl: 60 })]
    const provider = aProvider({
      forwarding: { allow: allowed, default_cache_ttl: 5, default_category: 'usual' },
    })
    expect(decided(aCaller(), provider, aCall(method, path))).toMatchObject({ permit: expected })
  })
})
