import { describe, expect, it } from 'vitest'

import { SECRETS } from '../fixtures/secrets.ts'
import { call, names, only, values } from './call.ts'

describe('headers that never go upstream', () => {
  const blocked = `
    connection keep-alive proxy-connection te trailer upgrade expect via forwarded cdn-loop
    proxy-authorization proxy-authenticate proxy-foo x-provider x-broker x-outpost-auth
    x-outpost-anything x-forwarded-for x-forwarded-host x-forwarded-proto x-forwarded-prefix
    x-real-ip true-client-ip x-client-ip x-cluster-client-ip cf-ray cf-visitor cf-worker
    cf-access-jwt-assertion cf-connecting-ipv6 x-http-method-override x-http-method
    x-method-override x-original-url x-rewrite-url authorization cookie cookie2 x-api-key api-key
    x-auth-token x-goog-api-key private-token x-amz-security-token x-access-token x-vault-token
    x-auth-key x-session-token x-secret-key x-password`
    .trim()
    .split(/\s+/)
    .filter((name) => name !== 'x-provider' && name !== 'x-broker')

  const spelt = (name: string): string[] => [
    name,
    name.replaceAll('-', '_'),
    name.replaceAll('-', '.'),
    name.toUpperCase(),
  ]

  it.each(blocked)('%s, in any spelling that a server folds into it', async (name) => {
    for (const each of spelt(name)) {
      const headers = { [each]: 'dummy-value' }
      const received = only(await call('/echo', { provider: 'plain', headers }))
      expect(names(received), each).toEqual([])
    }
  })

  it('those that Connection names', async () => {
    const headers = {
      connection: 'close, X-Hop,x_other-hop',
      'x-hop': '1',
      x_hop: '2',
      'x-other-hop': '3',
      'x-stays': '4',
    }
    expect(names(only(await call('/echo', { provider: 'plain', headers })))).toEqual(['x-stays'])
  })

  it.each(['Content-Type', 'content_encoding', 'close, Accept', 'x-amz-copy-source', 'If-Match'])(
    'and nothing that it was judged by: Connection: %s',
    async (connection) => {
      const answer = await call('/echo', { provider: 'plain', headers: { connection } })
      expect([answer.status, answer.seen]).toEqual([400, []])
    },
  )

  it('but never the injected credential', async () => {
    const headers = {
      connection: 'Authorization, X-Test-Request-Id',
      authorization: 'Bearer dummy',
    }
    const answer = await call('/echo', { provider: 'bearer', headers })
    expect(answer.status).toBe(200)
  })
})

describe('headers that go upstream', () => {
  it('everything else, as it was spelt', async () => {
    const headers = {
      accept: '*/*;q=0.8',
      'accept-encoding': 'zstd, br;q=0.5',
      'content-language': 'de',
      'if-none-match': 'W/"a,b"',
      'idempotency-key': 'a key',
      'anthropic-version': '2023-06-01',
      'x-goog-user-project': 'one',
      'x-csrf': '2',
      'x-keyboard': 'qwerty',
      'x-author': 'me',
      origin: 'https://agent.test',
      referer: 'https://agent.test/x',
      prefer: 'wait=5',
      'user-agent': 'agent/1',
    }
    const received = only(await call('/echo', { provider: 'plain', headers }))
    expect(names(received)).toEqual(Object.keys(headers).toSorted())
    for (const [name, value] of Object.entries(headers)) {
      expect(values(received, name)).toEqual([value])
    }
  })

  it('repeated ones stay apart', async () => {
    const headers: [string, string][] = [
      ['x-many', 'a'],
      ['x-many', 'b, c'],
    ]
    const received = only(await call('/echo', { provider: 'plain', headers }))
    expect(values(received, 'x-many')).toEqual(['a', 'b, c'])
  })

  it("the provider's defaults override the agent's, auth overrides them, and a named one passes", async () => {
    const headers = {
      'x-version': '1999',
      'user-agent': 'agent/1',
      'x-api-key': 'dummy',
      'x-auth-token': 'passes',
      'x-access-token': 'does not',
      x_auth_token: 'does not',
    }
    const received = only(await call('/echo', { provider: 'headers', headers }))
    expect(names(received)).toEqual(['user-agent', 'x-api-key', 'x-auth-token', 'x-version'])
    expect(values(received, 'x-version')).toEqual(['2026-01-01'])
    expect(values(received, 'user-agent')).toEqual(['outpost-fixture'])
    expect(values(received, 'x-api-key')).toEqual([SECRETS.HEADER_KEY])
    expect(values(received, 'x-auth-token')).toEqual(['passes'])
  })

  it('cookies, where the provider wants them', async () => {
    const headers = { cookie: 'a=1; b="x, y"' }
    const received = only(await call('/echo', { provider: 'cookies', headers }))
    expect(values(received, 'cookie')).toEqual([headers.cookie])
  })
})

