import { afterEach, describe, expect, it, vi } from 'vitest'

import { call, FROM } from './call.ts'
import type { Answer, Asking } from './call.ts'

afterEach(() => {
  vi.useRealTimers()
})

let made = 0
const fresh = () => `/echo/${(made += 1)}`
const get = (path: string, asking: Asking = {}) => call(path, { provider: 'cached', ...asking })
const said = ({ headers, seen }: Answer) => [headers.get('x-proxy-cache'), seen.length]
const MISS = ['MISS', 1]
const HIT = ['HIT', 0]
const BYPASS = ['BYPASS', 1]
const answered = (lines: string[]) =>
  `/with/${(made += 1)}?${lines.map((line) => `line=${encodeURIComponent(line)}`).join('&')}`

describe('the cache', () => {
  it('gives the same answer again, with its age', async () => {
    const path = answered(['ETag: "x"', 'Link: </a>; rel=next', 'Content-Type: text/x'])
    const first = await get(path)
    const second = await get(path)
    expect([said(first), said(second)]).toEqual([MISS, HIT])
    expect([second.status, second.text]).toEqual([first.status, first.text])
    for (const name of ['etag', 'link', 'content-type', 'x-proxy-provider']) {
      expect([name, second.headers.get(name)]).toEqual([name, first.headers.get(name)])
    }
    expect(second.headers.get('age')).toMatch(/^\d$/)
    expect(second.headers.get('x-outpost-request-id')).not.toBe(
      first.headers.get('x-outpost-request-id'),
    )
  })

  it('honours a lifetime to the second', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 10, 22) })
    expect(said(await get('/echo/second'))).toEqual(MISS)
    vi.setSystemTime(Date.now() + 999)
    expect(said(await get('/echo/second'))).toEqual(HIT)
    vi.setSystemTime(Date.now() + 1)
    expect(said(await get('/echo/second'))).toEqual(MISS)
  })

  it.each<[string, string, Asking]>([
    ['another caller', '', { from: FROM.reader }],
    ['another query', '?x', {}],
    ['another spelling of the path', '%41', {}],
    ['a final slash', '/', {}],
  ])('keeps %s apart', async (_title, more, asking) => {
    const path = fresh()
    await get(path)
    expect(said(await get(path + more, asking))).toEqual(MISS)
  })

  it.each<[string, Asking]>([
    ['HEAD', { method: 'HEAD' }],
    ['POST', { method: 'POST', body: 'x' }],
    ['Range', { headers: { range: 'bytes=0-1' } }],
    ['If-None-Match', { headers: { 'if-none-match': '"x"' } }],
    ['Cache-Control: no-cache', { headers: { 'cache-control': 'no-cache' } }],
  ])('is not asked for %s', async (_title, asking) => {
    const path = fresh()
    await get(path)
    expect(said(await get(path, asking))).toEqual(BYPASS)
  })

  it('is not asked where the lifetime is 0', async () => {
    expect(said(await get('/echo/never'))).toEqual(BYPASS)
    expect(said(await get('/echo/never'))).toEqual(BYPASS)
  })

  it.each([
    [['Set-Cookie: a=b']],
    [['Cache-Control: no-store']],
    [['Cache-Control: max-age=60, Private']],
    [['Vary: *']],
    [['Vary: Accept, *']],
    [['Content-Encoding: zstd', 'Content-Type: image/png']],
  ])('keeps nothing of an answer with %s', async (lines) => {
    const path = answered(lines)
    await get(path)
    expect(said(await get(path))).toEqual(MISS)
  })

  it.each([201, 204, 301, 404, 500])('keeps no %i', async (status) => {
    const path = `/status/${status}?${fresh()}`
    await get(path)
    expect(said(await get(path))).toEqual(MISS)
  })

  it('keeps what Vary names apart', async () => {
    const path = answered(['Vary: Accept-Language, X-Mode'])
    const de = { headers: { 'accept-language': 'de' } }
    const en = { headers: { 'accept-language': 'en' } }
    expect(said(await get(path, de))).toEqual(MISS)
    expect(said(await get(path, en))).toEqual(MISS)
    expect(said(await get(path, de))).toEqual(HIT)
    expect(said(await get(path, en))).toEqual(HIT)
    expect(said(await get(path))).toEqual(MISS)
  })

  it('keeps nothing that varies by bytes which cannot be told apart', async () => {
    const path = answered(['Vary: X-Mode'])
    const headers = { 'x-mode': 'a\ufffd' }
    await get(path, { headers })
    expect(said(await get(path, { headers }))).toEqual(MISS)
  })

  it('keeps nothing with more headers than an entry may hold', async () => {
    const path = answered(['Vary: X-Long'])
    const headers = { 'x-long': 'x'.repeat(20_000) }
    await get(path, { headers })
    expect(said(await get(path, { headers }))).toEqual(MISS)
  })

  it('keeps so many variants of one answer, the newest', async () => {
    const path = answered(['Vary: X-Mode'])
    const mode = (n: number) => ({ headers: { 'x-mode': `${n}` } })
    for (let n = 0; n < 20; n += 1) await get(path, mode(n))
    expect(said(await get(path, mode(19)))).toEqual(HIT)
    expect(said(await get(path, mode(4)))).toEqual(HIT)
    expect(said(await get(path, mode(3)))).toEqual(MISS)
  })

  it('keeps nothing that broke off, and nothing over a megabyte', async () => {
    await call('/truncated', { provider: 'cached' }).catch(() => {})
    const again = await call('/echo/x', { provider: 'cached' })
    expect(again.status).toBe(200)
    await get('/sized/1100000')
    expect(said(await get('/sized/1100000'))).toEqual(MISS)
    await get('/sized/1000000')
    expect(said(await get('/sized/1000000'))).toEqual(HIT)
  })
})

describe('an entry that a tenant shares', () => {
  const from = FROM.reader
  const accept = { accept: 'text/x' }
  const cached = ({ headers }: Answer) => headers.get('x-proxy-cache')

  it('is given to every caller of the tenant that asks for the same form', async () => {
    const path = `/echo/shared/${(made += 1)}`
    expect(cached(await get(path))).toBe('MISS')
    expect(cached(await get(path, { from }))).toBe('HIT')
    expect(cached(await get(path, { from, headers: accept }))).toBe('MISS')
    expect(cached(await get(path, { headers: accept }))).toBe('HIT')
  })

  it('is none for a form whose bytes cannot be told apart', async () => {
    const path = `/echo/shared/${(made += 1)}`
    const headers = { accept: 'text/\ufffd' }
    expect(cached(await get(path, { headers }))).toBe('BYPASS')
    expect(cached(await get(path, { headers, from }))).toBe('BYPASS')
  })
})
