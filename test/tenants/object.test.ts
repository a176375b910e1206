import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { afterEach, describe, expect, it, vi } from 'vitest'

import type { Event } from '../../src/audit/event.ts'
import type { NewRecord } from '../../src/audit/record.ts'
import { newId, newToken, tokenHash } from '../../src/grants/token.ts'
import { anAsk, anEntry, anEventText, aTenant, granted, random, textIn } from './world.ts'
import type { Known } from './world.ts'

afterEach(() => {
  vi.useRealTimers()
})

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** Moves the clock of the objects too: they run in this isolate. */
function travel(ms: number) {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms })
}

/** What was done, oldest first. */
async function actions({ tenant }: Known): Promise<string[]> {
  const { records } = await tenant.export(0, 1000)
  return records.map((each) => (each.kind === 'control' ? each.control.action : each.kind))
}

describe('look', () => {
  it('of a tenant that nothing is kept of writes nothing', async () => {
    const { tenant, stub } = aTenant()
    expect(await tenant.look(null)).toEqual({ grant: null, pauses: [] })
    expect(await tenant.look('00')).toEqual({ grant: null, pauses: [] })
    expect(await textIn(stub)).toBe('')
    const alarm = await runInDurableObject(stub, (_, { storage }) => storage.getAlarm())
    expect(alarm).toBeNull()
  })

  it('finds the grant of a token, and the pauses', async () => {
    const known = aTenant()
    const { grant, hash } = await granted(known)
    const pause = { scope: { provider: 'slack' }, since: 1, by: 'admin', note: 'n' }
    await known.tenant.pause(pause)
    expect(await known.tenant.look(hash)).toEqual({ grant, pauses: [pause] })
    expect(await known.tenant.look('00')).toEqual({ grant: null, pauses: [pause] })
  })

  it('writes nothing where something is kept either', async () => {
    const known = aTenant()
    const { hash } = await granted(known)
    const before = await textIn(known.stub)
    await known.tenant.look(hash)
    await known.tenant.look('00')
    await known.tenant.look(null)
    expect(await textIn(known.stub)).toBe(before)
  })
})

describe('enter', () => {
  it('lets in with a durable record', async () => {
    const known = aTenant()
    const { grant, hash } = await granted(known)
    const entered = await known.tenant.enter(anEntry({ id: grant.id, hash }))
    expect(entered).toEqual({ is: 'in', opened: 2, approval: null })
    await evictDurableObject(known.stub)
    expect(await actions(known)).toEqual(['grant.created', 'opened'])
  })

  it('lets in without a grant, for a caller that needs none', async () => {
    const { tenant } = aTenant()
    const entry = anEntry(null, { subject: { agent: null, provider: 'github', alias_of: null } })
    expect(await tenant.enter(entry)).toMatchObject({ is: 'in', opened: 1 })
  })

  it.each([
    ['a grant that is not there', 'unknown', async () => {}],
    ['a revoked one', 'revoked', ({ tenant }, id) => tenant.changeGrant(id, { is: 'revoke' }, 'a')],
    ['an expired one', 'expired', async () => travel(HOUR)],
    [
      'a token that was replaced',
      'replaced',
      ({ tenant }, id) => tenant.changeGrant(id, { is: 'rotate', hash: 'ff', overlap: 0 }, 'a'),
    ],
    [
      'a paused agent',
      'paused',
      ({ tenant }) => tenant.pause({ scope: { agent: 'triage' }, since: 0, by: 'a', note: '' }),
    ],
    [
      'a paused tenant',
      'paused',
      ({ tenant, name }) => tenant.pause({ scope: { tenant: name }, since: 0, by: 'a', note: '' }),
    ],
  ] as const satisfies readonly (readonly [
    string,
    string,
    (known: Known, id: string) => Promise<unknown>,
  ])[])('keeps out %s: %s, and no call is recorded', async (title, because, happens) => {
    const known = aTenant()
    const { grant, hash } = await granted(known)
    await happens(known, grant.id)
    const id = title.includes('not there') ? 'gr_other' : grant.id
    const entry = anEntry({ id, hash }, { approval: anAsk() })
    expect(await known.tenant.enter(entry)).toEqual({ is: 'out', because })
    expect(await actions(known)).not.toContain('opened')
    expect(await known.tenant.approvals({ limit: 10 })).toEqual([])
  })

  it('says first what is wrong with the grant, then what is paused', async () => {
    const known = aTenant()
    const { grant, hash } = await granted(known)
    await known.tenant.pause({ scope: { all: true }, since: 0, by: 'admin', note: '' })
    const entry = anEntry({ id: grant.id, hash })
    expect(await known.tenant.enter(entry)).toEqual({ is: 'out', because: 'paused' })
    await known.tenant.changeGrant(grant.id, { is: 'revoke' }, 'admin')
    expect(await known.tenant.enter(entry)).toEqual({ is: 'out', because: 'revoked' })
  })

  it('uses no approval when the record cannot be written', async () => {
    const known = aTenant()
    const { tenant, stub } = known
    const entry = anEntry(null, { approval: anAsk() })
    const asked = await tenant.enter(entry)
    const id = asked.is === 'pending' ? asked.id : ''
    await tenant.decide(id, { approve: true, scope: 'once' }, 'admin')
    const breaks = (sql: string) =>
      runInDurableObject(stub, (_, { storage }) => void storage.sql.exec(sql))
    await breaks('ALTER TABLE audit_log RENAME TO away')
    await runInDurableObject(stub, async (object) => {
      await expect(object.enter(entry)).rejects.toThrow(/audit_log/)
    })
    await breaks('ALTER TABLE away RENAME TO audit_log')
    expect(await tenant.approval(id)).toMatchObject({ state: 'approved' })
    expect(await tenant.enter(entry)).toMatchObject({ is: 'in', approval: id })
  })
})