/** A path that is answered with these header lines. */
function answeredWith(lines: readonly string[], status = 200): string {
  const query = lines.map((line) => `line=${encodeURIComponent(line)}`)
  return `/with?status=${status}&${query.join('&')}`
}

describe('headers of the answer', () => {
  it('less hop-by-hop, forged and stripped ones', async () => {
    const path = answeredWith([
      'Connection: X-Hop, close',
      'X-Hop: 1',
      'Keep-Alive: timeout=5',
      'Proxy-Authenticate: Basic',
      'Proxy-Authentication-Info: x',
      'Trailer: X-After',
      'X-Proxy-Error: PROXY_PATH_DENIED',
      'X-Proxy-Provider: evil',
      'X-Proxy-Cache: HIT',
      'X-Outpost-Request-Id: forged',
      'X-Outpost-Anything: forged',
      'Set-Cookie: session=1',
      'Set-Cookie: other=2',
      'Set-Cookie2: old=3',
      'X-Quota-Account: acme',
      'Server: nginx',
      'X-Kept: 1',
    ])
    const { headers } = await call(path, { provider: 'headers' })
    expect(Object.fromEntries(headers)).toEqual({
      date: expect.stringContaining('GMT'),
      'x-kept': '1',
      'x-outpost-request-id': expect.stringMatching(/^[0-9A-Z]{26}$/),
      'x-proxy-cache': 'BYPASS',
      'x-proxy-provider': 'headers',
    })
  })

  it('repeated ones and unusual ones as they are', async () => {
    const path = answeredWith([
      'Link: <https://elsewhere.test/a>; rel=next',
      'Link: <https://elsewhere.test/b>; rel=prev',
      'WWW-Authenticate: Bearer realm="api", error="invalid_token"',
      'Alt-Svc: h3=":443"',
      'ETag: W/"x"',
      'Vary: Accept, Origin',
      'Access-Control-Allow-Origin: *',
      'X-RateLimit-Remaining: 7',
    ])
    const { headers } = await call(path, { provider: 'plain' })
    expect(headers.get('link')).toBe(
      '<https://elsewhere.test/a>; rel=next, <https://elsewhere.test/b>; rel=prev',
    )
    expect(headers.get('www-authenticate')).toContain('realm="api"')
    expect(headers.get('etag')).toBe('W/"x"')
    expect(headers.get('vary')).toBe('Accept, Origin')
    expect(headers.get('access-control-allow-origin')).toBe('*')
    expect(headers.get('x-ratelimit-remaining')).toBe('7')
    expect(headers.get('set-cookie')).toBeNull()
  })

  it('cookies, where the provider wants them, each for itself', async () => {
    const path = answeredWith([
      'Set-Cookie: a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT',
      'Set-Cookie: b=2',
    ])
    const { headers } = await call(path, { provider: 'cookies' })
    expect(headers.getSetCookie()).toEqual(['a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT', 'b=2'])
  })

  it('an error of the upstream is its own, and cannot look like ours', async () => {
    const path = answeredWith(
      ['X-Proxy-Error: PROXY_AUTH_REQUIRED', 'WWW-Authenticate: Basic'],
      401,
    )
    const { status, headers, text } = await call(path, { provider: 'bearer' })
    expect([status, text]).toEqual([401, 'ok'])
    expect(headers.has('x-proxy-error')).toBe(false)
    expect(headers.get('www-authenticate')).toBe('Basic')
  })
})
