import { describe, expect, it } from 'vitest'

import { aProvider } from '../builders.ts'
import { aWorld, codeOf, delay, hour, once } from './attack_world.ts'

const HELD = { approval: 'all', approval_hold_seconds: 20 } as const
const RATE = { default: [{ capacity: 1, window_ms: 500 }] }
const ALMOST_NEVER = { default: [{ capacity: 3, window_ms: 3_600_000 }] }

describe('calls that were held', () => {
  it('take their turn anew, and do not go all at once', async () => {
    const w = aWorld({ providers: [aProvider({ forwarding: { rate_limits: RATE } })] })
    const { token } = await w.grant(HELD)
    const calls = ['1', '2', '3'].map((body) => w.post('/a', token, body))
    while ((await w.pending()).length < 3) await delay(20)
    await delay(700) // whatever turns they had have come
    await w.decide(hour)
    expect(await Promise.all(calls)).toEqual([null, null, null])
    const times = w.sent.map(({ at }) => at)
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(900)
  })

  it('are one for each approval: the copy is told to come again, and nobody is asked twice', async () => {
    const w = aWorld()
    const { token } = await w.grant(HELD)
    const first = w.post('/a', token)
    await w.waiting()
    expect(await w.post('/a', token)).toBe('PROXY_APPROVAL_REQUIRED')
    await w.decide(once)
    expect(await first).toBeNull()
    expect([w.sent.length, await w.pending(), w.told.length]).toEqual([1, [], 1])
  })

  it('whose yes a copy at another isolate has used ask anew, and people are told', async () => {
    const here = aWorld()
    const there = aWorld({ tenant: here.known })
    const { token } = await here.grant(HELD)
    const first = here.post('/a', token)
    await here.waiting()
    const second = there.post('/a', token)
    await delay(200)
    await here.decide(once)
    const codes = await Promise.all([first, second])
    expect(codes.toSorted()).toEqual(['PROXY_APPROVAL_REQUIRED', null])
    expect(here.sent.length + there.sent.length).toBe(1)
    expect(await here.pending()).toHaveLength(1)
    expect(here.told.length + there.told.length).toBe(2)
  })

  it('leave the approval unused when the agent has hung up', async () => {
    const w = aWorld()
    const { token } = await w.grant(HELD)
    const agent = new AbortController()
    const init = { method: 'POST', body: 'x', signal: agent.signal }
    const gone = w.call('/a', init, token).then(codeOf, () => 'gone')
    await w.waiting()
    agent.abort()
    await delay(50)
    const id = await w.decide(once)
    await gone
    expect([w.sent, w.reads]).toEqual([[], []])
    expect(await w.tenant.approval(id)).toMatchObject({ state: 'approved' })
  })
})

describe('a call that only asks', () => {
  it.each([0, 1])('takes nothing of what all share (held %i s)', async (approval_hold_seconds) => {
    const rate_limits = ALMOST_NEVER
    const providers = [aProvider({ forwarding: { queue_timeout_ms: 0, rate_limits } })]
    const w = aWorld({ providers })
    const { token } = await w.grant({ approval: 'all', approval_hold_seconds })
    const other = await w.grant({ agent: 'other' })
    for (const _ of Array(4)) {
      expect(await w.post('/a', token)).toBe('PROXY_APPROVAL_REQUIRED')
    }
    expect(await codeOf(await w.call('/b', {}, other.token))).toBeNull()
  })

  it('takes nothing of the windows and the quota of its grant', async () => {
    const w = aWorld()
    const rate_limits = [{ capacity: 1, window_ms: 3_600_000 }]
    const { token } = await w.grant({ approval: 'all', max_calls: 1, rate_limits })
    for (const _ of Array(3)) {
      expect(await w.post('/a', token)).toBe('PROXY_APPROVAL_REQUIRED')
    }
    await w.decide(once)
    expect(await w.post('/a', token)).toBeNull()
    expect(await w.post('/a', token)).toBe('PROXY_GRANT_DENIED')
  })
})

describe('max_calls', () => {
  it('is exact with hang-ups between', async () => {
    const w = aWorld()
    const { token } = await w.grant({ max_calls: 7 })
    const codes = await Promise.all(
      Array.from({ length: 40 }, (_, n) => {
        const agent = new AbortController()
        if (n % 3 === 0) setTimeout(() => agent.abort(), n)
        const init = { method: 'POST', body: String(n), signal: agent.signal }
        return w.call('/a', init, token).then(codeOf, () => 'gone')
      }),
    )
    expect(w.sent.length).toBeLessThanOrEqual(7)
    expect(codes.filter((code) => code === null).length).toBeLessThanOrEqual(7)
    expect(codes.filter((code) => code === 'PROXY_GRANT_DENIED').length).toBeGreaterThanOrEqual(33)
  })
})