describe('a grant', () => {
  it('that is rotated has two tokens while they overlap, and then one', async () => {
    const known = aTenant()
    const { grant, hash } = await granted(known)
    const next = await tokenHash(newToken(random))
    await known.tenant.changeGrant(grant.id, { is: 'rotate', hash: next, overlap: 60 }, 'admin')
    const enter = (with_: string) => known.tenant.enter(anEntry({ id: grant.id, hash: with_ }))
    expect(await enter(hash)).toMatchObject({ is: 'in' })
    expect(await enter(next)).toMatchObject({ is: 'in' })
    expect(await known.tenant.look(hash)).toMatchObject({ grant: { id: grant.id } })
    travel(MINUTE)
    expect(await enter(hash)).toEqual({ is: 'out', because: 'replaced' })
    expect(await enter(next)).toMatchObject({ is: 'in' })
    expect(await known.tenant.look(next)).toMatchObject({ grant: { id: grant.id } })
  })

  it('keeps its newest two tokens through rotations, and forgets the others', async () => {
    const known = aTenant()
    const { grant, hash } = await granted(known)
    const change = (to: string) =>
      known.tenant.changeGrant(grant.id, { is: 'rotate', hash: to, overlap: 600 }, 'admin')
    await change('aa')
    await change('bb')
    const found = async (of: string) => (await known.tenant.look(of)).grant?.id ?? null
    expect(await Promise.all([hash, 'aa', 'bb'].map(found))).toEqual([null, grant.id, grant.id])
  })

  it('that is renewed holds again, and one that is revoked never does', async () => {
    const known = aTenant()
    const { grant, hash } = await granted(known)
    const entry = anEntry({ id: grant.id, hash })
    travel(2 * HOUR)
    expect(await known.tenant.enter(entry)).toEqual({ is: 'out', because: 'expired' })
    await known.tenant.changeGrant(grant.id, { is: 'renew', expires_in: 60 }, 'admin')
    expect(await known.tenant.enter(entry)).toMatchObject({ is: 'in' })
    await known.tenant.changeGrant(grant.id, { is: 'revoke' }, 'admin')
    const revoked = await known.tenant.grant(grant.id)
    for (const change of [
      { is: 'renew', expires_in: 60 },
      { is: 'rotate', hash: 'ff', overlap: 0 },
      { is: 'revoke' },
    ] as const) {
      expect(await known.tenant.changeGrant(grant.id, change, 'admin')).toEqual(revoked)
    }
    expect(await known.tenant.enter(entry)).toEqual({ is: 'out', because: 'revoked' })
    expect(await actions(known)).toEqual([
      'grant.created',
      'grant.renewed',
      'opened',
      'grant.revoked',
    ])
  })

  it('that is not there is not changed', async () => {
    const known = aTenant()
    expect(await known.tenant.changeGrant('gr_no', { is: 'revoke' }, 'admin')).toBeNull()
    expect(await known.tenant.grant('gr_no')).toBeNull()
    expect(await actions(known)).toEqual([])
  })

  it('is made once, however often that is asked', async () => {
    const known = aTenant()
    const { grant } = await granted(known)
    await known.tenant.createGrant(grant, 'admin')
    expect(await actions(known)).toEqual(['grant.created'])
  })
})

