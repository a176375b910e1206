import { once } from 'node:events'
import { request } from 'node:http'
import type { IncomingMessage, RequestOptions } from 'node:http'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { json, text } from 'node:stream/consumers'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { demoKey, startDemo } from '../../scripts/demo-upstream.ts'
import type { Demo } from '../../scripts/demo-upstream.ts'
import { newKey } from '../../scripts/dev-vars.ts'

const key = 'sentinel-of-the-demo'
let demo: Demo

beforeAll(async () => {
  demo = await startDemo({ port: 0, key })
})

afterAll(() => demo.close())

interface Shown {
  readonly path: string
  readonly credential: string
  readonly headers: readonly string[]
  readonly body: string
  readonly body_bytes: number
}

async function send(
  path: string,
  options: RequestOptions = {},
  body = '',
): Promise<IncomingMessage> {
  const sent = request(demo.url, { ...options, path, agent: false })
  sent.end(body)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  return response
}

async function shown(path: string, options: RequestOptions = {}, body = ''): Promise<Shown> {
  return (await json(await send(path, options, body))) as Shown
}

describe('what it shows', () => {
  it('has the target, every header line and the body as they came', async () => {
    const headers = ['host', 'x', 'X-Two', '1', 'x-two', '2', 'content-length', '2']
    const seen = await shown(
      '/a/../b//c?q=%41',
      { method: 'POST', headers },
      'hé'.slice(0, 1) + '!',
    )
    expect(seen).toMatchObject({ path: '/a/../b//c?q=%41', body: 'h!', body_bytes: 2 })
    expect(seen.headers.slice(1, 3)).toEqual(['X-Two: 1', 'x-two: 2'])
  })

  it('cuts a long body, and counts all of it', async () => {
    const seen = await shown('/x', { method: 'POST' }, 'é'.repeat(100_000))
    expect(seen.body_bytes).toBe(200_000)
    expect(seen.body.length).toBeLessThanOrEqual(65_536)
  })

  it.each([
    { authorization: undefined, credential: 'missing' },
    { authorization: 'Bearer guess', credential: 'wrong' },
    { authorization: 'Basic abc', credential: 'wrong' },
    { authorization: `Bearer ${key}`, credential: 'the real key' },
    { authorization: `Bearer ${demoKey(newKey())}`, credential: 'the real key' },
    { authorization: `Bearer ${newKey()}`, credential: 'wrong' },
  ])('calls $authorization $credential', async ({ authorization, credential }) => {
    const seen = await shown('/x', { headers: authorization ? { authorization } : {} })
    expect(seen.credential).toBe(credential)
  })

  it.each([key, demoKey(newKey())])('never shows the key, wherever it stands', async (secret) => {
    const headers = { authorization: `Bearer ${secret}`, 'x-other': `a${secret}b` }
    const before = 'x'.repeat(65_536 - 10)
    const response = await send(
      `/${secret}?k=${secret}`,
      { method: 'POST', headers },
      before + secret,
    )
    const answer = await text(response)
    expect(answer).not.toContain(secret)
    expect(answer).not.toContain(secret.slice(0, 10))
    expect(answer).toContain(`Bearer <the real key: ${secret.length} characters>`)
  })
})

describe('routes', () => {
  it.each([
    { path: '/hello', method: 'GET', status: 200 },
    { path: '/orders', method: 'POST', status: 201 },
    { path: '/status/418', method: 'GET', status: 418 },
    { path: '/status/999', method: 'GET', status: 200 },
    { path: '/redirect', method: 'GET', status: 302 },
    { path: '/slow?ms=5', method: 'GET', status: 200 },
    { path: '//', method: 'GET', status: 200 },
  ])('$method $path: $status', async ({ path, method, status }) => {
    const response = await send(path, { method })
    response.resume()
    expect(response.statusCode).toBe(status)
  })

  it('redirects to itself and sets two cookies', async () => {
    const [redirect, login] = await Promise.all([send('/redirect'), send('/login')])
    expect(redirect.resume().headers.location).toBe(`${demo.url}/hello`)
    expect(login.resume().headers['set-cookie']).toHaveLength(2)
  })

  it('sends as many bytes as asked for', async () => {
    const response = await send('/bytes/100000')
    expect(await text(response)).toHaveLength(100_000)
  })

  it('sends five events', async () => {
    const response = await send('/events')
    expect((await text(response)).match(/^data: /gm)).toHaveLength(5)
  })
})

describe('a port that is taken', () => {
  it('is shared with another demo upstream, and taken over', async () => {
    const first = await startDemo({ port: 0, key: 'first' })
    const port = Number(new URL(first.url).port)
    const second = await startDemo({ port, key: 'second' })
    expect(second).toMatchObject({ url: first.url, shared: true })
    await first.close()
    const answers = () =>
      fetch(second.url).then(
        ({ status }) => status,
        () => 0,
      )
    await expect.poll(answers, { timeout: 4000 }).toBe(200)
    await second.close()
  })

  it('is not shared with anything else', async () => {
    const other = createServer((socket) =>
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'),
    )
    await once(other.listen(0, '127.0.0.1'), 'listening')
    const { port } = other.address() as AddressInfo
    await expect(startDemo({ port })).rejects.toThrow(`port ${port}`)
    other.close()
  })
})
