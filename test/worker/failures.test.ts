import { describe, expect, it } from 'vitest'

import { call, expectRefusal, only, open } from './call.ts'

/** A path that is answered with these bytes; the connection ends with them, and says so. */
function rawly(first: string, ...lines: string[]): string {
  const text = [first, 'connection: close', ...lines].join('\r\n')
  return `/raw?hex=${new TextEncoder().encode(text).toHex()}`
}

describe('an upstream that fails is a 502 that says nothing', () => {
  it.each([
    ['nobody listens', '/echo', 'gone'],
    ['reset before headers', '/reset-before', 'bearer'],
    ['closed before headers', '/close-before', 'bearer'],
    ['closed in the headers', rawly('HTTP/1.1 200 OK', 'content-le'), 'bearer'],
    ['status 600', rawly('HTTP/1.1 600 Odd', 'content-length: 2', '', 'ok'), 'bearer'],
    ['status 999', rawly('HTTP/1.1 999 Odd', 'content-length: 2', '', 'ok'), 'bearer'],
    ['status 199', rawly('HTTP/1.1 199 Odd', 'content-length: 2', '', 'ok'), 'bearer'],
    ['status 101', rawly('HTTP/1.1 101 Switching', 'upgrade: other', '', ''), 'bearer'],
    ['status 0', rawly('HTTP/1.1 0 Odd', 'content-length: 2', '', 'ok'), 'bearer'],
    ['status 1000', rawly('HTTP/1.1 1000 Odd', 'content-length: 2', '', 'ok'), 'bearer'],
    ['status of letters', rawly('HTTP/1.1 abc', 'content-length: 2', '', 'ok'), 'bearer'],
    ['no HTTP', rawly('SSH-2.0-OpenSSH_9.9', '', ''), 'bearer'],
    ['a header without a colon', rawly('HTTP/1.1 200 OK', 'no colon', '', 'ok'), 'bearer'],
    ['a header name with a space', rawly('HTTP/1.1 200 OK', 'a b: 1', '', 'ok'), 'bearer'],
    ['a NUL in a header', rawly('HTTP/1.1 200 OK', 'x: a\u0000b', '', 'ok'), 'bearer'],
    ['a length that is none', rawly('HTTP/1.1 200 OK', 'content-length: x', '', 'ok'), 'bearer'],
    [
      'two lengths',
      rawly('HTTP/1.1 200 OK', 'content-length: 1', 'content-length: 2', '', 'ok'),
      'bearer',
    ],
    [
      'a coding that the body is not in, in chunks',
      rawly(
        'HTTP/1.1 200 OK',
        'content-encoding: gzip',
        'transfer-encoding: chunked',
        '',
        '8',
        'not gzip',
        '0',
        '',
      ),
      'bearer',
    ],
    ['a header of 5 MB', '/bomb/5000000', 'bearer'],
  ])('%s', async (_title, path, provider) => {
    const answer = await call(path, { provider })
    expectRefusal(answer, 502, 'PROXY_UPSTREAM_ERROR')
    expect(answer.headers.get('cache-control')).toBe('no-store')
  })

  it('a swarm of headers is passed on or refused, nothing else', async () => {
    const answer = await call('/swarm/5000', { provider: 'bearer' })
    expect([200, 502]).toContain(answer.status)
  })

  it.each(['/reset-mid', '/truncated-chunked', '/reset-chunked'])(
    '%s does not end as if it were whole',
    async (path) => {
      const { response } = await open(path, { provider: 'bearer' })
      expect(response.status).toBe(200)
      await expect(response.text()).rejects.toThrow()
    },
  )

  it('a short answer that breaks off at once is a 502', async () => {
    expectRefusal(await call('/truncated', { provider: 'bearer' }), 502, 'PROXY_UPSTREAM_ERROR')
  })

  it('a short answer that stops coming does not keep back its head', async () => {
    const { response } = await open('/stalled', { provider: 'bearer' })
    expect(response.status).toBe(200)
    await response.body?.cancel()
  })

  it('works again afterwards', async () => {
    expect((await call('/echo', { provider: 'bearer' })).status).toBe(200)
  })
})

function dripping(parts: number, everyMs: number, part = 'x'): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(part)
  let sent = 0
  return new ReadableStream({
    async pull(controller) {
      if (sent === parts) return controller.close()
      await scheduler.wait(everyMs)
      sent += 1
      controller.enqueue(bytes)
    },
  })
}