describe('the list of grants', () => {
  it('comes in pages, newest first, whatever is made meanwhile', async () => {
    const known = aTenant()
    const ids: string[] = []
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
    for (let each = 0; each < 25; each += 1) {
      // Several of one moment: the order of the ids has to tell them apart.
      if (each % 3 === 0) travel(1)
      ids.push((await granted(known)).grant.id)
    }
    const seen: string[] = []
    let cursor: string | null = null
    do {
      const page = await known.tenant.grants({ limit: 4, ...(cursor !== null && { cursor }) })
      expect(page.grants.length).toBeLessThanOrEqual(4)
      seen.push(...page.grants.map(({ id }) => id))
      cursor = page.next
      if (seen.length === 8) await granted(known)
    } while (cursor !== null)
    expect(seen.toSorted()).toEqual(ids.toSorted())
    expect(new Set(seen).size).toBe(25)
    const created = await Promise.all(seen.map((id) => known.tenant.grant(id)))
    const times = created.map((grant) => grant?.created ?? 0)
    expect(times).toEqual(times.toSorted((one, other) => other - one))
  })

  it.each([
    [{}, ['a', 'b', 'expired', 'revoked']],
    [{ state: 'active' }, ['a', 'b']],
    [{ state: 'expired' }, ['expired']],
    [{ state: 'revoked' }, ['revoked']],
    [{ agent: 'b' }, ['b']],
    [{ project: 'p' }, ['a']],
    [{ project: 'p', agent: 'b' }, []],
    [{ cursor: 'nonsense' }, []],
  ] as const)('narrowed by %o', async (filter, agents) => {
    const known = aTenant()
    await granted(known, { agent: 'a', project: 'p' })
    await granted(known, { agent: 'b', project: null })
    await granted(known, { agent: 'expired', project: null, expires_in: 1 })
    const { grant } = await granted(known, { agent: 'revoked', project: null, expires_in: 1 })
    await known.tenant.changeGrant(grant.id, { is: 'revoke' }, 'admin')
    travel(2000)
    const { grants } = await known.tenant.grants({ limit: 100, ...filter })
    expect(grants.map(({ agent }) => agent).toSorted()).toEqual([...agents])
    expect((await known.tenant.counts()).grants).toEqual({ active: 2, expired: 1, revoked: 1 })
  })
})

describe('what is done', () => {
  it('is recorded, with names and ids', async () => {
    const known = aTenant()
    const { tenant, name } = known
    const { grant } = await granted(known, { max_calls: 7, cidrs: ['203.0.113.0/24'] })
    await tenant.changeGrant(grant.id, { is: 'rotate', hash: 'ff', overlap: 5 }, 'access:a@b.c')
    const asked = await tenant.enter(anEntry(null, { approval: anAsk() }))
    const id = asked.is === 'pending' ? asked.id : ''
    await tenant.decide(id, { approve: false, scope: 'once' }, 'admin')
    await tenant.pause({ scope: { provider: 'github' }, since: 0, by: 'admin', note: 'why' })
    await tenant.resume({ provider: 'github' }, 'admin')
    await tenant.resume({ provider: 'github' }, 'admin')
    const at = new Date().toISOString()
    const note = { at, action: 'token.rotated', by: 'admin', target: 'key', details: {} }
    await tenant.note(note)
    const { records } = await tenant.export(0, 100)
    const told = records.map((each) => (each.kind === 'control' ? each.control : null))
    const call = {
      grant: 'gr_1',
      project: 'website',
      agent: 'triage',
      provider: 'github',
      method: 'POST',
      path: '/repos/a/issues',
    }
    expect(told).toMatchObject([
      {
        action: 'grant.created',
        by: 'admin',
        target: grant.id,
        details: {
          agent: 'triage',
          project: 'website',
          providers: 'github:write',
          max_calls: 7,
          cidrs: '203.0.113.0/24',
        },
      },
      { action: 'grant.rotated', by: 'access:a@b.c', target: grant.id, details: { overlap: 5 } },
      { action: 'approval.requested', by: 'agent:triage', target: id, details: call },
      { action: 'approval.denied', by: 'admin', target: id, details: { ...call, scope: null } },
      { action: 'pause.set', target: 'provider github', details: { provider: 'github' } },
      { action: 'pause.ended', target: 'provider github', details: { provider: 'github' } },
      note,
    ])
    expect(records.every((each) => each.tenant === name)).toBe(true)
    expect(await tenant.verify(null)).toMatchObject({ records: 7, faults: [], next: null })
  })

  it('is followed by who waits for it', async () => {
    const known = aTenant()
    await granted(known)
    expect(await known.tenant.follow(0, 0)).toHaveLength(1)
    const following = known.tenant.follow(1, 10_000)
    const opened = { kind: 'opened', event: anEventText() } as const
    await known.tenant.record([opened])
    expect(await following).toMatchObject([{ seq: 2, kind: 'opened' }])
    expect(await known.tenant.follow(2, 20)).toEqual([])
  })
})

