import { evictDurableObject } from 'cloudflare:test'
import { afterEach, describe, expect, it, vi } from 'vitest'

import type { Entered, TenantStub } from '../../src/tenants/stubs.ts'
import { anAsk, anEntry, aTenant } from '../tenants/world.ts'

afterEach(() => {
  vi.useRealTimers()
})

const MINUTE = 60_000

function travel(ms: number) {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms })
}

const asks = (...ask: Parameters<typeof anAsk>) => anEntry(null, { approval: anAsk(...ask) })

function idOf(entered: Entered): string {
  if (entered.is !== 'pending') throw new Error(entered.is)
  return entered.id
}

async function approved(
  tenant: TenantStub,
  scope: 'once' | '10m' | '1h',
  ...ask: Parameters<typeof anAsk>
): Promise<string> {
  const id = idOf(await tenant.enter(asks(...ask)))
  await tenant.decide(id, { approve: true, scope }, 'admin')
  return id
}

const many = (tenant: TenantStub, times: number) =>
  Promise.all(Array.from({ length: times }, () => tenant.enter(asks())))

describe('a call that wants approval', () => {
  it('asks once, however many copies of it come', async () => {
    const { tenant } = aTenant()
    const all = await many(tenant, 50)
    expect(new Set(all.map(idOf)).size).toBe(1)
    expect(all.filter((each) => each.is === 'pending' && each.fresh)).toHaveLength(1)
    expect(await tenant.approvals({ limit: 100 })).toHaveLength(1)
    expect((await tenant.counts()).approvals.pending).toBe(1)
    expect((await tenant.export(0, 100)).records).toHaveLength(1)
  })

  it('goes exactly once when it is approved, however many copies race', async () => {
    const { tenant } = aTenant()
    const id = await approved(tenant, 'once')
    const all = await many(tenant, 50)
    expect(all.filter((each) => each.is === 'in')).toMatchObject([{ approval: id }])
    const others = all.filter((each) => each.is === 'pending')
    expect(others).toHaveLength(49)
    expect(new Set(others.map(idOf))).not.toContain(id)
    expect(await tenant.approval(id)).toMatchObject({ state: 'used', by: 'admin' })
    const { records } = await tenant.export(0, 100)
    const opened = records.flatMap((each) => (each.kind === 'opened' ? each.event.approval : []))
    expect(opened).toEqual([id])
  })

  it('goes exactly once across an eviction in the middle', async () => {
    const { tenant, stub } = aTenant()
    await approved(tenant, 'once')
    const first = many(tenant, 20)
    await evictDurableObject(stub)
    const all = [...(await first), ...(await many(tenant, 20))]
    expect(all.filter((each) => each.is === 'in')).toHaveLength(1)
  })

  it.each([
    ['another body', { body: 'bb' }],
    ['another query', { query: '?x=2' }],
    ['another path', { path: '/repos/b/issues' }],
    ['another method', { method: 'PUT' }],
    ['another agent', { agent: 'other' }],
    ['another provider', { provider: 'slack' }],
  ])('is not let in by the approval of %s', async (_title, over) => {
    const { tenant } = aTenant()
    await approved(tenant, 'once', over)
    expect(await tenant.enter(asks())).toMatchObject({ is: 'pending', fresh: true })
  })

  it('is out when it is denied, until that expires', async () => {
    const { tenant } = aTenant()
    const id = idOf(await tenant.enter(asks()))
    await tenant.decide(id, { approve: false, scope: 'once' }, 'admin')
    expect(await tenant.enter(asks())).toEqual({ is: 'out', because: 'denied' })
    travel(15 * MINUTE)
    expect(await tenant.enter(asks())).toMatchObject({ is: 'pending', fresh: true })
  })

  it('has to ask again when nobody decides in time', async () => {
    const { tenant } = aTenant()
    const id = idOf(await tenant.enter(asks()))
    travel(15 * MINUTE)
    expect(await tenant.decide(id, { approve: true, scope: 'once' }, 'admin')).toBeNull()
    expect(await tenant.approval(id)).toMatchObject({ state: 'expired' })
    expect(idOf(await tenant.enter(asks()))).not.toBe(id)
  })

  it('is turned away when too many wait: 100 of its agent, and the others still ask', async () => {
    const { tenant } = aTenant()
    for (let each = 0; each < 100; each += 1) {
      expect(await tenant.enter(asks({ body: String(each) }))).toMatchObject({ is: 'pending' })
    }
    expect(await tenant.enter(asks({ body: 'more' }))).toEqual({ is: 'crowded' })
    expect(await tenant.enter(asks({ body: '7' }))).toMatchObject({ is: 'pending', fresh: false })
    expect(await tenant.enter(asks({ agent: 'other' }))).toMatchObject({ is: 'pending' })
    travel(15 * MINUTE)
    expect(await tenant.enter(asks({ body: 'more' }))).toMatchObject({ is: 'pending' })
  })
})

