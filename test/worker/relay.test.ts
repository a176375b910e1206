import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'

import { SECRETS } from '../fixtures/secrets.ts'
import { call, expectRefusal, names, only, open, values } from './call.ts'
import { refill } from './limiters.ts'

describe('status and reason', () => {
  it.each([200, 201, 202, 226, 299, 300, 400, 402, 404, 409, 418, 451, 500, 502, 503, 504, 599])(
    '%i goes through with its body',
    async (status) => {
      const answer = await call(`/status/${status}`, { provider: 'bearer' })
      expect([answer.status, answer.statusText, answer.text]).toEqual([
        status,
        'Some Reason',
        'a body',
      ])
      expect(answer.headers.get('x-from')).toBe('upstream')
      expect(answer.headers.has('x-proxy-error')).toBe(false)
    },
  )

  it.each([204, 205, 304])('%i goes through without a body', async (status) => {
    const answer = await call(`/status/${status}`, { provider: 'bearer' })
    expect([answer.status, answer.text]).toEqual([status, ''])
    expect(answer.headers.get('etag')).toBe('"one"')
    expect(answer.headers.get('x-from')).toBe('upstream')
  })
})

describe('methods and bodies', () => {
  it.each(['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND', 'QUERY'])(
    '%s',
    async (method) => {
      const answer = await call('/echo', { provider: 'plain', method })
      expect(answer.status).toBe(200)
      expect(only(answer).method).toBe(method)
      expect(only(answer).bytes).toBe(0)
    },
  )

  it('TRACE is 405', async () => {
    const answer = await call('/echo', { provider: 'plain', method: 'TRACE' })
    expectRefusal(answer, 405, 'PROXY_METHOD_DENIED')
    expect(answer.seen).toEqual([])
  })

  it('HEAD keeps the length', async () => {
    const answer = await call('/sized/5000', { provider: 'plain', method: 'HEAD' })
    expect([answer.status, answer.text]).toEqual([200, ''])
    expect(answer.headers.get('content-length')).toBe('5000')
  })

  it('a range of a thing', async () => {
    const answer = await call('/range', { provider: 'plain', headers: { range: 'bytes=4-7' } })
    expect([answer.status, answer.text]).toEqual([206, 'work'])
    expect(answer.headers.get('content-range')).toMatch(/^bytes 4-7\/\d+$/)
    expect(values(only(answer), 'range')).toEqual(['bytes=4-7'])
  })

  it('a body with its length', async () => {
    const body = 'ü'.repeat(700)
    const headers = { 'content-type': 'text/plain;charset=utf-8' }
    const received = only(
      await call('/echo', { provider: 'bearer', method: 'POST', body, headers }),
    )
    expect(received).toMatchObject({ bytes: 1400, complete: true })
    expect(values(received, 'content-length')).toEqual(['1400'])
    expect(values(received, 'transfer-encoding')).toEqual([])
    expect(names(received)).toEqual(['authorization', 'content-type'])
  })

  it('a body without a length', async () => {
    const body = new Blob(['one', 'two']).stream().pipeThrough(new TransformStream())
    const received = only(await call('/echo', { provider: 'bearer', method: 'PUT', body }))
    expect(received).toMatchObject({ bytes: 6, complete: true, text: 'onetwo' })
    expect(values(received, 'transfer-encoding')).toEqual(['chunked'])
  })

  it('a megabyte and more, byte for byte', async () => {
    const body = new Uint8Array(3 << 20).map((_, n) => (n * 31) % 251)
    const received = only(await call('/echo', { provider: 'bearer', method: 'POST', body }))
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', body))
    expect(received).toMatchObject({ bytes: 3 << 20, sha256: digest.toHex() })
    expect(values(received, 'content-length')).toEqual([String(3 << 20)])
  })

  it('an answer in chunks', async () => {
    const { text } = await call('/chunked/50', { provider: 'bearer' })
    expect(text).toBe(Array.from({ length: 50 }, (_, n) => `chunk ${n}\n`).join(''))
  })

  it('events one by one', async () => {
    const { response } = await open('/events/3', { provider: 'bearer' })
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    const parts: string[] = []
    const stream = response.body?.pipeThrough(new TextDecoderStream()) ?? []
    for await (const part of stream) parts.push(part)
    expect(parts).toEqual(['data: 1\n\n', 'data: 2\n\n', 'data: 3\n\n'])
  })
})

