import { describe, expect, it } from 'vitest'

import { canonical } from '../src/audit/canonical.ts'
import type { Host } from '../src/catalog.ts'
import type { Deps } from '../src/deps.ts'
import { opening } from '../src/opening.ts'
import { proxy } from '../src/proxy.ts'
import { Secret } from '../src/secret.ts'
import { aHost, aProvider, aRule } from './builders.ts'
import { asked, recording, SENTINEL } from './recording.ts'

describe('the order of an allowed call', () => {
  it('reads the host key, then the secret, then sends, then records', async () => {
    const { deps, trail, sent } = recording(aProvider(), aHost({ auth_token_env: 'KEY' }))
    const response = await proxy(asked('/a?b', { headers: { 'x-outpost-auth': 'host-key' } }), deps)
    expect(response.status).toBe(200)
    expect(trail).toEqual(['host key', 'signer', 'reading', 'secret', 'send', 'record'])
    expect(sent[0]?.url).toBe('https://api.test/a?b')
    expect(sent[0]?.headers.get('authorization')).toBe(`Bearer ${SENTINEL}`)
    expect(sent[0]?.redirect).toBe('manual')
  })
})

describe('the order of a call that is limited and has a key', () => {
  const limited = aProvider({
    forwarding: { rate_limits: { default: [{ capacity: 1, window_ms: 1000 }] } },
  })
  const writer = aHost({ can_call_sensitive: true })
  const write = () =>
    asked('/a', { method: 'POST', body: 'x', headers: { 'idempotency-key': 'k1' } })

  it('claims the key, takes its turn, reads the secret, sends', async () => {
    const { deps, trail } = recording(limited, writer)
    await proxy(write(), deps)
    expect(trail).toEqual([
      'claim',
      'limiter',
      'gate',
      'signer',
      'reading',
      'secret',
      'send',
      'record',
    ])
  })

  it('over the limit frees the key and reads nothing', async () => {
    const refused = {
      admitted: false,
      because: 'limit',
      retry_ms: 1234,
      levels: [{ capacity: 1, window_ms: 1000, remaining: 0, reset_ms: 1234 }],
    } as const
    const { deps, trail } = recording(limited, writer)
    const { limiterOf } = deps
    const response = await proxy(write(), {
      ...deps,
      limiterOf: (...of) => ({ ...limiterOf(...of), take: async () => refused }),
    })
    expect(trail).toEqual(['claim', 'release', 'record'])
    expect(await response.json()).toMatchObject({
      error: { code: 'PROXY_RATE_LIMITED', metadata: { retry_after: 1.234 } },
    })
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'retry-after': '2',
      'ratelimit-policy': '"1s";q=1;w=1',
      ratelimit: '"1s";r=0;t=2',
    })
  })

  it('that cannot ask the limiter, or look up its key, is refused', async () => {
    const { deps, trail } = recording(limited, writer)
    const down = () => Promise.reject(new Error('overloaded'))
    const { limiterOf, replayOf } = deps
    const one = await proxy(asked('/a'), {
      ...deps,
      limiterOf: (...of) => ({ ...limiterOf(...of), take: down }),
    })
    const two = await proxy(write(), {
      ...deps,
      replayOf: (...of) => ({ ...replayOf(...of), claim: down }),
    })
    expect([one.status, two.status]).toEqual([429, 502])
    expect(trail).toEqual(['record', 'record'])
  })

  it("tells the limiter of the upstream's 429", async () => {
    const { deps, trail } = recording(limited, writer, {
      send: async () => new Response('slow down', { status: 429, headers: { 'retry-after': '7' } }),
    })
    const response = await proxy(asked('/a'), deps)
    expect(trail).toEqual(['limiter', 'signer', 'reading', 'secret', 'cooldown', 'record'])
    expect([response.status, await response.text()]).toEqual([429, 'slow down'])
  })
})

