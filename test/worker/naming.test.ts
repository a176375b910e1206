import { describe, expect, it } from 'vitest'

import { call, expectRefusal, FROM, only } from './call.ts'
import type { Asking } from './call.ts'

const DOMAIN = { OUTPOST_DOMAIN: 'Outpost.Test.' }

describe('four ways to name a provider', () => {
  it.each<[string, string, Asking, string]>([
    ['X-Provider', '/echo/a', { headers: { 'x-provider': 'plain' } }, 'plain'],
    ['X-Provider, other case', '/echo/a', { headers: { 'x-provider': 'PLAIN' } }, 'plain'],
    ['X-Broker', '/echo/a', { headers: { 'x-broker': 'Plain' } }, 'plain'],
    ['both, alike', '/echo/a', { headers: { 'x-broker': 'PLAIN' }, provider: 'plain' }, 'plain'],
    ['host name', '/echo/a', { origin: 'https://plain.outpost.test', env: DOMAIN }, 'plain'],
    [
      'host name, port',
      '/echo/a',
      { origin: 'http://PLAIN.outpost.test:81', env: DOMAIN },
      'plain',
    ],
    [
      'host name and header, alike',
      '/echo/a',
      { origin: 'https://plain.outpost.test', env: DOMAIN, provider: 'Plain' },
      'plain',
    ],
    ['path prefix', '/p/plain/echo/a', {}, 'plain'],
    ['path prefix, other case', '/p/PLAIN/echo/a', {}, 'plain'],
    ['DEFAULT_PROVIDER', '/echo/a', { env: { DEFAULT_PROVIDER: 'Plain' } }, 'plain'],
    ['prefix before default', '/p/plain/echo/a', { env: { DEFAULT_PROVIDER: 'root' } }, 'plain'],
    [
      'header before default',
      '/echo/a',
      { provider: 'plain', env: { DEFAULT_PROVIDER: 'root' } },
      'plain',
    ],
  ])('%s', async (_title, path, asking, name) => {
    const answer = await call(path, asking)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('x-proxy-provider')).toBe(name)
    expect(only(answer).target).toBe('/base/echo/a')
  })

  it.each<[string, string, Asking, string]>([
    [
      'with a header the prefix is part of the path',
      '/p/plain/x',
      { provider: 'plain' },
      '/base/p/plain/x',
    ],
    [
      'with a host name too',
      '/p/root/x',
      { origin: 'https://plain.outpost.test', env: DOMAIN },
      '/base/p/root/x',
    ],
    ['a prefix with nothing behind it', '/p/plain', {}, '/base/'],
    ['a prefix with a slash behind it', '/p/plain/', {}, '/base/'],
    ['a prefix with a query behind it', '/p/plain?a=/p/root', {}, '/base/?a=/p/root'],
    ['a prefix with two slashes behind it', '/p/plain//x', {}, '/base//x'],
    ['a base without a path', '/x?y', { provider: 'root' }, '/x?y'],
    ['an empty path', '/', { provider: 'plain' }, '/base/'],
    ['a lone question mark', '/x?', { provider: 'plain' }, '/base/x?'],
    [
      'bytes as they are',
      '/%7Ea%2a/;x=1,2/a+b/(c)!$&@:~',
      { provider: 'plain' },
      '/base/%7Ea%2a/;x=1,2/a+b/(c)!$&@:~',
    ],
    [
      'a query as it is',
      '/x?a=%2e%2E/../&&=&a+b%zz;c[]=|^`{}',
      { provider: 'plain' },
      '/base/x?a=%2e%2E/../&&=&a+b%zz;c[]=|^`{}',
    ],
  ])('%s', async (_title, path, asking, target) => {
    expect(only(await call(path, asking)).target).toBe(target)
  })
})

