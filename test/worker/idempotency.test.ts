import { expect, describe, it } from 'vitest'

import { call, expectRefusal, FROM } from './call.ts'
import type { Answer, Asking } from './call.ts'
import { refill } from './limiters.ts'

const post = (path: string, key: string, asking: Asking = {}) =>
  call(path, {
    provider: 'plain',
    method: 'POST',
    body: 'one',
    ...asking,
    headers: { 'idempotency-key': key, ...(asking.headers as Record<string, string>) },
  })
const fresh = () => crypto.randomUUID()
const hit = ({ headers }: Answer) => headers.get('x-proxy-cache')

/** The record of an answer is written beside its delivery. */
async function settled(path: string, key: string, asking: Asking = {}): Promise<Answer> {
  for (let tries = 0; tries < 40; tries += 1) {
    const answer = await post(path, key, asking)
    if (answer.headers.get('x-proxy-error') !== 'PROXY_IDEMPOTENCY_IN_FLIGHT') return answer
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error('still in flight')
}

describe('an Idempotency-Key', () => {
  it('goes upstream, and its answer is given again', async () => {
    const key = fresh()
    const first = await post('/with?status=201&line=X-A%3A%201&line=ETag%3A%20%22e%22', key)
    expect(first.seen[0]?.headers).toContainEqual(['idempotency-key', key])
    const again = await settled('/with?status=201&line=X-A%3A%201&line=ETag%3A%20%22e%22', key)
    expect([hit(again), again.status, again.text]).toEqual(['IDEMPOTENT-HIT', 201, first.text])
    expect([again.headers.get('x-a'), again.headers.get('etag')]).toEqual(['1', '"e"'])
    expect(again.seen).toEqual([])
  })

  it('lets one of 50 at once through; the others are told so, or get the same answer', async () => {
    const key = fresh()
    const answers = await Promise.all(Array.from({ length: 50 }, () => post('/slow/150', key)))
    expect(answers.flatMap(({ seen }) => seen)).toHaveLength(1)
    const others = answers.filter(({ seen }) => seen.length === 0)
    expect(others).toHaveLength(49)
    for (const each of others) {
      if (each.status === 200) expect(each.text).toBe('{"bytes":3}')
      else expectRefusal(each, 409, 'PROXY_IDEMPOTENCY_IN_FLIGHT')
    }
    expect(others.find(({ status }) => status === 409)?.headers.get('retry-after')).toBe('1')
  })

  it.each<[string, string, Asking]>([
    ['path', '/echo/other', {}],
    ['query', '/echo?x', {}],
    ['method', '/echo', { method: 'PUT' }],
    ['body', '/echo', { body: 'two' }],
    ['body that is missing', '/echo', { body: null }],
  ])('with another %s is 422', async (_title, path, asking) => {
    const key = fresh()
    await post('/echo', key)
    await settled('/echo', key)
    const answer = await post(path, key, asking)
    expectRefusal(answer, 422, 'PROXY_IDEMPOTENCY_MISMATCH')
    expect(answer.seen).toEqual([])
  })

  it.each<[string, Asking]>([
    ['caller', { from: FROM.limited }],
    ['provider', { provider: 'bearer' }],
  ])('is another one for another %s', async (_title, asking) => {
    const key = fresh()
    const free = { method: 'POST' }
    await post('/echo', key, free)
    await settled('/echo', key, free)
    const answer = await post('/echo', key, { ...free, ...asking })
    expect(hit(answer)).not.toBe('IDEMPOTENT-HIT')
  })

  it('means nothing with GET', async () => {
    const key = fresh()
    for (const _ of [1, 2]) {
      expect((await post('/echo', key, { method: 'GET', body: null })).seen).toHaveLength(1)
    }
  })

  it.each(['\ufffd', 'a\ufffdb'])('whose bytes cannot be told apart is 400', async (key) => {
    const answer = await post('/echo', key)
    expectRefusal(answer, 400, 'PROXY_BAD_REQUEST')
    expect(answer.seen).toEqual([])
  })

  it.each(['', 'x'.repeat(256)])('of wrong length is 400', async (key) => {
    const answer = await post('/echo', key)
    expectRefusal(answer, 400, 'PROXY_BAD_REQUEST')
    expect(answer.seen).toEqual([])
  })

  it.each(['x', 'x'.repeat(255)])('of 1 to 255 characters is taken', async (key) => {
    expect((await post(`/echo/${fresh()}`, key)).status).toBe(200)
  })

  it.each(['/status/500', '/status/503', '/reset-before'])(
    'is free again after %s',
    async (path) => {
      const key = fresh()
      const first = await post(path, key)
      expect(first.status).toBeGreaterThanOrEqual(500)
      const second = await settled('/echo', key)
      expect([second.status, second.seen.length]).toEqual([200, 1])
    },
  )

  it('keeps 4xx', async () => {
    const key = fresh()
    await post('/status/404', key)
    const again = await settled('/status/404', key)
    expect([hit(again), again.status, again.seen]).toEqual(['IDEMPOTENT-HIT', 404, []])
  })

  it('with an answer too large to keep: delivered, then 409, never sent twice', async () => {
    const key = fresh()
    const first = await post('/sized/1100000', key)
    expect(first.text).toHaveLength(1_100_000)
    await new Promise((resolve) => setTimeout(resolve, 150))
    const again = await post('/sized/1100000', key)
    expectRefusal(again, 409, 'PROXY_IDEMPOTENCY_IN_FLIGHT')
    expect(JSON.parse(again.text)).toMatchObject({
      error: { message: 'the answer to this key was not kept' },
    })
    expect(again.seen).toEqual([])
  })

  it('is not free after an answer that cannot be handed on: the upstream did answer', async () => {
    const key = fresh()
    const hex = new TextEncoder().encode('HTTP/1.1 999 Odd\r\ncontent-length: 2\r\n\r\nok').toHex()
    expect((await post(`/raw?hex=${hex}`, key)).status).toBe(502)
    const again = await post(`/raw?hex=${hex}`, key)
    expectRefusal(again, 409, 'PROXY_IDEMPOTENCY_IN_FLIGHT')
    expect(again.seen).toEqual([])
  })

  it('is free again after 429', async () => {
    const key = fresh()
    await refill('queued')
    expect((await post('/limited', key, { provider: 'queued' })).status).toBe(429)
    await refill('queued')
    const second = await post('/limited', key, { provider: 'queued' })
    expect([second.status, second.seen.length]).toEqual([429, 1])
    await refill('queued')
  })

  it('reads no secret for an answer that is given again', async () => {
    const key = fresh()
    await post('/echo', key, { provider: 'bearer' })
    const again = await settled('/echo', key, {
      provider: 'bearer',
      env: { BEARER_TOKEN: undefined },
    })
    expect([hit(again), again.status]).toEqual(['IDEMPOTENT-HIT', 200])
  })
})
