import { describe, expect, it } from 'vitest'

import { forwardable, returnable } from '../src/headers.ts'

const RULES = { slots: new Set(['authorization', 'x-special-slot']), permitted: [], cookies: false }

describe('what goes upstream', () => {
  it.each([
    'accept',
    'content-type',
    'user-agent',
    'x-custom',
    'range',
    'if-none-match',
    'idempotency-key',
    'x-csrf-token',
    'x-request-id',
    'anthropic-version',
    'x-github-api-version',
    'accept-encoding',
    'origin',
    'prefer',
    'x-amz-date',
    'x-stainless-os',
  ])('%s', (name) => {
    expect(forwardable(new Headers({ [name]: 'v' }), RULES).get(name)).toBe('v')
  })

  it.each([
    'connection',
    'keep-alive',
    'te',
    'trailer',
    'transfer-encoding',
    'upgrade',
    'proxy-connection',
    'proxy-authorization',
    'proxy-x',
    'host',
    'content-length',
    'expect',
    'x-provider',
    'x-broker',
    'x-outpost-auth',
    'x-outpost-tenant',
    'forwarded',
    'x-forwarded-for',
    'x-forwarded-host',
    'x-real-ip',
    'true-client-ip',
    'cf-connecting-ip',
    'cf-access-jwt-assertion',
    'via',
    'cdn-loop',
    'x-http-method-override',
    'x-http-method',
    'x-method-override',
    'x-original-url',
    'x-rewrite-url',
    // enumeration/web/header-injections.md of github.com/six2dez/pentest-book, the rest of it.
    'client-ip',
    'forwarded-for',
    'x-client-ip',
    'x-forward-for',
    'x-forwarded',
    'x-forwarded-server',
    'x-forwarded-by',
    'x-forwarded-for-original',
    'x-host',
    'x-http-host-override',
    'x-originating-ip',
    'x-override-url',
    'x-remote-addr',
    'x-remote-ip',
    // What servers take out of the path, or put into the answer.
    'script-name',
    'x-script-name',
    'path-info',
    'x-accel-mapping',
    'x-sendfile-type',
    'authorization',
    'x-special-slot',
    'cookie',
    'x-api-key',
    'api-key',
    'apikey',
    'x-auth-token',
    'x-goog-api-key',
    'private-token',
    'x-amz-security-token',
    'x-access-token',
    'x-vault-token',
    'x-shopify-access-token',
    'dd-application-key',
    'ocp-apim-subscription-key',
    'xi-api-key',
  ])('never %s, in any spelling', (name) => {
    for (const each of [
      name,
      name.replaceAll('-', '_'),
      name.replaceAll('-', '.'),
      name.toUpperCase(),
    ]) {
      expect([...forwardable(new Headers({ [each]: 'v' }), RULES).keys()]).toEqual([])
    }
  })

  it('nor what Connection names', () => {
    const headers = new Headers({ connection: 'close, X-Hop', 'x-hop': 'v', 'x-stays': 'v' })
    expect([...forwardable(headers, RULES).keys()]).toEqual(['x-stays'])
  })

  it('but a credential-like header that the provider permits, by its own name only', () => {
    const headers = new Headers({ 'x-api-key': 'v', x_api_key: 'w' })
    const forwarded = forwardable(headers, { ...RULES, permitted: ['x-api-key'] })
    expect([...forwarded]).toEqual([['x-api-key', 'v']])
  })

  it('and cookies where the provider wants them', () => {
    expect(
      forwardable(new Headers({ cookie: 'a=b' }), { ...RULES, cookies: true }).get('cookie'),
    ).toBe('a=b')
  })

  it('permits no credential slot, whatever the provider lists', () => {
    const headers = new Headers({ authorization: 'v', 'x-special-slot': 'v' })
    const rules = { ...RULES, permitted: ['authorization', 'x-special-slot'] }
    expect([...forwardable(headers, rules)]).toEqual([])
  })
})

const returned = (received: Headers, strip: readonly string[], cookies: boolean) => {
  const may = returnable(received, strip, cookies)
  return [...received].filter(([name]) => may(name))
}

describe('what comes back', () => {
  const upstream = new Headers([
    ['etag', '"1"'],
    ['connection', 'X-Hop'],
    ['x-hop', 'v'],
    ['proxy-authenticate', 'Basic'],
    ['x-proxy-error', 'PROXY_HOST_DENIED'],
    ['x-proxy-cache', 'HIT'],
    ['x-outpost-request-id', 'forged'],
    ['x-internal', 'v'],
    ['set-cookie', 'a=1'],
    ['set-cookie', 'b=2'],
  ])

  it('is less what is not for the agent, and less what only the proxy may say', () => {
    expect(returned(upstream, ['x-internal'], false)).toEqual([['etag', '"1"']])
  })

  it.each([
    ['Alt-Svc', 'h2="evil.test:443"; ma=31536000'],
    ['Strict-Transport-Security', 'max-age=31536000; includeSubDomains'],
    ['Clear-Site-Data', '"*"'],
    ['NEL', '{"report_to":"x","max_age":31536000}'],
    ['Report-To', '{"group":"x","endpoints":[{"url":"https://evil.test"}]}'],
    ['Reporting-Endpoints', 'x="https://evil.test"'],
    ['Service-Worker-Allowed', '/'],
    ['Public-Key-Pins', 'pin-sha256="x"; max-age=1'],
  ])('is nothing that is said of a whole origin, which is ours: %s', (name, value) => {
    expect(returned(new Headers({ [name]: value, etag: '"1"' }), [], true)).toEqual([
      ['etag', '"1"'],
    ])
  })

  it('keeps cookies apart where the provider wants them', () => {
    const cookies = returned(upstream, [], true).filter(([name]) => name === 'set-cookie')
    expect(cookies.map(([, value]) => value)).toEqual(['a=1', 'b=2'])
  })
})