describe('a name that is none', () => {
  it.each<[string, number, string, string, Asking]>([
    ['nothing', 400, 'PROXY_UNKNOWN_PROVIDER', '/x', {}],
    ['unknown', 400, 'PROXY_UNKNOWN_PROVIDER', '/x', { provider: 'nothing' }],
    ['a disabled one', 400, 'PROXY_UNKNOWN_PROVIDER', '/x', { provider: 'off' }],
    ['constructor', 400, 'PROXY_UNKNOWN_PROVIDER', '/x', { provider: 'constructor' }],
    ['__proto__', 400, 'PROXY_UNKNOWN_PROVIDER', '/p/__proto__/x', {}],
    ['an empty header', 400, 'PROXY_UNKNOWN_PROVIDER', '/x', { provider: '' }],
    ['an empty prefix', 400, 'PROXY_UNKNOWN_PROVIDER', '/p//x', {}],
    ['an encoded prefix', 400, 'PROXY_UNKNOWN_PROVIDER', '/p/pl%61in/x', {}],
    ['an encoded p', 400, 'PROXY_UNKNOWN_PROVIDER', '/%70/plain/x', {}],
    [
      'a prefix under a header that is none',
      400,
      'PROXY_UNKNOWN_PROVIDER',
      '/p/plain/x',
      { provider: 'no' },
    ],
    [
      'twice',
      400,
      'PROXY_AMBIGUOUS_PROVIDER',
      '/x',
      {
        headers: [
          ['x-provider', 'plain'],
          ['x-provider', 'plain'],
        ],
      },
    ],
    [
      'X-Broker twice',
      400,
      'PROXY_AMBIGUOUS_PROVIDER',
      '/x',
      {
        headers: [
          ['x-broker', 'a'],
          ['x-broker', 'a'],
        ],
      },
    ],
    [
      'two headers',
      400,
      'PROXY_AMBIGUOUS_PROVIDER',
      '/x',
      { provider: 'plain', headers: { 'x-broker': 'bearer' } },
    ],
    [
      'header and host name',
      400,
      'PROXY_AMBIGUOUS_PROVIDER',
      '/x',
      { provider: 'bearer', origin: 'https://plain.outpost.test', env: DOMAIN },
    ],
    [
      'a name below the name',
      400,
      'PROXY_UNKNOWN_PROVIDER',
      '/x',
      { origin: 'https://a.plain.outpost.test', env: DOMAIN },
    ],
    [
      'not the domain',
      400,
      'PROXY_UNKNOWN_PROVIDER',
      '/x',
      { origin: 'https://plain.outpost.test.evil.test', env: DOMAIN },
    ],
  ])('%s: %i %s', async (_title, status, code, ...asked) => {
    const answer = await call(...asked)
    expectRefusal(answer, status, code)
    expect(answer.seen).toEqual([])
  })

  it('tells an accepted caller which there are for it, in alphabetical order', async () => {
    const answer = await call('/x', { from: FROM.limited })
    expect(JSON.parse(answer.text)).toMatchObject({
      error: { metadata: { available: ['bearer', 'plain'] } },
    })
  })
})