describe('a timed scope', () => {
  const alike = { path: '/repos/b/issues', query: '', body: 'bb' }

  it.each([
    ['10m', 10],
    ['1h', 60],
  ] as const)('of %s lets in what is alike for %i minutes, and no more', async (scope, minutes) => {
    const { tenant, stub } = aTenant()
    const id = await approved(tenant, scope)
    await evictDurableObject(stub)
    for (const ask of [asks(), asks(alike), asks(alike)]) {
      expect(await tenant.enter(ask)).toMatchObject({ is: 'in', approval: id })
    }
    expect(await tenant.enter(asks({ method: 'PUT' }))).toMatchObject({ is: 'pending' })
    expect(await tenant.enter(asks({}, { pattern: '/**' }))).toMatchObject({ is: 'in' })
    const elsewhere = asks({ path: '/repos/c/issues' }, { pattern: '/**' })
    expect(await tenant.enter(elsewhere)).toMatchObject({ is: 'pending' })
    travel(minutes * MINUTE - 1000)
    expect(await tenant.enter(asks(alike))).toMatchObject({ is: 'in' })
    travel(1000)
    expect(await tenant.enter(asks(alike))).toMatchObject({ is: 'pending', fresh: true })
  })

  it('decides the pending ones that are alike', async () => {
    const { tenant } = aTenant()
    const other = idOf(await tenant.enter(asks(alike)))
    const apart = idOf(await tenant.enter(asks({ method: 'PUT' })))
    const waiting = tenant.decision(other, 10_000)
    const id = await approved(tenant, '10m')
    expect(await waiting).toBe('approved')
    expect(await tenant.approval(apart)).toMatchObject({ state: 'pending' })
    const { records } = await tenant.export(0, 100)
    const decisions = records.flatMap((each) =>
      each.kind === 'control' && each.control.action === 'approval.approved' ? each.control : [],
    )
    expect(decisions).toMatchObject([
      { target: id },
      { target: other, details: { because: id, scope: '10m' } },
    ])
  })

  it('does not undo a denial', async () => {
    const { tenant } = aTenant()
    const denied = idOf(await tenant.enter(asks(alike)))
    await tenant.decide(denied, { approve: false, scope: 'once' }, 'admin')
    await approved(tenant, '1h')
    expect(await tenant.enter(asks(alike))).toEqual({ is: 'out', because: 'denied' })
  })
})

describe('a decision', () => {
  it('is made once', async () => {
    const { tenant } = aTenant()
    const id = idOf(await tenant.enter(asks()))
    const all = await Promise.all(
      [true, true, true].map((approve) => tenant.decide(id, { approve, scope: 'once' }, 'admin')),
    )
    expect(all.filter((each) => each !== null)).toHaveLength(1)
    expect((await tenant.export(0, 100)).records).toHaveLength(2)
  })

  it('about nothing is null', async () => {
    const { tenant } = aTenant()
    expect(await tenant.decide('ap_no', { approve: true, scope: 'once' }, 'admin')).toBeNull()
    expect(await tenant.approval('ap_no')).toBeNull()
    expect(await tenant.decision('ap_no', 10_000)).toBeNull()
  })

  it.each([
    [true, 'approved'],
    [false, 'denied'],
  ])('that approves, %s, is heard at once by all who wait', async (approve, state) => {
    const { tenant } = aTenant()
    const id = idOf(await tenant.enter(asks()))
    const waiting = Array.from({ length: 10 }, () => tenant.decision(id, 30_000))
    await tenant.decide(id, { approve, scope: 'once' }, 'admin')
    expect(new Set(await Promise.all(waiting))).toEqual(new Set([state]))
    expect(await tenant.decision(id, 30_000)).toBe(state)
  })

  it('is waited for so long and no longer', async () => {
    const { tenant } = aTenant()
    const id = idOf(await tenant.enter(asks()))
    const started = performance.now()
    expect(await tenant.decision(id, 100)).toBe('pending')
    expect(performance.now() - started).toBeLessThan(2000)
  })
})

it.each([
  [undefined, ['used', 'expired', 'denied', 'approved', 'pending']],
  ['pending', ['pending']],
  ['approved', ['approved']],
  ['denied', ['denied']],
  ['used', ['used']],
  ['expired', ['expired']],
] as const)('the list of those that are %s', async (state, expected) => {
  const { tenant } = aTenant()
  await tenant.enter(asks({ body: 'expired' }))
  travel(15 * MINUTE)
  await approved(tenant, 'once', { body: 'used' })
  await tenant.enter(asks({ body: 'used' }))
  const denied = idOf(await tenant.enter(asks({ body: 'denied' })))
  await tenant.decide(denied, { approve: false, scope: 'once' }, 'admin')
  await approved(tenant, 'once', { body: 'approved' })
  await tenant.enter(asks({ body: 'pending' }))
  const listed = await tenant.approvals({ limit: 10, ...(state && { state }) })
  expect(listed.map((each) => each.state).toSorted()).toEqual(expected.toSorted())
  expect(await tenant.approvals({ limit: 1 })).toHaveLength(1)
})
