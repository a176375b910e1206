import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'

import { call, FROM } from '../worker/call.ts'
import { VIEWER, well } from './asking.ts'
import type { Json } from './asking.ts'
import { fresh, granted, waiting } from './builders.ts'

describe('the status', () => {
  it('counts what each tenant has', async () => {
    const tenant = fresh('tenant')
    await granted({ tenant })
    const { grant } = await granted({ tenant })
    await well('revokeGrant', { params: { id: grant.id } })
    await waiting(grant)
    const { tenants } = await well('status', { headers: VIEWER })
    expect(tenants.find((each: Json) => each['tenant'] === tenant)).toEqual({
      tenant,
      grants: { active: 1, expired: 0, revoked: 1 },
      approvals: { pending: 1 },
      records: expect.any(Number),
      bytes: expect.any(Number),
      head: { seq: expect.any(Number), hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
    })
    expect(tenants.map((each: Json) => each['tenant'])).toContain('default')
  })

  it('shows what is paused', async () => {
    const { grant } = await granted()
    await well('pause', { body: { tenant: grant.tenant, note: 'why' } })
    const { pauses } = await well('status')
    expect(pauses).toContainEqual({
      scope: { tenant: grant.tenant },
      tenants: [grant.tenant],
      since: expect.any(String),
      by: 'admin',
      note: 'why',
    })
  })

  it('shows how the limiter of each category stands, and takes nothing', async () => {
    const ofTurns = async () =>
      (await well('status'))['limits'].find(({ provider }: Json) => provider === 'turns')
    expect(await ofTurns()).toMatchObject({
      category: 'default',
      cooldown_until: null,
      levels: [{ capacity: 1, window_ms: 1500, remaining: 1 }],
    })
    expect((await call('/x', { provider: 'turns', from: FROM.writer })).status).toBe(200)
    expect(await ofTurns()).toMatchObject({ levels: [{ remaining: 0 }] })
    await env.LIMITS.getByName('turns default').cool(5000)
    expect(Date.parse((await ofTurns()).cooldown_until)).toBeGreaterThan(Date.now())
  })
})
