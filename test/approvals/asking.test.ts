import { describe, expect, it } from 'vitest'

import { stateAt } from '../../src/approvals/approval.ts'
import type { Approval, ApprovalState } from '../../src/approvals/approval.ts'
import {
  asking,
  coverOf,
  keyOf,
  MOST_OF_AGENT,
  MOST_OF_TENANT,
  PENDING_MS,
} from '../../src/approvals/asking.ts'
import type { Known } from '../../src/approvals/asking.ts'
import { decided } from '../../src/approvals/deciding.ts'
import { anAsk } from '../tenants/world.ts'

const NOW = 1_800_000_000_000
const MINUTE = 60_000

function anApproval(over: Partial<Approval> = {}): Approval {
  const ask = anAsk()
  const asked = asking(ask, nothing, { id: 'ap_1', now: NOW })
  if (asked.is !== 'pending') throw new Error(asked.is)
  return { ...asked.approval, ...over }
}

const nobody = () => ({ agent: 0, tenant: 0 })
const nothing: Known = { same: null, timed: null, pending: nobody }

const once = { state: 'approved', scope: 'once', decided: NOW, by: 'admin' } as const
const timed = { ...once, id: 'ap_t', scope: '10m', expires: NOW + 10 * MINUTE } as const

describe('a call that asks', () => {
  it.each<[string, Partial<Known>, number, string]>([
    ['for the first time', {}, 0, 'pending new, changed'],
    ['while it is pending', { same: anApproval() }, MINUTE, 'pending ap_1'],
    ['after that has expired', { same: anApproval() }, PENDING_MS, 'pending new, changed'],
    ['after a denial', { same: anApproval({ state: 'denied' }) }, MINUTE, 'denied ap_1'],
    [
      'after a denial that has expired',
      { same: anApproval({ state: 'denied' }) },
      PENDING_MS,
      'pending new, changed',
    ],
    ['once approved', { same: anApproval(once) }, MINUTE, 'in ap_1, changed'],
    ['once approved, too late', { same: anApproval(once) }, PENDING_MS, 'pending new, changed'],
    ['again', { same: anApproval({ ...once, state: 'used' }) }, 1, 'pending new, changed'],
    ['in a timed scope', { timed: anApproval(timed) }, MINUTE, 'in ap_t, changed'],
    ['in it, again', { timed: anApproval({ ...timed, used: NOW }) }, MINUTE, 'in ap_t'],
    ['in it, itself', { same: anApproval(timed), timed: anApproval(timed) }, 1, 'in ap_t, changed'],
    ['after it', { timed: anApproval(timed) }, 10 * MINUTE, 'pending new, changed'],
    [
      'denied itself, in a timed scope',
      { same: anApproval({ state: 'denied' }), timed: anApproval(timed) },
      MINUTE,
      'denied ap_1',
    ],
    [
      'pending itself, in a timed scope',
      { same: anApproval(), timed: anApproval(timed) },
      MINUTE,
      'in ap_t, changed',
    ],
    [
      'approved for once, in a timed scope',
      { same: anApproval(once), timed: anApproval(timed) },
      MINUTE,
      'in ap_1, changed',
    ],
    ['beside 99 of its agent', { pending: full(MOST_OF_AGENT - 1, 99) }, 0, 'pending new, changed'],
    ['beside 100 of its agent', { pending: full(MOST_OF_AGENT, 100) }, 0, 'crowded'],
    ['beside 1000 of the tenant', { pending: full(0, MOST_OF_TENANT) }, 0, 'crowded'],
    [
      'pending, beside 100 others',
      { same: anApproval(), pending: full(MOST_OF_AGENT, 100) },
      1,
      'pending ap_1',
    ],
    [
      'approved, beside 100 others',
      { same: anApproval(once), pending: full(MOST_OF_AGENT, 100) },
      1,
      'in ap_1, changed',
    ],
  ])('%s', (_title, known, later, outcome) => {
    const now = NOW + later
    const asked = asking(anAsk(), { ...nothing, ...known }, { id: 'new', now })
    const id = 'approval' in asked ? ` ${asked.approval.id}` : ''
    const changed = 'changed' in asked && asked.changed ? ', changed' : ''
    expect(`${asked.is}${id}${changed}`).toBe(outcome)
  })

  it('is used by its first use', () => {
    const asked = asking(anAsk(), { ...nothing, same: anApproval(once) }, { id: 'x', now: NOW + 5 })
    expect(asked).toMatchObject({ approval: { state: 'used', used: NOW + 5 } })
  })

  it('has nothing of the query or the body in what is kept, and of the path what may be shown', () => {
    const ask = anAsk(
      { path: '/raw', query: '?raw', body: 'raw' },
      { pattern: null, shown_path: '/[redacted]' },
    )
    const asked = asking(ask, nothing, { id: 'new', now: NOW })
    expect(JSON.stringify(asked)).not.toContain('raw')
    expect(asked).toMatchObject({ approval: { ask: { pattern: '/[redacted]' } } })
  })
})