describe('who is calling is settled first', () => {
  it.each<[string, Asking]>([
    ['a provider', { provider: 'plain' }],
    ['no provider', {}],
    ['a provider that is none', { provider: 'nothing' }],
    ['a disabled provider', { provider: 'off' }],
  ])('a stranger who names %s gets the same 403', async (_title, asking) => {
    const answer = await call('/x%2Fy?_method=PUT', { ...asking, from: FROM.stranger })
    expectRefusal(answer, 403, 'PROXY_HOST_DENIED')
    expect(JSON.parse(answer.text)).toMatchObject({ error: { metadata: null } })
  })

  it.each([
    ['192.0.2.1', 200],
    ['::ffff:192.0.2.1', 200],
    ['::FFFF:c000:201', 200],
    ['2001:db8::1', 200],
    ['2001:0DB8:0:0:0:0:0:1', 200],
    [null, 403],
    ['', 403],
    ['192.0.2.1, 192.0.2.1', 403],
    ['192.0.2', 403],
    ['192.0.2.01', 403],
    ['0300.0.2.1', 403],
    ['0xc0.0.2.1', 403],
    ['3221225985', 403],
    ['192.0.2.1:80', 403],
    ['[2001:db8::1]', 403],
    ['2001:db8::1%eth0', 403],
    ['192.0.3.1', 403],
    ['2a06:98c0:3600::103', 403],
  ])('%s: %i', async (from, status) => {
    expect((await call('/echo', { provider: 'plain', from })).status).toBe(status)
  })

  it('X-Forwarded-For and its like say nothing', async () => {
    const headers = {
      'x-forwarded-for': FROM.writer,
      'x-real-ip': FROM.writer,
      'true-client-ip': FROM.writer,
      forwarded: `for=${FROM.writer}`,
    }
    const answer = await call('/echo', { provider: 'plain', from: FROM.stranger, headers })
    expectRefusal(answer, 403, 'PROXY_HOST_DENIED')
  })

  const PROXY = '10.9.8.7:5'

  it.each([
    [`${FROM.writer}:4711`, undefined, undefined, 200],
    [`[2001:db8::1]:4711`, undefined, undefined, 200],
    [`[::ffff:${FROM.writer}]:4711`, undefined, undefined, 200],
    [undefined, undefined, undefined, 403],
    [FROM.writer, undefined, undefined, 403],
    [PROXY, FROM.writer, undefined, 403],
    [PROXY, FROM.writer, '10.9.8.0/24', 200],
    [PROXY, `${FROM.stranger}, ${FROM.writer}, 10.9.8.1`, '10.9.8.0/24', 200],
    [PROXY, `${FROM.writer}, ${FROM.stranger}`, '10.9.8.0/24', 403],
    [PROXY, `${FROM.writer}, unknown`, '10.9.8.0/24', 403],
    [PROXY, undefined, '10.9.8.0/24', 403],
    [PROXY, FROM.writer, '10.9.8.0/24, wrong', 403],
  ])('peer %s, forwarded for %s, trusted %s: %i', async (clientIp, chain, trusted, status) => {
    const answer = await call('/echo', {
      provider: 'plain',
      // Set by the edge alone; here a client has written it.
      from: FROM.writer,
      env: { CLIENT_IP_SOURCE: 'workerd', TRUSTED_PROXIES: trusted },
      cf: { clientIp } as unknown as IncomingRequestCfProperties,
      headers: chain === undefined ? {} : { 'x-forwarded-for': chain },
    })
    expect(answer.status).toBe(status)
  })

  it.each([undefined, '', 'guess'])('CLIENT_IP_SOURCE=%s lets nobody in', async (source) => {
    const answer = await call('/echo', { provider: 'plain', env: { CLIENT_IP_SOURCE: source } })
    expectRefusal(answer, 403, 'PROXY_HOST_DENIED')
  })
})