describe('an eviction', () => {
  it('loses nothing', async () => {
    const known = aTenant()
    const { tenant, stub } = known
    const { grant, hash } = await granted(known)
    await tenant.pause({ scope: { provider: 'slack' }, since: 5, by: 'admin', note: 'n' })
    const entry = anEntry({ id: grant.id, hash }, { approval: anAsk() })
    const asked = await tenant.enter(entry)
    const id = asked.is === 'pending' ? asked.id : ''
    const everything = async () => ({
      look: await tenant.look(hash),
      approvals: await tenant.approvals({ limit: 10 }),
      records: await tenant.export(0, 100),
      counts: await tenant.counts(),
    })
    const before = await everything()
    await evictDurableObject(stub)
    expect(await everything()).toEqual(before)
    await tenant.decide(id, { approve: true, scope: 'once' }, 'admin')
    await evictDurableObject(stub)
    expect(await tenant.enter(entry)).toMatchObject({ is: 'in', approval: id })
    await evictDurableObject(stub)
    expect(await tenant.enter(entry)).toMatchObject({ is: 'pending', fresh: true })
  })
})

describe('the daily alarm', () => {
  const alarmOf = ({ stub }: Known) =>
    runInDurableObject(stub, (_, { storage }) => storage.getAlarm())

  it('is set by the first change, and not moved by the next ones', async () => {
    const known = aTenant()
    await granted(known)
    const first = await alarmOf(known)
    expect(first).toBeGreaterThan(Date.now() + DAY - MINUTE)
    await evictDurableObject(known.stub)
    travel(HOUR)
    await granted(known)
    expect(await alarmOf(known)).toBe(first)
  })

  it('removes records beyond the retention, and the chain still verifies', async () => {
    const known = aTenant()
    const { grant } = await granted(known)
    travel(31 * DAY)
    await known.tenant.changeGrant(grant.id, { is: 'revoke' }, 'admin')
    expect(await runDurableObjectAlarm(known.stub)).toBe(true)
    expect(await actions(known)).toEqual(['grant.revoked', 'audit.pruned'])
    expect(await known.tenant.verify(null)).toMatchObject({ faults: [] })
    expect(await known.tenant.grant(grant.id)).not.toBeNull()
    expect(await alarmOf(known)).toBeGreaterThan(Date.now() + DAY - MINUTE)
  })

  it('forgets approvals a day after their end', async () => {
    const known = aTenant()
    await known.tenant.enter(anEntry(null, { approval: anAsk() }))
    travel(DAY)
    await runDurableObjectAlarm(known.stub)
    expect(await known.tenant.approvals({ limit: 10 })).toMatchObject([{ state: 'expired' }])
    travel(HOUR)
    await runDurableObjectAlarm(known.stub)
    expect(await known.tenant.approvals({ limit: 10 })).toEqual([])
  })
})

describe('tenants', () => {
  it('know nothing of each other', async () => {
    const [one, other] = [aTenant(), aTenant()]
    const { grant, hash } = await granted(one)
    await one.tenant.pause({ scope: { all: true }, since: 0, by: 'admin', note: '' })
    expect(await other.tenant.look(hash)).toEqual({ grant: null, pauses: [] })
    expect(await other.tenant.grant(grant.id)).toBeNull()
    const entry = anEntry({ id: grant.id, hash })
    expect(await other.tenant.enter(entry)).toEqual({ is: 'out', because: 'unknown' })
    expect((await other.tenant.grants({ limit: 10 })).grants).toEqual([])
    expect(await actions(other)).toEqual([])
  })
})