describe('redirects are never followed', () => {
  const base = `${env.UPSTREAM}/base`
  const to = (location: string, status = 302): string =>
    `/redirect?status=${status}&to=${encodeURIComponent(location)}`

  it.each([
    ['inside the base', `${base}/next?a=1#part`, '/next?a=1#part'],
    ['the base itself', base, '/'],
    ['the base with a slash', `${base}/`, '/'],
    ['the base with a query', `${base}?a=1`, '/?a=1'],
    ['relative', 'next/%41', '/next/%41'],
    ['relative, with dots', './a/../b', '/b'],
    ['an absolute path inside', '/base/x', '/x'],
    ['a query alone', '?page=2', '/redirect?page=2'],
    ['inside, with a user', base.replace('http://', 'http://user:pass@'), '/'],
    ['beside the base', `${env.UPSTREAM}/baseball`, `${env.UPSTREAM}/baseball`],
    ['outside the base', '/up', `${env.UPSTREAM}/up`],
    ['above the base', '../../up', `${env.UPSTREAM}/up`],
    ['another host', 'https://other.test/x?y#z', 'https://other.test/x?y#z'],
    ['another scheme', base.replace('http', 'https'), base.replace('http', 'https')],
    ['another host, no scheme', '//other.test/x', 'http://other.test/x'],
    ['another host, with a user', 'https://user:pass@other.test/', 'https://other.test/'],
  ])('%s', async (_title, location, expected) => {
    for (const status of [301, 302, 303, 307, 308, 201]) {
      const answer = await call(to(location, status), { provider: 'bearer', method: 'POST' })
      expect(answer.status).toBe(status)
      expect(answer.headers.get('location')).toBe(expected)
      expect(answer.seen).toHaveLength(1)
    }
  })

  it('inside the base, for a caller who named the provider by prefix', async () => {
    const answer = await call(`/p/Bearer${to(`${base}/next?a=1`)}`)
    expect(answer.headers.get('location')).toBe('/p/bearer/next?a=1')
  })

  it('repeats no credential of the query', async () => {
    const answer = await call('/redirect-repeat?page=2', { provider: 'keyquery' })
    expect(only(answer).target).toContain('&api_key=sentinel')
    expect(answer.headers.get('location')).toBe('/next?page=2')
  })

  it.each([
    ['in a path', `https://other.test/${SECRETS.BEARER_TOKEN}/x`],
    ['in a fragment', `/base/x#access_token=${SECRETS.BEARER_TOKEN}`],
    ['in a text that is no URL', `http://[${SECRETS.BEARER_TOKEN}`],
  ])('repeats no credential %s', async (_title, location) => {
    const answer = await call(to(location).replaceAll(SECRETS.BEARER_TOKEN, 'TOKEN'), {
      provider: 'bearer',
    })
    expect(answer.headers.get('location')).toContain('TOKEN')
    const echoed = await call(to(location), { provider: 'bearer' })
    expect(echoed.headers.get('location')).toContain('[redacted]')
  })
})

describe('429 of the upstream', () => {
  // Each of them cools its provider down.
  beforeEach(() => Promise.all([refill('bearer'), refill('envelope')]))

  it('passes, marked, with a Retry-After', async () => {
    const answer = await call('/limited', { provider: 'bearer' })
    expect([answer.status, answer.text]).toEqual([429, '{"error":"slow down"}'])
    expect(answer.headers.get('x-proxy-error')).toBe('PROXY_UPSTREAM_RATE_LIMITED')
    expect(answer.headers.get('retry-after')).toBe('1')
    expect(answer.headers.get('x-proxy-provider')).toBe('bearer')
  })

  it.each(['7', '0', 'Wed, 21 Oct 2026 07:28:00 GMT'])(
    'keeps its Retry-After: %s',
    async (after) => {
      const path = `/limited?after=${encodeURIComponent(after)}`
      const answer = await call(path, { provider: 'bearer' })
      expect(answer.headers.get('retry-after')).toBe(after)
      await refill('envelope')
      const enveloped = await call(path, { provider: 'envelope' })
      expect(enveloped.headers.get('retry-after')).toBe(after)
    },
  )

  it('goes into an envelope where the provider says so', async () => {
    const answer = await call('/limited?after=7', { provider: 'envelope' })
    expectRefusal(answer, 429, 'PROXY_UPSTREAM_RATE_LIMITED')
    expect(JSON.parse(answer.text)).toMatchObject({
      error: { metadata: { retry_after: 7, upstream_body: '{"error":"slow down"}' } },
    })
    await refill('envelope')
    const without = await call('/limited', { provider: 'envelope' })
    expect(JSON.parse(without.text)).toMatchObject({ error: { metadata: { retry_after: 1 } } })
    expect(without.headers.get('retry-after')).toBe('1')
  })
})

describe('an answer that a browser would show', () => {
  it.each(['document', 'iframe', 'frame', 'embed', 'object'])(
    '%s: runs no script under our origin, where an operator may be signed in',
    async (dest) => {
      const answer = await call('/status/200', {
        provider: 'bearer',
        headers: { 'sec-fetch-dest': dest },
      })
      expect(answer.headers.get('content-security-policy')).toContain('sandbox')
    },
  )

  it.each([undefined, 'empty', 'script'])('but not for %s', async (dest) => {
    const headers: HeadersInit = dest === undefined ? {} : { 'sec-fetch-dest': dest }
    const answer = await call('/status/200', { provider: 'bearer', headers })
    expect(answer.headers.has('content-security-policy')).toBe(false)
  })
})
