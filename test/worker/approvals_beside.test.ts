import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'

import { well } from '../control/asking.ts'
import type { Received } from '../received.ts'
import { anAgent, approvalIn, approve, callOf, outcome, waitingOf, write } from './agents.ts'
import { call } from './call.ts'

const asks = (over = {}, ...providers: string[]) =>
  anAgent({ approval: 'all', ...over }, ...providers)

describe('a call that is held until somebody decides', () => {
  const held = { approval_hold_seconds: 20 }

  it('goes when that is yes', async () => {
    const agent = await asks(held)
    const going = write(agent, '/echo/held')
    await approve(await waitingOf(agent))
    const { status, seen } = await going
    expect([status, seen.length]).toEqual([200, 1])
  })

  it('is refused when that is no', async () => {
    const agent = await asks(held)
    const going = write(agent, '/echo/held')
    await well('deny', { params: { id: await waitingOf(agent) } })
    const answer = await going
    expect([outcome(answer), answer.seen]).toEqual(['PROXY_GRANT_DENIED', []])
    expect(outcome(await write(agent, '/echo/held'))).toBe('PROXY_GRANT_DENIED')
  })

  it('is told to come again when nobody decides, and not before its time', async () => {
    const agent = await asks({ approval_hold_seconds: 1 })
    const since = Date.now()
    approvalIn(await write(agent, '/echo/held'))
    expect(Date.now() - since).toBeGreaterThanOrEqual(990)
  })

  it('goes once, when several copies of it wait for the same yes', async () => {
    const agent = await asks({ approval_hold_seconds: 2 })
    const going = Promise.all(Array.from({ length: 5 }, () => write(agent, '/echo/held')))
    await approve(await waitingOf(agent))
    const answers = await going
    expect(answers.flatMap(({ seen }) => seen)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  })

  it.each<[string, string, (agent: { tenant: string; id: string }) => Promise<unknown>]>([
    ['revoked', 'PROXY_GRANT_DENIED', ({ id }) => well('revokeGrant', { params: { id } })],
    ['rotated', 'PROXY_GRANT_DENIED', ({ id }) => well('rotateGrant', { params: { id } })],
    ['paused', 'PROXY_PAUSED', ({ tenant }) => well('pause', { body: { tenant } })],
  ])('is refused after a yes when it was %s meanwhile', async (_title, code, act) => {
    const agent = await asks(held)
    const going = write(agent, '/echo/held')
    const id = await waitingOf(agent)
    await act(agent)
    await approve(id)
    const answer = await going
    expect([outcome(answer), answer.seen]).toEqual([code, []])
  })
})

describe('an approval beside an Idempotency-Key', () => {
  it('leaves the key free until the call goes, and is not asked for an answer that is kept', async () => {
    const agent = await asks()
    const headers = { 'idempotency-key': crypto.randomUUID() }
    const sent = async () => {
      for (let tries = 0; tries < 40; tries += 1) {
        const answer = await write(agent, '/echo/keyed', { headers })
        if (outcome(answer) !== 'PROXY_IDEMPOTENCY_IN_FLIGHT') return answer
        await new Promise((resolve) => setTimeout(resolve, 25))
      }
      throw new Error('still in flight')
    }
    const id = approvalIn(await sent())
    expect(approvalIn(await sent())).toBe(id)
    await approve(id)
    const first = await sent()
    expect([first.status, first.seen.length]).toEqual([200, 1])
    const again = await sent()
    expect([again.headers.get('x-proxy-cache'), again.seen]).toEqual(['IDEMPOTENT-HIT', []])
    await well('revokeGrant', { params: { id: agent.id } })
    expect(outcome(await sent())).toBe('PROXY_GRANT_DENIED')
  })

  it('once, with 20 copies that have one key', async () => {
    const agent = await asks()
    const headers = { 'idempotency-key': crypto.randomUUID() }
    await approve(approvalIn(await write(agent, '/slow/60')))
    const copies = Array.from({ length: 20 }, () => write(agent, '/slow/60', { headers }))
    expect((await Promise.all(copies)).flatMap(({ seen }) => seen)).toHaveLength(1)
  })
})

describe('an approval beside the cache', () => {
  it('is asked for every time, also when another agent has the answer there', async () => {
    const path = `/echo/shared/${crypto.randomUUID()}`
    const agent = await asks({}, 'cached')
    const free = await anAgent({ tenant: agent.tenant }, 'cached')
    const asking = { provider: 'cached' }
    await callOf(free, path, asking)
    expect((await callOf(free, path, asking)).headers.get('x-proxy-cache')).toBe('HIT')
    for (const _ of [1, 2]) {
      await approve(approvalIn(await callOf(agent, path, asking)))
      const { status, headers } = await callOf(agent, path, asking)
      expect([status, headers.get('x-proxy-cache')]).toEqual([200, 'BYPASS'])
    }
  })
})

describe('the webhook', () => {
  const told = async (as: string): Promise<readonly Received[]> => {
    await new Promise((resolve) => setTimeout(resolve, 150))
    return (await fetch(`${env.UPSTREAM}/_seen/${as}`)).json()
  }

  it.each([
    ['well', 'echo'],
    ['with an error', 'status/500'],
    ['with another place', 'redirect'],
    ['never', 'never'],
    ['by hanging up', 'reset-before'],
  ])('that answers %s is told once, and changes nothing', async (_title, route) => {
    const agent = await asks({ note: 'night shift' })
    const as = crypto.randomUUID()
    const to = `&to=${encodeURIComponent(`${env.UPSTREAM}/base/echo?as=${as}`)}`
    const APPROVAL_WEBHOOK_URL = `${env.UPSTREAM}/base/${route}?as=${as}${to}`
    const body =
      '{"title":"a title","password":"sentinel-body-0c1d","nested":{"k":"sentinel-deep"}}'
    const asking = {
      env: { APPROVAL_WEBHOOK_URL },
      body,
      headers: { 'content-type': 'application/json', 'x-note': 'sentinel-header-77' },
    }
    const since = Date.now()
    const id = approvalIn(await write(agent, '/echo/told?name=sentinel-query-41', asking))
    expect(Date.now() - since).toBeLessThan(1500)
    expect(approvalIn(await write(agent, '/echo/told?name=sentinel-query-41', asking))).toBe(id)
    const all = await told(as)
    expect(all).toHaveLength(1)
    const text = JSON.stringify(all)
    expect(text).not.toMatch(/sentinel|op_|authorization|x-outpost/i)
    const message = JSON.parse(all[0]?.text ?? '') as Record<string, unknown>
    expect(message).toMatchObject({ approval_id: id, tenant: agent.tenant, method: 'POST' })
    for (const shown of ['/echo/told', 'name', 'title', 'night shift', id]) {
      expect(message['text']).toContain(shown)
    }
    await approve(id)
    expect((await write(agent, '/echo/told?name=sentinel-query-41', asking)).status).toBe(200)
    // What the answer was is nowhere, and its own address neither.
    const ledger = JSON.stringify(await well('audit', { query: { tenant: agent.tenant } }))
    expect(ledger).not.toContain(as)
  })

  it.each(['', 'nonsense', 'ftp://127.0.0.1/', 'http://', 'http://127.0.0.1:1/'])(
    'at %j is nobody, and calls wait all the same',
    async (APPROVAL_WEBHOOK_URL) => {
      const agent = await asks()
      approvalIn(await write(agent, '/echo', { env: { APPROVAL_WEBHOOK_URL } }))
    },
  )

  it('is not told of what an operator looks at', async () => {
    const as = crypto.randomUUID()
    const APPROVAL_WEBHOOK_URL = `${env.UPSTREAM}/base/echo?as=${as}`
    await call('/_outpost/approvals', { env: { APPROVAL_WEBHOOK_URL } })
    expect(await told(as)).toEqual([])
  })
})