describe('the order of a refused call', () => {
  const hmac = {
    type: 'hmac_signed',
    key: { env: 'K' },
    secret: { env: 'S' },
    key_header: 'X-Key',
    signature_header: null,
    signature_param: 'signature',
    timestamp_header: null,
    timestamp_param: 'timestamp',
    digest: 'sha256',
    payload: 'body',
    invalidate_on: [],
  } as const
  const keyed = aHost({ auth_token_env: 'KEY' })
  const strict = aProvider({
    max_body_bytes: 3,
    forwarding: {
      mode: 'allowlist',
      allow: [aRule(['*'], '/ok/**')],
      deny: ['/ok/deny'],
    },
  })
  const signing = aProvider({ auth: hmac, max_body_bytes: 3 })
  const key = { 'x-outpost-auth': 'host-key' }
  const writer = aHost({ can_call_sensitive: true })

  it.each([
    ['405', 'PROXY_METHOD_DENIED', aProvider(), aHost(), 'TRACK', '/a', {}, ['record']],
    [
      'an ambiguous target',
      'PROXY_BAD_PATH',
      aProvider(),
      aHost(),
      'GET',
      '/a%5cb',
      {},
      ['record'],
    ],
    [
      'two names',
      'PROXY_AMBIGUOUS_PROVIDER',
      aProvider(),
      aHost(),
      'GET',
      '/a',
      { 'x-broker': 'b' },
      ['record'],
    ],
    [
      'a strange address',
      'PROXY_HOST_DENIED',
      aProvider(),
      aHost(),
      'GET',
      '/a',
      { 'cf-connecting-ip': '198.51.100.1' },
      ['record'],
    ],
    ['no key', 'PROXY_AUTH_REQUIRED', aProvider(), keyed, 'GET', '/a', {}, ['host key', 'record']],
    [
      'a wrong key',
      'PROXY_AUTH_REQUIRED',
      aProvider(),
      keyed,
      'GET',
      '/a',
      { 'x-outpost-auth': 'x' },
      ['host key', 'record'],
    ],
    [
      'two tokens',
      'PROXY_AMBIGUOUS_CREDENTIAL',
      aProvider(),
      aHost(),
      'GET',
      '/a',
      { 'x-outpost-auth': `op_${'a'.repeat(43)}`, authorization: `Bearer op_${'b'.repeat(43)}` },
      ['record'],
    ],
    [
      'an unknown provider',
      'PROXY_UNKNOWN_PROVIDER',
      aProvider(),
      keyed,
      'GET',
      '/a',
      { ...key, 'x-provider': 'constructor' },
      ['host key', 'record'],
    ],
    [
      'a dot segment',
      'PROXY_BAD_PATH',
      aProvider(),
      keyed,
      'GET',
      '/a/..;/b',
      key,
      ['host key', 'record'],
    ],
    [
      'an encoded slash',
      'PROXY_BAD_PATH',
      aProvider(),
      keyed,
      'GET',
      '/a%2Fb',
      key,
      ['host key', 'record'],
    ],
    [
      '_method',
      'PROXY_BAD_REQUEST',
      aProvider(),
      keyed,
      'GET',
      '/a?_method=PUT',
      key,
      ['host key', 'record'],
    ],
    [
      'a provider not in the list',
      'PROXY_PROVIDER_DENIED',
      aProvider(),
      aHost({ providers: [] }),
      'GET',
      '/a',
      {},
      ['record'],
    ],
    [
      'no grant',
      'PROXY_GRANT_REQUIRED',
      aProvider({ require_grant: true }),
      aHost(),
      'GET',
      '/a',
      {},
      ['record'],
    ],
    ['a denied path', 'PROXY_PATH_DENIED', strict, aHost(), 'GET', '/ok/deny', {}, ['record']],
    ['no route', 'PROXY_NO_ROUTE', strict, aHost(), 'GET', '/no', {}, ['record']],
    [
      'a sensitive call',
      'PROXY_SENSITIVE_DENIED',
      aProvider(),
      aHost(),
      'POST',
      '/a',
      {},
      ['record'],
    ],
    [
      'a declared length',
      'PROXY_BODY_TOO_LARGE',
      strict,
      aHost(),
      'POST',
      '/ok/a',
      { 'content-length': '4' },
      ['record'],
    ],
    [
      'a body to sign that is too long',
      'PROXY_BODY_TOO_LARGE',
      signing,
      writer,
      'POST',
      '/a',
      {},
      ['record'],
    ],
  ] as const)('%s: %s', async (_title, code, provider, host, method, path, headers, expected) => {
    const { deps, trail, events, lines } = recording(provider, host)
    const body = method === 'POST' ? 'four' : null
    const request = method === 'TRACK' ? asked(path) : asked(path, { method, headers, body })
    if (method === 'TRACK') Object.defineProperty(request, 'method', { value: 'TRACK' })
    const response = await proxy(request, deps)

    expect(response.headers.get('x-proxy-error')).toBe(code)
    expect(trail).toEqual(expected)
    expect(events[0]).toMatchObject({
      decision: 'deny',
      secret_read: false,
      code,
    })
    expect(await response.json()).toMatchObject({ status: 'FAILURE', error: { code } })
    expect(lines).toEqual(events.map((each) => canonical(each)))
  })
})