function full(agent: number, tenant: number): Known['pending'] {
  return () => ({ agent, tenant })
}

describe('a key', () => {
  const { subject } = anAsk()

  it('is that of the very call', () => {
    expect(keyOf({ ...subject })).toBe(keyOf(subject))
    expect(keyOf(subject)).toMatch(/^[0-9a-f]{64}$/)
  })

  it.each(Object.keys(subject) as (keyof typeof subject)[])(
    'is another with another %s',
    (field) => {
      expect(keyOf({ ...subject, [field]: `${subject[field]}x` })).not.toBe(keyOf(subject))
    },
  )

  it.each([
    [
      { path: '/a', query: '?b' },
      { path: '/a?b', query: '' },
    ],
    [
      { agent: 'a","b', provider: 'c' },
      { agent: 'a', provider: 'b","c' },
    ],
    [
      { agent: 'a\u0000', provider: 'b' },
      { agent: 'a', provider: '\u0000b' },
    ],
    [{ path: '/\ud800' }, { path: '/\ufffd' }],
  ])('tells calls apart whose parts run together alike: %#', (one, other) => {
    expect(keyOf({ ...subject, ...one })).not.toBe(keyOf({ ...subject, ...other }))
  })
})

describe('what a timed scope covers', () => {
  const cover = (over: Parameters<typeof anAsk>[0], pattern: string | null = '/repos/*/issues') =>
    coverOf(anAsk(over, { pattern }))

  it.each([
    ['another path', { path: '/repos/b/issues' }, true],
    ['another query', { query: '?y' }, true],
    ['another body', { body: 'bb' }, true],
    ['another tenant', { tenant: 'other' }, false],
    ['another agent', { agent: 'other' }, false],
    ['another provider', { provider: 'other' }, false],
    ['another method', { method: 'DELETE' }, false],
  ])('%s: %o, %s', (_title, over, same) => {
    expect(cover(over) === cover({})).toBe(same)
  })

  it('is another with another pattern', () => {
    expect(cover({}, '/repos/**')).not.toBe(cover({}))
  })

  it('is one path, where no rule spoke, though it be spelt like a pattern', () => {
    expect(cover({ path: '/repos/**' }, null)).not.toBe(cover({}, '/repos/**'))
  })
})

describe('an answer', () => {
  const act = { by: 'admin', now: NOW + MINUTE }

  it.each([
    ['once', NOW + PENDING_MS],
    ['10m', NOW + 11 * MINUTE],
    ['1h', NOW + 61 * MINUTE],
  ] as const)('approves for %s', (scope, expires) => {
    expect(decided(anApproval(), { approve: true, scope }, act)).toEqual({
      ...anApproval(),
      state: 'approved',
      scope,
      expires,
      decided: NOW + MINUTE,
      by: 'admin',
    })
  })

  it('denies, until the agent may ask again', () => {
    expect(decided(anApproval(), { approve: false, scope: '1h' }, act)).toMatchObject({
      state: 'denied',
      scope: null,
      expires: NOW + PENDING_MS,
    })
  })

  it('takes back what was approved and still lets calls through', () => {
    const approved = anApproval({ ...once, scope: '1h', used: NOW })
    const no = { approve: false, scope: 'once' } as const
    expect(decided(approved, no, { by: 'admin', now: NOW })).toMatchObject({ state: 'denied' })
    expect(decided(approved, { ...no, approve: true }, { by: 'admin', now: NOW })).toBeNull()
  })

  it.each([
    ['denied', anApproval({ state: 'denied' }), NOW],
    ['used', anApproval({ ...once, state: 'used' }), NOW],
    ['expired', anApproval(), NOW + PENDING_MS],
  ])('is no answer to what is %s', (_state, approval, now) => {
    for (const approve of [true, false]) {
      expect(decided(approval, { approve, scope: 'once' }, { by: 'admin', now })).toBeNull()
    }
  })
})

it.each<[Partial<Approval>, number, ApprovalState]>([
  [{}, PENDING_MS - 1, 'pending'],
  [{}, PENDING_MS, 'expired'],
  [once, PENDING_MS - 1, 'approved'],
  [once, PENDING_MS, 'expired'],
  [{ ...once, state: 'used' }, PENDING_MS, 'used'],
  [{ state: 'denied' }, PENDING_MS, 'denied'],
])('%o after %i ms is %s', (over, later, state) => {
  expect(stateAt(anApproval(over), NOW + later)).toBe(state)
})
