import { beforeEach, describe, expect, it } from 'vitest'

import { call, expectRefusal, FROM } from './call.ts'
import { refill } from './limiters.ts'

beforeEach(async () => {
  await Promise.all([refill('counted'), refill('counted', 'slowly'), refill('counted', 'free')])
  await refill('queued')
})

const get = (path: string, provider = 'counted', from: string = FROM.writer) =>
  call(path, { provider, from })

describe('limits', () => {
  it('are shared by all callers and exact under concurrency', async () => {
    const from = [FROM.writer, FROM.reader]
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, n) => get('/echo', 'counted', from[n % 2])),
    )
    const passed = answers.filter(({ status }) => status === 200)
    const refused = answers.filter(({ status }) => status === 429)
    expect([passed.length, refused.length]).toEqual([3, 27])
    for (const each of passed) expect(each.seen).toHaveLength(1)
    for (const each of refused) expect(each.seen).toEqual([])
  })

  it('say what is left, as the current draft writes it', async () => {
    const { headers } = await get('/echo')
    expect(headers.get('ratelimit-policy')).toBe('"60s";q=3;w=60')
    expect(headers.get('ratelimit')).toBe('"60s";r=2;t=20')
  })

  it('refuse with the time to wait, and consume nothing', async () => {
    for (const _ of [1, 2, 3]) await get('/echo')
    const answer = await get('/echo')
    expectRefusal(answer, 429, 'PROXY_RATE_LIMITED')
    const { retry_after } = JSON.parse(answer.text).error.metadata as { retry_after: number }
    expect(retry_after).toBeGreaterThan(15)
    expect(retry_after).toBeLessThanOrEqual(20)
    expect(answer.headers.get('retry-after')).toBe(String(Math.ceil(retry_after)))
    expect(answer.headers.get('ratelimit')).toMatch(/^"60s";r=0;t=\d+$/)
  })

  it('count each category by itself, and not at all where it has no window', async () => {
    expect((await get('/slowly/1')).status).toBe(200)
    expect((await get('/slowly/2')).status).toBe(429)
    expect((await get('/echo')).status).toBe(200)
    for (const _ of [1, 2, 3, 4, 5]) {
      const answer = await get('/free/x')
      expect([answer.status, answer.headers.get('ratelimit')]).toEqual([200, null])
    }
  })

  it('let a call wait for its turn, in order', async () => {
    const began = Date.now()
    const ended: number[] = []
    await Promise.all(
      [0, 1, 2, 3].map(async (n) => {
        await new Promise((resolve) => setTimeout(resolve, n * 40)) // so that they arrive in order
        expect((await get('/echo', 'queued')).status).toBe(200)
        ended.push(n)
      }),
    )
    expect(Date.now() - began).toBeGreaterThanOrEqual(600)
    expect(ended).toEqual([0, 1, 2, 3])
  })

  it('refuse who would wait longer than the provider lets', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => get('/echo', 'queued')))
    const passed = answers.filter(({ status }) => status === 200).length
    expect(passed).toBeGreaterThanOrEqual(10)
    expect(passed).toBeLessThanOrEqual(12)
  })
})

describe("the upstream's 429", () => {
  it('cools its category down, for as long as it says', async () => {
    expect((await get('/limited?after=30')).headers.get('x-proxy-error')).toBe(
      'PROXY_UPSTREAM_RATE_LIMITED',
    )
    const answer = await get('/echo')
    expectRefusal(answer, 429, 'PROXY_RATE_LIMITED')
    expect(answer.headers.get('retry-after')).toBe('30')
    expect(answer.seen).toEqual([])
    expect((await get('/slowly/x')).status).toBe(200)
  })

  it('as an HTTP date, and no longer than ten minutes', async () => {
    const date = new Date(Date.now() + 3_600_000).toUTCString()
    await get(`/limited?after=${encodeURIComponent(date)}`)
    expect((await get('/echo')).headers.get('retry-after')).toBe('600')
  })

  it('without Retry-After cools down for a second', async () => {
    await get('/limited')
    expect((await get('/echo')).headers.get('retry-after')).toBe('1')
  })

  it('is not forgotten for a shorter one', async () => {
    await get('/limited?after=60')
    await call('/limited?after=1', { provider: 'counted' })
    expect((await get('/echo')).headers.get('retry-after')).toBe('60')
  })

  it('works without windows', async () => {
    expect((await get('/free/limited')).status).toBe(200)
    expect((await call('/limited/free?after=20', { provider: 'unlimited' })).status).toBe(429)
    expectRefusal(await call('/echo', { provider: 'unlimited' }), 429, 'PROXY_RATE_LIMITED')
  })
})