it('a call that went is recorded in canonical form too', async () => {
  const { deps, lines } = recording(aProvider(), aHost())
  await proxy(asked('/a?b=1&\u00e9=2'), deps)
  expect(lines).toEqual(lines.map((each) => canonical(JSON.parse(each))))
  expect(lines).toHaveLength(1)
})

describe('a stranger', () => {
  const provider = aProvider({
    auth: {
      type: 'api_key_header',
      secret: { env: 'S' },
      header: 'X-Key',
      prefix: '',
      invalidate_on: [],
    },
  })
  const answers = async (host: Host, requests: Request[]) => {
    const { deps } = recording(provider, host)
    const responses = await Promise.all(requests.map((each) => proxy(each, deps)))
    return Promise.all(
      responses.map(async (each) => [each.status, [...each.headers].join('\n'), await each.text()]),
    )
  }
  const token = (letter: string) => `op_${letter.repeat(43)}`
  const probes = (headers: Record<string, string>) => [
    asked('/a', { headers: { ...headers, 'x-provider': 'api' } }),
    asked('/a', { headers: { ...headers, 'x-provider': 'nothing' } }),
    asked('/a%2Fb', { headers: { ...headers, 'x-provider': 'api' } }),
    asked('/a%2Fb', { headers: { ...headers, 'x-provider': 'nothing' } }),
    asked('/p/api/a', { headers: { ...headers, 'x-provider': 'api' } }),
    asked('/a?_method=x', { headers: { ...headers, 'x-provider': 'api' } }),
    asked('/a', {
      headers: {
        ...headers,
        'x-provider': 'api',
        'x-key': token('a'),
        authorization: `token ${token('b')}`,
      },
    }),
    asked('/a', {
      headers: {
        ...headers,
        'x-provider': 'nothing',
        'x-key': token('a'),
        authorization: `token ${token('b')}`,
      },
    }),
  ]

  it.each([
    ['by address', 403, aHost(), { 'cf-connecting-ip': '198.51.100.1' }],
    ['by key', 401, aHost({ auth_token_env: 'KEY' }), { 'x-request-id': '1' }],
  ])(
    '%s learns nothing of providers: %i, always the same',
    async (_title, status, host, headers) => {
      const all = await answers(host, probes(headers))
      expect(all[0]?.[0]).toBe(status)
      for (const each of all) expect(each).toEqual(all[0])
    },
  )
})

describe('where a key may stand', () => {
  const provider = aProvider({
    auth: {
      type: 'api_key_header',
      secret: { env: 'S' },
      header: 'X-Key',
      prefix: 'Key ',
      invalidate_on: [],
    },
  })
  const query = aProvider({
    auth: { type: 'api_key_query', secret: { env: 'S' }, param: 'api_key', invalidate_on: [] },
  })
  const host = aHost({ auth_token_env: 'KEY' })
  const basic = (pair: string) => `Basic ${btoa(pair)}`

  it.each([
    ['X-Outpost-Auth', provider, '/a', { 'x-outpost-auth': 'host-key' }, 200],
    ['Bearer', provider, '/a', { authorization: 'Bearer host-key' }, 200],
    ['bearer, other case', provider, '/a', { authorization: 'bEARER  host-key' }, 200],
    ['token', provider, '/a', { authorization: 'token host-key' }, 200],
    ['Basic, password', provider, '/a', { authorization: basic('x:host-key') }, 200],
    ['Basic, user name', provider, '/a', { authorization: basic('host-key:') }, 200],
    ['Basic, user name alone', provider, '/a', { authorization: basic('host-key') }, 200],
    ['the own header', provider, '/a', { 'x-key': 'host-key' }, 200],
    ['the own header with its prefix', provider, '/a', { 'x-key': 'Key host-key' }, 200],
    ['the own parameter', query, '/a?x=1&api_key=host-key', {}, 200],
    ['the own parameter, encoded', query, '/a?api%5Fkey=host%2Dkey', {}, 200],
    ["another provider's header", query, '/a', { 'x-key': 'host-key' }, 401],
    ["another provider's parameter", provider, '/a?api_key=host-key', {}, 401],
    ['an unknown scheme', provider, '/a', { authorization: 'Digest host-key' }, 401],
    ['twice', provider, '/a', { authorization: 'Bearer host-key, Bearer host-key' }, 401],
    [
      'X-Outpost-Auth decides alone',
      provider,
      '/a',
      { 'x-outpost-auth': 'dummy', 'x-key': 'host-key' },
      401,
    ],
    [
      'a dummy beside X-Outpost-Auth',
      provider,
      '/a',
      { 'x-outpost-auth': 'host-key', 'x-key': 'dummy' },
      200,
    ],
    ['other case of the key', provider, '/a', { 'x-outpost-auth': 'Host-Key' }, 401],
    ['a beginning of the key', provider, '/a', { 'x-outpost-auth': 'host-ke' }, 401],
    ['nothing', provider, '/a', { 'x-outpost-auth': '' }, 401],
    ['broken base64', provider, '/a', { authorization: 'Basic %%%' }, 401],
  ])('%s', async (_title, at, path, headers, status) => {
    const { deps, sent, events } = recording(at, host)
    const response = await proxy(asked(path, { headers: headers as Record<string, string> }), deps)
    expect(response.status).toBe(status)
    const upstream = sent.map((each) => each.url + JSON.stringify([...each.headers])).join('')
    expect(upstream).not.toContain('host-key')
    expect(upstream).not.toContain('host%2Dkey')
    expect(upstream).not.toContain('dummy')
    expect(JSON.stringify(events)).not.toContain('host-key')
  })

  it('lets nobody in while the key of the host entry is not set', async () => {
    const { deps } = recording(provider, host, { keyOf: () => null })
    const response = await proxy(asked('/a', { headers: { 'x-outpost-auth': 'host-key' } }), deps)
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toBe('X-Outpost-Auth realm="outpost"')
  })

  it('takes an unknown grant token for nobody', async () => {
    const { deps } = recording(provider, aHost())
    const headers = { authorization: `Bearer op_${'a'.repeat(43)}` }
    expect((await proxy(asked('/a', { headers }), deps)).status).toBe(401)
  })
})

