import { afterEach, describe, expect, it, vi } from 'vitest'

import { ask, well } from '../control/asking.ts'
import { anAgent, approvalIn, approve, callOf, outcome, waitingOf, write } from './agents.ts'
import { call, expectRefusal, FROM } from './call.ts'
import type { Asking } from './call.ts'

afterEach(() => {
  vi.useRealTimers()
})

const MINUTE = 60_000
const asks = (over = {}, ...providers: string[]) =>
  anAgent({ approval: 'all', ...over }, ...providers)
const stateOf = async (id: string) => (await well('approval', { params: { id } }))['approval'].state

describe('a call that a person has to approve', () => {
  it('is refused with where to look, and goes when it is sent again', async () => {
    const agent = await asks()
    const first = await write(agent, '/echo/a?x=1')
    expectRefusal(first, 403, 'PROXY_APPROVAL_REQUIRED')
    const id = approvalIn(first)
    expect(JSON.parse(first.text)).toMatchObject({
      error: {
        metadata: {
          approval_id: id,
          status_url: `/_outpost/approvals/${id}/status`,
          expires_at: expect.stringMatching(/Z$/),
        },
      },
    })
    expect(first.headers.get('retry-after')).toMatch(/^[1-9]\d*$/)
    expect(approvalIn(await write(agent, '/echo/a?x=1'))).toBe(id)
    await approve(id)
    const status = await call(`/_outpost/approvals/${id}/status`, { headers: agent.shows })
    expect(JSON.parse(status.text)).toMatchObject({ id, state: 'approved' })
    const again = await write(agent, '/echo/a?x=1')
    expect([again.status, again.seen.length]).toEqual([200, 1])
    expect(await stateOf(id)).toBe('used')
    expect(approvalIn(await write(agent, '/echo/a?x=1'))).not.toBe(id)
  })

  it.each<[string, string, Asking]>([
    ['method', '/echo/a?x=1', { method: 'PUT' }],
    ['path', '/echo/b?x=1', {}],
    ['spelling of the path', '/echo/%61?x=1', {}],
    ['slash at the end', '/echo/a/?x=1', {}],
    ['query value', '/echo/a?x=2', {}],
    ['query at all', '/echo/a', {}],
    ['spelling of the query', '/echo/a?%78=1', {}],
    ['body', '/echo/a?x=1', { body: 'another' }],
    ['body that is none', '/echo/a?x=1', { body: null }],
    ['provider', '/echo/a?x=1', { provider: 'bearer' }],
  ])('is another with another %s', async (_title, path, asking) => {
    const agent = await asks({}, 'plain', 'bearer')
    const id = approvalIn(await write(agent, '/echo/a?x=1'))
    await approve(id)
    const other = await write(agent, path, asking)
    expect(approvalIn(other)).not.toBe(id)
    expect(other.seen).toEqual([])
    expect(await stateOf(id)).toBe('approved')
    expect((await write(agent, '/echo/a?x=1')).status).toBe(200)
  })

  it('goes once, when 50 copies of it are sent at the same moment', async () => {
    const agent = await asks()
    await approve(approvalIn(await write(agent, '/slow/50')))
    const answers = await Promise.all(Array.from({ length: 50 }, () => write(agent, '/slow/50')))
    expect(answers.flatMap(({ seen }) => seen)).toHaveLength(1)
    const others = answers.filter(({ status }) => status !== 200)
    // All of the others are one question again.
    expect(new Set(others.map(approvalIn)).size).toBe(1)
    expect(others).toHaveLength(49)
  })

  it('stays denied until that expires, and is asked for anew then', async () => {
    const agent = await asks()
    const id = approvalIn(await write(agent, '/echo/a'))
    await well('deny', { params: { id } })
    for (const _ of [1, 2]) {
      const denied = await write(agent, '/echo/a')
      expect([outcome(denied), denied.seen]).toEqual(['PROXY_GRANT_DENIED', []])
    }
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 15 * MINUTE })
    expect(approvalIn(await write(agent, '/echo/a'))).not.toBe(id)
  })

  it.each(['pending', 'approved'])('%s, is too late after 15 minutes', async (state) => {
    const agent = await asks()
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
    const first = await write(agent, '/echo/a')
    const id = approvalIn(first)
    const { error } = JSON.parse(first.text) as { error: { metadata: { expires_at: string } } }
    const expires = Date.parse(error.metadata.expires_at)
    if (state === 'approved') await approve(id)
    vi.setSystemTime(expires - 1)
    expect(await stateOf(id)).toBe(state)
    vi.setSystemTime(expires)
    expect(await stateOf(id)).toBe('expired')
    expect(approvalIn(await write(agent, '/echo/a'))).not.toBe(id)
    expect((await ask('approve', { params: { id } })).status).toBe(409)
  })

  it('is not asked for where only sensitive ones are, and it is a read', async () => {
    const agent = await anAgent({ approval: 'sensitive' })
    expect((await callOf(agent, '/echo')).status).toBe(200)
    approvalIn(await write(agent, '/echo'))
  })

  it('is no call that counts: nothing of the quota is used up by asking', async () => {
    const agent = await asks({ max_calls: 1 })
    for (const _ of [1, 2, 3]) approvalIn(await write(agent, '/echo/a'))
    await approve(await waitingOf(agent))
    expect((await write(agent, '/echo/a')).status).toBe(200)
    expect(outcome(await write(agent, '/echo/a'))).toBe('PROXY_GRANT_DENIED')
  })
})