describe('nothing that is stored', () => {
  it('holds a token, the value of a query, a body or a path that was redacted', async () => {
    const sentinel = 'sentinel-of-everything-that-must-not-be-kept'
    const known = aTenant()
    const { tenant, name, stub } = known
    const { grant, hash, token } = await granted(known, { note: 'seen' })
    const next = newToken(random)
    const rotated = { is: 'rotate', hash: await tokenHash(next), overlap: 60 } as const
    await tenant.changeGrant(grant.id, rotated, `admin ${token}`)
    const path = `/repos/${sentinel}`
    const subject = { tenant: name, path, query: `?q=${sentinel}`, body: sentinel }
    const ask = anAsk(subject, { pattern: null, shown_path: '/repos/[redacted]' })
    const entry = anEntry({ id: grant.id, hash }, { approval: ask })
    const asked = await tenant.enter(entry)
    const id = asked.is === 'pending' ? asked.id : ''
    await tenant.decide(id, { approve: true, scope: '1h' }, 'admin')
    await tenant.pause({ scope: { agent: token }, since: 0, by: 'admin', note: '' })
    await tenant.resume({ agent: token }, 'admin')
    expect(await tenant.enter(entry)).toMatchObject({ is: 'in', approval: id })

    const text = await textIn(stub)
    expect(text).toContain('/repos/[redacted]')
    expect(text).toContain(hash)
    for (const secret of [sentinel, token, next]) expect(text).not.toContain(secret)
    expect(JSON.stringify(await tenant.approvals({ limit: 10 }))).not.toContain(sentinel)
  })

  it('finds what it looks for', async () => {
    const known = aTenant()
    await granted(known, { note: 'sentinel-in-a-note' })
    expect(await textIn(known.stub)).toContain('sentinel-in-a-note')
  })
})

it('ids name their tenant by its tag alone', () => {
  expect(newId('gr', 'acme', random)).not.toContain('acme')
})

describe('records that may be there already', () => {
  const now = () => Date.now()
  const call = (id: string) => ({ kind: 'call', event: anEventText({ id }) }) as const
  const closed = (id: string) =>
    ({ kind: 'closed', opened: 1, event: anEventText({ id }) }) as const
  const control = (details: Record<string, number>) =>
    ({
      kind: 'control',
      control: { at: 'then', action: 'a', by: 'b', target: 't', details },
    }) as const
  const refusals = (count: number) =>
    ({ kind: 'refusals', refusals: { since: 'then', until: 'now', counts: { x: count } } }) as const

  /** As the ledger gives it back. */
  const shown = (record: NewRecord): object =>
    'event' in record ? { ...record, event: JSON.parse(record.event) as Event } : record

  it.each<[string, NewRecord, NewRecord]>([
    ['a call', call('1'), call('2')],
    ['a closing, by another id', closed('1'), closed('2')],
    ['a closing, beside the call of its id', closed('1'), call('1')],
    ['a control', control({ a: 1 }), control({ a: 2 })],
    ['refusals', refusals(1), refusals(2)],
  ])('%s is recorded once, and another one too', async (_title, one, other) => {
    const { tenant } = aTenant()
    const at = now()
    await tenant.record([one])
    await tenant.record([one, other], at)
    const head = await tenant.record([one, other], at)
    expect(head.seq).toBe(2)
    const { records } = await tenant.export(0, 10)
    expect(records).toMatchObject([shown(one), shown(other)])
    expect((await tenant.verify(null)).faults).toEqual([])
  })

  it('are recorded again when nobody doubts them, or when the doubt is younger', async () => {
    const { tenant } = aTenant()
    await tenant.record([call('1')])
    await tenant.record([call('1')], null)
    const { seq } = await tenant.record([call('1')], now() + HOUR)
    expect(seq).toBe(3)
  })

  it('are found after the object was put away', async () => {
    const { tenant, stub } = aTenant()
    const at = now()
    await tenant.record(Array.from({ length: 200 }, (_, index) => call(`call ${index}`)))
    await evictDurableObject(stub)
    expect(await tenant.record([call('call 7'), call('new')], at)).toMatchObject({ seq: 201 })
  })
})