describe('an accepted caller', () => {
  it('who names no provider is told which there are', async () => {
    const { deps } = recording(aProvider(), aHost())
    const request = asked('/a')
    request.headers.delete('x-provider')
    expect(await (await proxy(request, deps)).json()).toEqual({
      status: 'FAILURE',
      error: {
        code: 'PROXY_UNKNOWN_PROVIDER',
        message: 'name a provider with X-Provider',
        metadata: { available: ['api'] },
      },
    })
  })

  it('is not told of providers that are not in its list', async () => {
    const { deps } = recording(aProvider(), aHost({ providers: [] }))
    const response = await proxy(asked('/a', { headers: { 'x-provider': 'x' } }), deps)
    expect(await response.json()).toMatchObject({ error: { metadata: { available: [] } } })
  })
})

describe('what cannot be done is a 502 that says nothing', () => {
  it.each<[string, Partial<Deps>, string]>([
    ['a secret that is not set', { credentials: () => opening(() => null) }, 'PROXY_AUTH_ERROR'],
    [
      'a secret that is no header value',
      { credentials: () => opening(() => new Secret('a\nb-leak')) },
      'PROXY_AUTH_ERROR',
    ],
    [
      'an upstream out of reach',
      { send: () => Promise.reject(new Error('leak at 10.0.0.1')) },
      'PROXY_UPSTREAM_ERROR',
    ],
    [
      'a bug of ours',
      {
        signerOf: () => {
          throw new TypeError('leak')
        },
      },
      'PROXY_UPSTREAM_ERROR',
    ],
  ])('%s', async (_title, over, code) => {
    const { deps, events } = recording(aProvider(), aHost(), over)
    const response = await proxy(asked('/a'), deps)
    expect(response.status).toBe(502)
    expect(response.headers.get('x-proxy-error')).toBe(code)
    const text = (await response.text()) + JSON.stringify(events)
    expect(text).not.toContain('leak')
    expect(text).not.toContain('API_TOKEN')
  })
})

describe('a call whose answer a tenant shares', () => {
  it('takes nothing of the caller upstream that is not part of the key', async () => {
    const provider = aProvider({
      default_headers: { 'x-version': '7' },
      forwarding: { allow: [aRule(['GET'], '/a', { cache_ttl: 60, cache_scope: 'tenant' })] },
    })
    const { deps, sent } = recording(provider, aHost())
    const headers = { accept: 'text/x', 'x-poison': '1', 'user-agent': 'evil', cookie: 'a=b' }
    await proxy(asked('/a', { headers }), deps)
    expect(Object.fromEntries(sent[0]?.headers ?? [])).toEqual({
      accept: 'text/x',
      authorization: `Bearer ${SENTINEL}`,
      'user-agent': 'outpost',
      'x-version': '7',
    })
  })
})