function ofLength(stream: ReadableStream<Uint8Array>, length: number): ReadableStream<Uint8Array> {
  return stream.pipeThrough(new FixedLengthStream(length))
}

/** `hasty` waits for 250 ms. */
describe('timeout_ms', () => {
  it.each(['/never', '/slow/700'])('%s is a 504', async (path) => {
    const answer = await call(path, { provider: 'hasty' })
    expectRefusal(answer, 504, 'PROXY_UPSTREAM_TIMEOUT')
  })

  it('a call that is in time is not touched', async () => {
    expect((await call('/slow/20', { provider: 'hasty' })).status).toBe(200)
  })

  it('does not cut an answer that flows', async () => {
    const { text } = await call('/events/12', { provider: 'hasty' })
    expect(text.match(/data: \d+/g)).toHaveLength(12)
  })

  it('does not cut an upload in chunks that flows', async () => {
    const asking = { provider: 'hasty', method: 'POST', body: dripping(8, 80) }
    const answer = await call('/echo', asking)
    expect([answer.status, only(answer).bytes]).toEqual([200, 8])
  })

  it('does not cut a small upload of known length that flows', async () => {
    const asking = { provider: 'hasty', method: 'POST', body: ofLength(dripping(8, 80), 8) }
    const answer = await call('/echo', asking)
    expect([answer.status, only(answer).bytes]).toEqual([200, 8])
  })

  it('does not cut a large upload of known length that flows', async () => {
    const length = 8 * 300_000
    const body = ofLength(dripping(8, 80, 'x'.repeat(300_000)), length)
    const answer = await call('/echo', { provider: 'hasty', method: 'POST', body })
    expect([answer.status, only(answer).bytes]).toEqual([200, length])
  })
})

/** `small` takes 1 000 bytes. */
describe('max_body_bytes', () => {
  it.each([1, 999, 1000])('%i bytes pass', async (length) => {
    const body = 'x'.repeat(length)
    for (const each of [body, new Blob([body]).stream()]) {
      const answer = await call('/echo', { provider: 'small', method: 'POST', body: each })
      expect([answer.status, only(answer).bytes]).toEqual([200, length])
    }
  })

  it('a larger Content-Length is 413 before anything is sent', async () => {
    const body = 'x'.repeat(1001)
    const answer = await call('/echo', { provider: 'small', method: 'POST', body })
    expectRefusal(answer, 413, 'PROXY_BODY_TOO_LARGE')
    expect(JSON.parse(answer.text)).toMatchObject({ error: { metadata: { limit: 1000 } } })
    expect(answer.seen).toEqual([])
  })

  it.each([
    ['at once', () => dripping(1, 0, 'x'.repeat(1001))],
    ['bit by bit', () => dripping(6, 10, 'x'.repeat(200))],
  ])('a larger stream, %s, is 413, and the upstream never sees its end', async (_title, body) => {
    const answer = await call('/echo', { provider: 'small', method: 'POST', body: body() })
    expectRefusal(answer, 413, 'PROXY_BODY_TOO_LARGE')
    for (const { complete, bytes } of answer.seen) {
      expect(complete).toBe(false)
      expect(bytes).toBeLessThanOrEqual(1000)
    }
  })

  it('a larger body that would be signed is 413 before anything is sent', async () => {
    for (const body of ['x'.repeat(1001), dripping(6, 5, 'x'.repeat(200))]) {
      const answer = await call('/echo', { provider: 'hmacbody', method: 'POST', body })
      expectRefusal(answer, 413, 'PROXY_BODY_TOO_LARGE')
      expect(answer.seen).toEqual([])
    }
  })
})

describe('an upstream that does not want the whole body', () => {
  const body = () => 'x'.repeat(3_000_000)

  it('and breaks off is a 502, not a fault of the body', async () => {
    const answer = await call('/reset-before', { provider: 'plain', method: 'POST', body: body() })
    expectRefusal(answer, 502, 'PROXY_UPSTREAM_ERROR')
  })

  it('and answers early is heard', async () => {
    const answer = await call('/early', { provider: 'plain', method: 'POST', body: body() })
    expect([answer.status, answer.text]).toEqual([400, '{"early":true}'])
  })
})
