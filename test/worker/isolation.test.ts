import { describe, expect, it } from 'vitest'

import { anAgent, approvalIn, approve, callOf, outcome, write } from './agents.ts'
import type { Agent } from './agents.ts'
import { call } from './call.ts'

const TENANTS = ['acme', 'globex'] as const
const EVERY = ['cached', 'plain', 'bearer']

/** Two tenants by two projects by two agents, all with the same rights. */
async function everybody(over = {}): Promise<Agent[]> {
  const all: Agent[] = []
  for (const tenant of TENANTS) {
    for (const project of ['web', 'shop']) {
      for (const agent of ['ci', 'bot']) {
        const own = [...EVERY, `bearer_${tenant}`]
        all.push(await anAgent({ tenant, project, agent, ...over }, ...own))
      }
    }
  }
  return all
}

const fresh = () => crypto.randomUUID()
const cacheOf = async (agent: Agent, path: string) => {
  const { headers } = await callOf(agent, path, { provider: 'cached' })
  return headers.get('x-proxy-cache')
}

describe('what one agent does is nothing to any other', () => {
  it('an answer kept for a caller is of that grant alone', async () => {
    const path = `/echo/own/${fresh()}`
    for (const agent of await everybody()) expect(await cacheOf(agent, path)).toBe('MISS')
  })

  it('an answer kept for a tenant is of that tenant alone', async () => {
    const path = `/echo/shared/${fresh()}`
    const found: (string | null)[] = []
    for (const agent of await everybody()) found.push(await cacheOf(agent, path))
    const shared = ['MISS', 'HIT', 'HIT', 'HIT']
    expect(found).toEqual([...shared, ...shared])
  })

  it('a host entry of no tenant shares with no grant, nor the tenant "default"', async () => {
    const path = `/echo/shared/${fresh()}`
    const [acme] = await everybody()
    if (!acme) throw new Error('nobody')
    await callOf(acme, path, { provider: 'cached' })
    const { headers } = await call(path, { provider: 'cached' })
    expect(headers.get('x-proxy-cache')).toBe('MISS')
  })

  it('one Idempotency-Key is eight', async () => {
    const headers = { 'idempotency-key': fresh() }
    for (const agent of await everybody()) {
      expect((await write(agent, '/echo/once', { headers })).seen).toHaveLength(1)
    }
  })

  it('the calls that one grant has used up are left to the others', async () => {
    const all = await everybody({ max_calls: 2 })
    const [first, ...others] = all
    if (!first) throw new Error('nobody')
    const used = [await callOf(first, '/echo'), await callOf(first, '/echo')]
    expect([...used, await callOf(first, '/echo')].map(outcome)).toEqual([
      '200',
      '200',
      'PROXY_GRANT_DENIED',
    ])
    for (const agent of others) expect(outcome(await callOf(agent, '/echo'))).toBe('200')
  })

  it('an approval lets nobody else through, be the call the same', async () => {
    const all = await everybody({ approval: 'all' })
    const ids = new Map<string, Agent>()
    for (const agent of all) ids.set(approvalIn(await write(agent, '/echo/approved')), agent)
    // Two grants of one agent are two questions: a person sees which project it is for.
    expect(ids.size).toBe(8)
    for (const [id, agent] of ids) {
      await approve(id)
      for (const other of all.filter((each) => each !== agent)) {
        expect(outcome(await write(other, '/echo/approved'))).toBe('PROXY_APPROVAL_REQUIRED')
      }
      expect(outcome(await write(agent, '/echo/approved'))).toBe('200')
    }
  })
})