describe('a draft', () => {
  it('has the whole upstream path, prefix of the base URL included, for a scheme to sign', async () => {
    const paths: string[] = []
    const { deps, sent } = recording(aProvider({ base_url: 'https://api.test/v2' }), aHost(), {
      signerOf: () => ({
        secrets: [],
        slots: { headers: [], params: [] },
        readsBody: false,
        readsBodyOf: () => false,
        mints: false,
        rejection: { statuses: [], body: null },
        sign: ({ path }) => void paths.push(path),
      }),
    })
    await proxy(asked('/a/b?c'), deps)
    await proxy(asked('/?'), deps)
    expect(paths).toEqual(['/v2/a/b', '/v2/'])
    expect(sent.map(({ url }) => url)).toEqual([
      'https://api.test/v2/a/b?c',
      'https://api.test/v2/?',
    ])
  })
})

describe('the record', () => {
  it('of a path full of its own key takes no time', async () => {
    const { deps, events } = recording(
      aProvider({
        auth: { type: 'api_key_query', secret: { env: 'S' }, param: 'key', invalidate_on: [] },
      }),
      aHost({ auth_token_env: 'KEY' }),
      { keyOf: () => new Secret('own-key-1') },
    )
    const query = Array.from({ length: 730 }, () => 'key=own-key-1').join('&')
    await proxy(asked(`/${'own-key-1'.repeat(500)}?${query}`), deps)
    expect(events[0]?.path).toBe(`/${'[redacted]'.repeat(500)}`.slice(0, 1024))
  })

  it('keeps no key of the host entry, wherever it stood, and no beginning of one', async () => {
    const host = aHost({ auth_token_env: 'KEY' })
    const key = 'k'.repeat(80)
    const { deps, events } = recording(aProvider(), host, { keyOf: () => new Secret(key) })
    await proxy(asked(`/a/${key}`), deps)
    await proxy(asked('/a', { headers: { 'x-provider': key } }), deps)
    await proxy(asked(`/a?${key}=1`), deps)
    expect(events.map(({ status }) => status)).toEqual([401, 401, 401])
    expect(JSON.stringify(events)).not.toContain('kkkk')
    expect(events[0]).toMatchObject({ host: 'test-host', client: '203.0.113.0/24' })
  })

  it('has nothing that a terminal obeys, or that turns text around', async () => {
    const { deps, events } = recording(aProvider(), aHost())
    for (const name of [
      '\u001b[2Jx',
      '\u009b31m',
      'a\u202eb',
      'a\u2028b',
      'a\u200bb',
      '\u212Aube',
    ]) {
      await proxy(asked('/a', { headers: { 'x-provider': name } }), deps)
      await proxy(asked('/a', { headers: { 'x-provider': name, 'x-outpost-auth': 'x' } }), deps)
    }
    await proxy(asked('/a?\u009b31m\u202e=1'), deps)
    expect(events).toHaveLength(13)
    expect(JSON.stringify(events)).toMatch(/^[ -~]*$/)
    expect(JSON.stringify(events)).not.toMatch(/\\u/)
    expect(events[2]?.provider).toBe('?31m')
  })

  it('keeps names and never values', async () => {
    const { deps, events } = recording(aProvider(), aHost())
    const ghp = `ghp_${'a'.repeat(36)}`
    await proxy(
      asked(`/a/${SENTINEL}/${ghp}?token=${SENTINEL}&${ghp}=1`, { headers: { 'x-a': SENTINEL } }),
      deps,
    )
    expect(events).toEqual([
      {
        id: 'call-1',
        at: '2026-11-22T00:00:00.000Z',
        tenant: 'default',
        project: null,
        agent: null,
        host: 'test-host',
        client: '203.0.113.0/24',
        grant: null,
        provider: 'api',
        method: 'GET',
        path: '/a/[redacted]/[redacted]',
        query_keys: ['token', '[redacted]'],
        operation: null,
        category: 'default',
        sensitive: false,
        decision: 'allow',
        reason: null,
        rule: 'default',
        approval: null,
        mode: 'edge',
        secret_read: true,
        secret_exposed: false,
        echoes_scrubbed: 0,
        status: 200,
        code: null,
        cache: 'BYPASS',
        duration_ms: 0,
        bytes_in: null,
        bytes_out: null,
      },
    ])
  })
})