describe('policy', () => {
  it.each<[string, number, string, string, Asking]>([
    [
      'a provider not in the list',
      403,
      'PROXY_PROVIDER_DENIED',
      '/echo',
      { provider: 'root', from: FROM.limited },
    ],
    ['a denied path', 403, 'PROXY_PATH_DENIED', '/admin/users', { provider: 'plain' }],
    ['its folder', 403, 'PROXY_PATH_DENIED', '/admin', { provider: 'plain' }],
    ['its spelling', 403, 'PROXY_PATH_DENIED', '/%61dmin/users', { provider: 'plain' }],
    ['no route', 404, 'PROXY_NO_ROUTE', '/echo/other', { provider: 'strict' }],
    ['no route for the empty path', 404, 'PROXY_NO_ROUTE', '/', { provider: 'strict' }],
    [
      'no route for the method',
      404,
      'PROXY_NO_ROUTE',
      '/echo/read',
      { provider: 'strict', method: 'DELETE' },
    ],
    [
      'no route for another spelling',
      404,
      'PROXY_NO_ROUTE',
      '/echo/re%61d',
      { provider: 'strict' },
    ],
    [
      'a write',
      403,
      'PROXY_SENSITIVE_DENIED',
      '/echo',
      { provider: 'plain', method: 'POST', from: FROM.reader },
    ],
    [
      'an unknown method',
      403,
      'PROXY_SENSITIVE_DENIED',
      '/echo',
      { provider: 'plain', method: 'PROPFIND', from: FROM.reader },
    ],
    [
      'a sensitive rule',
      403,
      'PROXY_SENSITIVE_DENIED',
      '/echo/write',
      { provider: 'strict', method: 'POST', from: FROM.reader },
    ],
    ['a grant is needed', 403, 'PROXY_GRANT_REQUIRED', '/echo', { provider: 'granted' }],
    ['_method', 400, 'PROXY_BAD_REQUEST', '/echo?_method=DELETE', { provider: 'plain' }],
    ['_HttpMethod', 400, 'PROXY_BAD_REQUEST', '/echo?_HttpMethod=DELETE', { provider: 'plain' }],
    [
      'X-HTTP-Method-Override',
      400,
      'PROXY_BAD_REQUEST',
      '/echo?a&x-http-method-override=DELETE',
      { provider: 'plain' },
    ],
    [
      'X-HTTP-Method, spelt',
      400,
      'PROXY_BAD_REQUEST',
      '/echo?X%5FHTTP%5fMethod=DELETE',
      { provider: 'plain' },
    ],
    [
      '_method, spelt',
      400,
      'PROXY_BAD_REQUEST',
      '/echo?a;%5Fmethod[]=DELETE',
      { provider: 'plain' },
    ],
    ['an encoded slash', 400, 'PROXY_BAD_PATH', '/a%2Fb', { provider: 'plain' }],
    ['an encoded dot segment', 400, 'PROXY_BAD_PATH', '/a/%252e%252e/b', { provider: 'plain' }],
    ['an encoded backslash', 400, 'PROXY_BAD_PATH', '/a%5Cb', { provider: 'plain' }],
    ['no UTF-8', 400, 'PROXY_BAD_PATH', '/a%ff', { provider: 'plain' }],
    ['over-long', 400, 'PROXY_BAD_PATH', `/${'a'.repeat(9000)}`, { provider: 'plain' }],
    [
      'REQUIRE_GRANT',
      403,
      'PROXY_GRANT_REQUIRED',
      '/echo',
      { provider: 'plain', env: { REQUIRE_GRANT: 'true' } },
    ],
    [
      'REQUIRE_GRANT, odd',
      403,
      'PROXY_GRANT_REQUIRED',
      '/echo',
      { provider: 'plain', env: { REQUIRE_GRANT: 'ture' } },
    ],
  ])('%s: %i %s', async (_title, status, code, ...asked) => {
    const answer = await call(...asked)
    expectRefusal(answer, status, code)
    expect(answer.seen).toEqual([])
  })

  it.each<[string, string, Asking]>([
    ['an allowed path', '/echo/read', { provider: 'strict' }],
    ['its HEAD', '/echo/read', { provider: 'strict', method: 'HEAD' }],
    ['a sensitive rule for a writer', '/echo/write', { provider: 'strict', method: 'POST' }],
    ['a read of a reader', '/echo', { provider: 'plain', from: FROM.reader }],
    ['OPTIONS of a reader', '/echo', { provider: 'plain', from: FROM.reader, method: 'OPTIONS' }],
    ['an encoded slash where it may', '/echo/a%2Fb', { provider: 'slashes' }],
    ['_method where it may', '/echo?_method=DELETE', { provider: 'override' }],
    ['REQUIRE_GRANT off', '/echo', { provider: 'plain', env: { REQUIRE_GRANT: 'off' } }],
  ])('lets pass %s', async (_title, path, asking) => {
    const answer = await call(path, asking)
    expect(answer.status).toBe(200)
    expect(only(answer).target).toBe(`/base${path}`)
    expect(only(answer).method).toBe(asking.method ?? 'GET')
  })
})
