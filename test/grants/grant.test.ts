import { describe, expect, it } from 'vitest'

import { changed, newGrant, viewOf } from '../../src/grants/changes.ts'
import type { GrantChange } from '../../src/grants/changes.ts'
import { grantProblem, stateOf, wantsApproval } from '../../src/grants/grant.ts'
import type { Grant } from '../../src/grants/grant.ts'
import { aGrantInput } from '../tenants/world.ts'

const NOW = Date.UTC(2026, 10, 22, 10)
const SECOND = 1000
const HOUR = 3600 * SECOND

/** A grant of an hour with the token `first`. */
function aGrant(...changes: readonly (readonly [after: number, change: GrantChange])[]): Grant {
  const grant = newGrant(aGrantInput(), { id: 'gr_1', hash: 'first', now: NOW })
  return changes.reduce((so, [after, change]) => changed(so, change, NOW + after), grant)
}

const rotate = (hash: string, overlap: number) => ({ is: 'rotate', hash, overlap }) as const
const renew = { is: 'renew', expires_in: 600 } as const
const revoke = { is: 'revoke' } as const

describe('whether a token holds', () => {
  it.each<[string, Grant, string, number, ReturnType<typeof grantProblem>]>([
    ['from the start', aGrant(), 'first', 0, null],
    ['to the last moment', aGrant(), 'first', HOUR - 1, null],
    ['at the end', aGrant(), 'first', HOUR, 'expired'],
    ['of somebody else', aGrant(), 'other', 0, 'replaced'],
    ['revoked', aGrant([1, revoke]), 'first', 2, 'revoked'],
    ['revoked and expired', aGrant([1, revoke]), 'first', HOUR, 'revoked'],
    ['renewed', aGrant([HOUR, renew]), 'first', HOUR + 599 * SECOND, null],
    ['renewed, at its new end', aGrant([HOUR, renew]), 'first', HOUR + 600 * SECOND, 'expired'],
    ['renewed to end sooner', aGrant([0, renew]), 'first', 600 * SECOND, 'expired'],
    ['revoked, then renewed', aGrant([0, revoke], [1, renew]), 'first', 2, 'revoked'],
    ['rotated at once', aGrant([0, rotate('next', 0)]), 'first', 0, 'replaced'],
    ['new by a rotation', aGrant([0, rotate('next', 0)]), 'next', 0, null],
    ['old, in the overlap', aGrant([0, rotate('next', 60)]), 'first', 60 * SECOND - 1, null],
    ['old, after it', aGrant([0, rotate('next', 60)]), 'first', 60 * SECOND, 'replaced'],
    ['rotated, then expired', aGrant([0, rotate('next', 7200)]), 'first', HOUR, 'expired'],
    ['rotated twice', aGrant([0, rotate('b', 60)], [1, rotate('c', 60)]), 'first', 2, 'replaced'],
    ['between', aGrant([0, rotate('b', 60)], [1, rotate('c', 60)]), 'b', 2, null],
    ['revoked, then rotated', aGrant([0, revoke], [1, rotate('next', 0)]), 'next', 2, 'replaced'],
  ])('%s', (_title, grant, hash, after, problem) => {
    expect(grantProblem(grant, hash, NOW + after)).toBe(problem)
  })

  it('of a grant without tokens: it does not', () => {
    expect(grantProblem({ ...aGrant(), tokens: [] }, 'first', NOW)).toBe('replaced')
  })
})

it('no more than two tokens are kept, whatever is rotated', () => {
  const grant = aGrant(...['a', 'b', 'c', 'd'].map((hash) => [1, rotate(hash, 9)] as const))
  expect(grant.tokens).toEqual([
    { hash: 'd', created: NOW + 1, until: null },
    { hash: 'c', created: NOW + 1, until: NOW + 1 + 9 * SECOND },
  ])
})

it('a new grant has its providers in lower case', () => {
  const providers = [{ provider: 'GitHub', access: 'read', allow: null, deny: [] }] as const
  const grant = newGrant(aGrantInput({ providers }), { id: 'gr_1', hash: 'aa', now: NOW })
  expect(grant.providers).toMatchObject([{ provider: 'github' }])
})

it('the first moment of a revocation stays', () => {
  expect(aGrant([5, revoke], [9, revoke]).revoked).toBe(NOW + 5)
})

it('a view has no hash, and times in ISO', () => {
  const grant = aGrant([0, rotate('next', 60)], [1000, revoke])
  const view = viewOf(grant, NOW)
  expect(view).toEqual({
    ...aGrantInputWithout('expires_in'),
    id: 'gr_1',
    state: 'revoked',
    created_at: '2026-11-22T10:00:00.000Z',
    expires_at: '2026-11-22T11:00:00.000Z',
    revoked_at: '2026-11-22T10:00:01.000Z',
    widened: [],
    tokens: [
      { created_at: '2026-11-22T10:00:00.000Z', valid_until: null },
      { created_at: '2026-11-22T10:00:00.000Z', valid_until: '2026-11-22T10:01:00.000Z' },
    ],
  })
  expect(JSON.stringify(view)).not.toMatch(/first|next/)
})

function aGrantInputWithout(field: 'expires_in') {
  const { [field]: _, ...rest } = aGrantInput()
  return rest
}

it.each([
  [aGrant(), 0, 'active'],
  [aGrant(), HOUR, 'expired'],
  [aGrant([0, revoke]), HOUR, 'revoked'],
] as const)('%#: a state', (grant, after, state) => {
  expect(stateOf(grant, NOW + after)).toBe(state)
})

it.each([
  ['none', false, false],
  ['none', true, false],
  ['sensitive', false, false],
  ['sensitive', true, true],
  ['all', false, true],
  ['all', true, true],
] as const)('approval %s, a sensitive call: %s, waits: %s', (approval, sensitive, wants) => {
  expect(wantsApproval({ ...aGrant(), approval }, sensitive)).toBe(wants)
})
