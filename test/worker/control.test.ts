import { describe, expect, it } from 'vitest'

import { OPERATORS, SECRETS } from '../fixtures/secrets.ts'
import { call, expectRefusal, FROM, only } from './call.ts'
import type { Asking } from './call.ts'

const ADMIN = { authorization: `Bearer ${OPERATORS.OUTPOST_ADMIN_TOKEN}` }
const VIEWER = { authorization: `Bearer ${OPERATORS.OUTPOST_VIEWER_TOKEN}` }
const NOBODY = { OUTPOST_ADMIN_TOKEN: undefined, OUTPOST_VIEWER_TOKEN: '' }

describe('the endpoints of the proxy itself', () => {
  it('/healthz is open, and names providers to an accepted caller alone', async () => {
    const stranger = await call('/healthz', { from: FROM.stranger })
    expect([stranger.status, JSON.parse(stranger.text)]).toEqual([200, { status: 'ok' }])
    const noKey = await call('/healthz', { from: FROM.keyed })
    expect([noKey.status, JSON.parse(noKey.text)]).toEqual([200, { status: 'ok' }])
    const caller = await call('/healthz?deep=1', { from: FROM.limited })
    expect(JSON.parse(caller.text)).toEqual({ status: 'ok', providers: ['bearer', 'plain'] })
    expect(caller.headers.get('cache-control')).toBe('no-store')
    expect(caller.headers.get('x-outpost-request-id')).toMatch(/^[0-9A-Z]{26}$/)
  })

  it('say nothing of providers where anybody may come, and only a grant names who it is', async () => {
    const from = FROM.fleet
    expect(JSON.parse((await call('/healthz', { from })).text)).toEqual({ status: 'ok' })
    expectRefusal(await call('/providers', { from }), 403, 'PROXY_GRANT_REQUIRED')
    for (const provider of ['plain', 'not-there']) {
      const answer = await call('/x', { from, provider })
      expectRefusal(answer, 403, 'PROXY_GRANT_REQUIRED')
      expect(answer.text).not.toContain('available')
    }
  })

  it('/providers is for accepted callers', async () => {
    expectRefusal(await call('/providers', { from: FROM.stranger }), 403, 'PROXY_HOST_DENIED')
    expectRefusal(await call('/providers', { from: FROM.keyed }), 401, 'PROXY_AUTH_REQUIRED')
    const headers = { authorization: `Bearer ${SECRETS.AGENT_KEY}` }
    expect((await call('/providers', { from: FROM.keyed, headers })).status).toBe(200)
    const { status, text } = await call('/providers', { from: FROM.limited })
    expect(status).toBe(200)
    expect(JSON.parse(text)).toEqual({
      providers: [
        { name: 'bearer', base_url: expect.stringMatching(/\/base$/), description: '' },
        { name: 'plain', base_url: expect.stringMatching(/\/base$/), description: 'No credential' },
      ],
    })
  })

  it('/openapi.json and /docs are open', async () => {
    const openapi = await call('/openapi.json', { from: FROM.stranger })
    expect(JSON.parse(openapi.text)).toMatchObject({ openapi: '3.1.0' })
    const docs = await call('/docs', { from: FROM.stranger })
    expect(docs.headers.get('content-type')).toMatch(/^text\/html/)
    expect(docs.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(docs.headers.get('x-content-type-options')).toBe('nosniff')
  })

  it.each(['/healthz', '/providers', '/openapi.json', '/docs'])('HEAD %s', async (path) => {
    const [get, head] = [await call(path), await call(path, { method: 'HEAD' })]
    expect([head.status, head.text]).toEqual([200, ''])
    expect(head.headers.get('content-type')).toBe(get.headers.get('content-type'))
  })

  it.each<[string, Asking]>([
    ['a header', { provider: 'plain' }],
    ['X-Broker', { headers: { 'x-broker': 'plain' } }],
    ['a host name', { origin: 'https://plain.o.test', env: { OUTPOST_DOMAIN: 'o.test' } }],
  ])('are forwarded when %s names a provider', async (_title, asking) => {
    for (const path of ['/healthz', '/providers', '/openapi.json', '/docs']) {
      expect(only(await call(path, asking)).target).toBe(`/base${path}`)
    }
  })

  it('are forwarded under a prefix, and are our own with DEFAULT_PROVIDER', async () => {
    expect(only(await call('/p/plain/healthz')).target).toBe('/base/healthz')
    const own = await call('/healthz', { env: { DEFAULT_PROVIDER: 'plain' } })
    expect([own.status, own.seen]).toEqual([200, []])
  })

  it('are only these: no other spelling, no other method', async () => {
    for (const path of [
      '/healthz/',
      '/Healthz',
      '/%68ealthz',
      '//healthz',
      '/healthz;a',
      '/docs/x',
    ]) {
      expectRefusal(await call(path), 400, 'PROXY_UNKNOWN_PROVIDER')
    }
    expectRefusal(await call('/healthz', { method: 'POST' }), 400, 'PROXY_UNKNOWN_PROVIDER')
  })

  it('an ambiguous name is a refusal there too', async () => {
    const headers = { 'x-provider': 'plain', 'x-broker': 'bearer' }
    expectRefusal(await call('/healthz', { headers }), 400, 'PROXY_AMBIGUOUS_PROVIDER')
  })
})

describe("the operator's paths", () => {
  it.each<[string, Record<string, string>]>([
    ['no token', {}],
    ['a wrong token', { authorization: 'Bearer wrong' }],
    ['an empty token', { authorization: 'Bearer ' }],
    ['another scheme', { authorization: ADMIN.authorization.replace('Bearer', 'Basic') }],
    ["an agent's key", { authorization: `Bearer ${SECRETS.AGENT_KEY}` }],
    ['the token in another header', { 'x-outpost-auth': OPERATORS.OUTPOST_ADMIN_TOKEN }],
  ])('%s: 401', async (_title, headers) => {
    for (const path of ['/_outpost/status', '/_outpost/nothing', '/_outpost/', '/_outpost']) {
      const answer = await call(path, { headers })
      expectRefusal(answer, 401, 'PROXY_AUTH_REQUIRED')
      expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="outpost operator"')
    }
  })

  it('are closed, 503, while neither token is configured', async () => {
    for (const headers of [{}, ADMIN, { authorization: 'Bearer undefined' }]) {
      const answer = await call('/_outpost/status', { headers, env: NOBODY })
      expectRefusal(answer, 503, 'PROXY_CONTROL_CLOSED')
    }
  })

  it('a viewer reads and does not write', async () => {
    expect((await call('/_outpost/status', { headers: VIEWER })).status).toBe(200)
    expect((await call('/_outpost/status', { headers: VIEWER, method: 'HEAD' })).status).toBe(200)
    const asking = { method: 'POST', headers: VIEWER }
    expectRefusal(await call('/_outpost/status', asking), 403, 'PROXY_OPERATOR_DENIED')
    const admin = { method: 'POST', headers: ADMIN }
    expectRefusal(await call('/_outpost/status', admin), 405, 'PROXY_METHOD_DENIED')
    expectRefusal(await call('/_outpost/nothing', { headers: VIEWER }), 404, 'PROXY_NO_ROUTE')
  })

  it('are never forwarded, whatever provider is named', async () => {
    const answer = await call('/_outpost/status', { provider: 'plain' })
    expectRefusal(answer, 401, 'PROXY_AUTH_REQUIRED')
    expect(answer.seen).toEqual([])
  })
})

describe('/_outpost/status', () => {
  it('names what is missing, and no value', async () => {
    const { status, text } = await call('/_outpost/status', { headers: ADMIN })
    expect(status).toBe(200)
    const found = JSON.parse(text) as { providers: object[]; hosts: object[]; problems: string[] }
    expect(found.providers).toContainEqual({
      name: 'nosecret',
      tenant: null,
      alias_of: null,
      base_url: expect.any(String),
      mode: 'transparent',
      auth: 'bearer_static',
      ready: false,
      missing_secrets: ['UNSET_SECRET'],
    })
    expect(found.providers).toContainEqual(
      expect.objectContaining({ name: 'bearer_acme', tenant: 'acme', alias_of: 'bearer' }),
    )
    expect(found.providers).toContainEqual(
      expect.objectContaining({ name: 'ghost', ready: true, missing_secrets: [] }),
    )
    expect(found.hosts).toContainEqual(expect.objectContaining({ id: 'keyed', key: 'set' }))
    expect(found.problems).toEqual([
      'nosecret: UNSET_SECRET is not set: its calls get 502 PROXY_AUTH_ERROR',
      'host keyless: UNSET_KEY is not set: its calls get 401',
    ])
  })

  it('says why nobody is let in', async () => {
    const env = { CLIENT_IP_SOURCE: '', TRUSTED_PROXIES: '10.0.0.0/33' }
    const { text } = await call('/_outpost/status', { headers: VIEWER, env })
    expect(JSON.parse(text)).toMatchObject({
      client_ip_source: null,
      problems: expect.arrayContaining([
        'CLIENT_IP_SOURCE is not set: nobody is let in',
        'TRUSTED_PROXIES has an error: nobody is let in',
      ]),
    })
  })
})