describe('a timed approval', () => {
  const providers = [
    { provider: 'plain', access: 'write', allow: [{ method: '*', pattern: '/echo/*' }] },
    { provider: 'bearer', access: 'write', allow: [{ method: '*', pattern: '/echo/*' }] },
  ]

  it.each([
    ['10m', 10],
    ['1h', 60],
  ])('of %s is for all of its kind, so long', async (scope, minutes) => {
    const agent = await asks({ providers, expires_in: 86_400 })
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
    const id = approvalIn(await write(agent, '/echo/a'))
    await approve(id, scope)
    const since = Date.now()
    for (const [path, body] of [
      ['/echo/a', 'a body'],
      ['/echo/b?x=1', 'another'],
      ['/echo/b?x=1', 'another'],
    ] as const) {
      expect((await write(agent, path, { body })).status).toBe(200)
    }
    approvalIn(await write(agent, '/echo/a', { method: 'PUT' }))
    approvalIn(await write(agent, '/echo/a', { provider: 'bearer' }))
    const sibling = await asks({ providers, tenant: agent.tenant, agent: 'another' })
    approvalIn(await write(sibling, '/echo/a'))
    vi.setSystemTime(since + minutes * MINUTE - 1)
    expect((await write(agent, '/echo/c')).status).toBe(200)
    vi.setSystemTime(since + minutes * MINUTE)
    approvalIn(await write(agent, '/echo/c'))
  })

  it('ends with the grant: what is approved is not what is revoked', async () => {
    const agent = await asks({ providers })
    await approve(approvalIn(await write(agent, '/echo/a')), '1h')
    expect((await write(agent, '/echo/b')).status).toBe(200)
    await well('revokeGrant', { params: { id: agent.id } })
    expect(outcome(await write(agent, '/echo/c'))).toBe('PROXY_GRANT_DENIED')
  })
})

describe('an agent', () => {
  it('approves nothing, whatever it shows and from wherever it calls', async () => {
    const agent = await asks()
    const other = await asks({ tenant: agent.tenant, agent: 'another' })
    const id = approvalIn(await write(agent, '/echo/a'))
    const keys = [agent.token, other.token, 'sentinel-agent-key-a0d4', '']
    for (const key of keys) {
      for (const from of [FROM.writer, FROM.keyed]) {
        for (const headers of [
          { authorization: `Bearer ${key}` },
          { 'x-outpost-auth': key },
          { 'cf-access-jwt-assertion': key },
        ]) {
          for (const verb of ['approve', 'deny']) {
            const path = `/_outpost/approvals/${id}/${verb}`
            const answer = await call(path, { method: 'POST', headers, from })
            expect(outcome(answer)).toBe('PROXY_AUTH_REQUIRED')
          }
        }
      }
    }
    // Nor by naming a provider: these paths are never forwarded, nor reached by a detour.
    for (const path of [
      `/_outpost/approvals/${id}/approve`,
      `//_outpost/approvals/${id}/approve`,
    ]) {
      expect((await write(agent, path)).status).toBeGreaterThanOrEqual(400)
    }
    expect(await stateOf(id)).toBe('pending')
  })
})
