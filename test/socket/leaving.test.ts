import { setTimeout as delay } from 'node:timers/promises'

import { describe, expect, it } from 'vitest'

import { outpost } from './outpost.ts'
import { head, KEY, Wire } from './wire.ts'

const at = outpost()

function post(path: string, key: string, provider = 'plain'): string {
  return head(
    `POST ${path} HTTP/1.1`,
    'Host: proxy.test',
    KEY,
    `X-Provider: ${provider}`,
    `Idempotency-Key: ${key}`,
    'Content-Length: 3',
  ).concat('one')
}

async function asked(request: string) {
  const wire = new Wire(at.port)
  wire.send(request)
  const answer = await wire.answer()
  wire.close()
  return answer
}

const header = (answer: Awaited<ReturnType<typeof asked>>, name: string) =>
  answer?.headers.find(([each]) => each.toLowerCase() === name)?.[1]

describe('an agent that leaves', () => {
  it('before the answer to its key finds it there when it comes back', async () => {
    const request = post('/slow/400', 'left-early')
    const wire = new Wire(at.port)
    wire.send(request)
    await delay(150)
    wire.socket.resetAndDestroy()
    await delay(700)
    const again = await asked(request)
    expect([again?.status, header(again, 'x-proxy-cache')]).toEqual([200, 'IDEMPOTENT-HIT'])
    const sent = at.upstream.all.filter(({ headers }) =>
      headers.some(([, value]) => value === 'left-early'),
    )
    expect(sent).toHaveLength(1)
  })

  it('while it waits for its turn gives the turn back', async () => {
    const get = (path: string) =>
      head(`GET ${path} HTTP/1.1`, 'Host: proxy.test', KEY, 'X-Provider: turns')
    expect((await asked(get('/echo/1')))?.status).toBe(200)
    const wire = new Wire(at.port)
    wire.send(get('/echo/left'))
    await delay(200)
    wire.socket.resetAndDestroy()
    await delay(100)
    // The turn at 1.5 s is free again: without it the next would be at 3 s, which is too long to wait.
    expect((await asked(get('/echo/2')))?.status).toBe(200)
    expect(at.upstream.all.some(({ target }) => target.includes('left'))).toBe(false)
  })
})
