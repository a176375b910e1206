import { describe, expect, it } from 'vitest'

import type { Grant, Widening } from '../../src/grants/grant.ts'
import { narrowedBy } from '../../src/grants/narrow.ts'
import { readingsOf } from '../../src/policy/path.ts'
import type { AccessAsk, AccessRequest } from '../../src/widening/access_request.ts'
import { stateAt } from '../../src/widening/access_request.ts'
import {
  keyOf,
  MOST_OF_AGENT,
  MOST_OF_TENANT,
  requesting,
  WAITS_MS,
} from '../../src/widening/asking.ts'
import { decidedAccess } from '../../src/widening/deciding.ts'
import { accessMessage } from '../../src/widening/message.ts'
import { asOf, covers, liveIn, MOST_WIDENINGS, narrowedSince } from '../../src/widening/widening.ts'

const NOW = 1_800_000_000_000
const HOUR = 3_600_000

function aGrant(over: Partial<Grant> = {}): Grant {
  return {
    id: 'gr_1',
    tenant: 'acme',
    project: null,
    agent: 'agent',
    providers: [
      { provider: 'forge', access: 'read', allow: null, deny: ['/secret/**'] },
      {
        provider: 'narrow',
        access: 'read',
        allow: [{ methods: ['GET'], pattern: '/open/**' }],
        deny: [],
      },
    ],
    cidrs: [],
    created: NOW - HOUR,
    expires: NOW + 10 * HOUR,
    revoked: null,
    max_calls: null,
    rate_limits: [],
    approval: 'none',
    approval_hold_seconds: 0,
    note: '',
    tokens: [],
    ...over,
  }
}

function aWidening(over: Partial<Widening> = {}): Widening {
  return {
    id: 'ar_1',
    provider: 'forge',
    access: 'write',
    allow: null,
    deny: [],
    until: null,
    ...over,
  }
}

function anAsk(over: Partial<AccessAsk> = {}): AccessAsk {
  return {
    provider: 'forge',
    access: 'write',
    allow: null,
    duration: null,
    grant: 'gr_1',
    grant_note: 'a note',
    project: null,
    agent: 'agent',
    reason: 'because',
    ...over,
  }
}

function aRequest(over: Partial<AccessRequest> = {}): AccessRequest {
  const ask = anAsk()
  const open = { state: 'pending', created: NOW, expires: NOW + WAITS_MS } as const
  return { id: 'ar_1', key: keyOf(ask), ask, ...open, decided: null, by: null, ...over }
}

describe('a grant that was widened', () => {
  const postIssues = [{ methods: ['POST'], pattern: '/issues' }]
  const ok = (widened: readonly Widening[], line: string, provider = 'forge') => {
    const [method = '', path = ''] = line.split(' ')
    const sensitive = method !== 'GET'
    const call = { provider, method, path, readings: readingsOf(path), sensitive }
    return narrowedBy(aGrant({ widened }), call)
  }

  it.each<[string, readonly Widening[], string, string, boolean]>([
    ['nothing was added', [], 'POST /issues', 'forge', false],
    ['to write', [aWidening()], 'POST /issues', 'forge', true],
    ['to write there', [aWidening({ allow: postIssues })], 'POST /issues', 'forge', true],
    ['to write elsewhere', [aWidening({ allow: postIssues })], 'POST /other', 'forge', false],
    ['to write there, and reads', [aWidening({ allow: postIssues })], 'GET /other', 'forge', true],
    ['what the grant denies', [aWidening()], 'GET /secret/x', 'forge', false],
    ['a reading of what it denies', [aWidening()], 'GET /secret%2Fx', 'forge', false],
    ['to write, for another', [aWidening({ provider: 'other' })], 'POST /issues', 'forge', false],
    ['another provider', [aWidening({ provider: 'other' })], 'POST /x', 'other', true],
    [
      'another to read',
      [aWidening({ provider: 'other', access: 'read' })],
      'POST /x',
      'other',
      false,
    ],
    [
      'more to read',
      [aWidening({ provider: 'narrow', access: 'read' })],
      'GET /shut',
      'narrow',
      true,
    ],
    [
      'a second one',
      [aWidening({ provider: 'x' }), aWidening({ id: 'ar_2' })],
      'PUT /x',
      'forge',
      true,
    ],
  ])('%s', (_, widened, line, provider, goes) => {
    expect(ok(widened, line, provider).ok).toBe(goes)
  })

  it('names what let the call through', () => {
    expect(ok([aWidening({ allow: postIssues })], 'POST /issues')).toEqual({
      ok: true,
      pattern: '/issues',
      rule: 'grant gr_1.widened ar_1.allow[0]',
    })
  })

  it('has nothing of what has ended, from that very moment', () => {
    const grant = aGrant({ widened: [aWidening({ until: NOW + 1 }), aWidening({ id: 'ar_2' })] })
    expect(liveIn(grant, NOW).map(({ id }) => id)).toEqual(['ar_1', 'ar_2'])
    expect(asOf(grant, NOW + 1).widened?.map(({ id }) => id)).toEqual(['ar_2'])
    expect(asOf(aGrant(), NOW)).not.toHaveProperty('widened')
  })

  it.each([
    [['ar_1'], ['ar_1'], null],
    [['ar_1', 'ar_2'], ['ar_1'], null],
    [[], ['ar_1'], 'narrowed'],
    [['ar_2'], ['ar_1', 'ar_2'], 'narrowed'],
    [[], [], null],
  ])('of %j, known as %j, is %s', (has, known, is) => {
    const widened = has.map((id) => aWidening({ id }))
    expect(narrowedSince(aGrant({ widened }), known)).toBe(is)
  })
})

describe('what a grant has already', () => {
  const rule = [{ methods: ['GET'], pattern: '/open/**' }]
  it.each<[Partial<AccessAsk>, boolean]>([
    [{ provider: 'narrow', access: 'read', allow: rule }, true],
    [{ provider: 'narrow', access: 'write', allow: rule }, false],
    [{ provider: 'narrow', access: 'read' }, false],
    [
      { provider: 'narrow', access: 'read', allow: [{ methods: ['GET'], pattern: '/open/x' }] },
      false,
    ],
    [{ provider: 'other', access: 'read' }, false],
    // Some of it is denied, and a person may have to say so.
    [{ provider: 'forge', access: 'read' }, false],
  ])('%j: %s', (wish, has) => {
    expect(covers(aGrant(), anAsk(wish), NOW)).toBe(has)
  })

  it('by what was added, while that holds', () => {
    const grant = aGrant({ widened: [aWidening({ provider: 'other', until: NOW + 5 })] })
    const wish = anAsk({ provider: 'other', access: 'read', allow: rule })
    expect([covers(grant, wish, NOW), covers(grant, wish, NOW + 5)]).toEqual([true, false])
  })
})

describe('asking', () => {
  const none = { same: null, pending: () => ({ agent: 0, tenant: 0 }) }
  const made = { id: 'ar_new', now: NOW }

  it('is a question that waits for a day', () => {
    expect(requesting(anAsk(), none, made)).toMatchObject({
      is: 'known',
      fresh: true,
      request: { id: 'ar_new', state: 'pending', expires: NOW + WAITS_MS },
    })
  })

  it.each(['pending', 'approved', 'denied'] as const)('again is the same one, %s', (state) => {
    const same = aRequest({ state })
    const known = { same, pending: () => ({ agent: 1e6, tenant: 1e6 }) }
    expect(requesting(anAsk({ reason: 'another' }), known, made)).toEqual({
      is: 'known',
      fresh: false,
      request: same,
    })
    const later = { ...made, now: same.expires }
    expect(requesting(anAsk(), { ...none, same }, later)).toMatchObject({ fresh: true })
  })

  it.each([
    [{ provider: 'other' }],
    [{ access: 'read' as const }],
    [{ allow: [{ methods: ['GET'], pattern: '/x' }] }],
    [{ duration: 60 }],
    [{ grant: 'gr_2' }],
  ])('%j is another question', (other) => {
    expect(keyOf(anAsk(other))).not.toBe(keyOf(anAsk()))
    expect(keyOf(anAsk({ reason: 'x', grant_note: 'y' }))).toBe(keyOf(anAsk()))
  })

  it.each([
    [{ agent: MOST_OF_AGENT, tenant: 0 }, 'crowded'],
    [{ agent: 0, tenant: MOST_OF_TENANT }, 'crowded'],
    [{ agent: MOST_OF_AGENT - 1, tenant: MOST_OF_TENANT - 1 }, 'known'],
  ])('with %j pending is %s', (pending, is) => {
    expect(requesting(anAsk(), { same: null, pending: () => pending }, made).is).toBe(is)
  })
})

describe('deciding', () => {
  const yes = { approve: true, expires_in: null }
  const no = { approve: false, expires_in: null }
  const act = { by: 'admin', now: NOW + 1000 }

  it('yes widens the grant, as long as it lasts', () => {
    expect(decidedAccess(aRequest(), aGrant(), yes, act)).toMatchObject({
      is: 'decided',
      request: { state: 'approved', by: 'admin', decided: act.now, expires: NOW + 10 * HOUR },
      grant: { widened: [{ id: 'ar_1', provider: 'forge', access: 'write', until: null }] },
    })
  })

  it.each([
    ['what was asked for', 60, null, act.now + 60_000],
    ['what the operator says', 60, 30, act.now + 30_000],
    ['the end of the grant at most', 90 * 86_400, null, NOW + 10 * HOUR],
    ['and whatever an operator says', null, 90 * 86_400, NOW + 10 * HOUR],
  ])('for %s', (_, duration, expires_in, until) => {
    const request = aRequest({ ask: anAsk({ duration }) })
    expect(decidedAccess(request, aGrant(), { approve: true, expires_in }, act)).toMatchObject({
      request: { expires: until },
      grant: { widened: [{ until }] },
    })
  })

  it('no leaves the grant as it is', () => {
    expect(decidedAccess(aRequest(), aGrant(), no, act)).toMatchObject({
      is: 'decided',
      request: { state: 'denied', expires: NOW + WAITS_MS },
      grant: null,
    })
  })

  it('no to what was approved takes that back, and nothing else', () => {
    const grant = aGrant({ widened: [aWidening(), aWidening({ id: 'ar_2' })] })
    const request = aRequest({ state: 'approved', expires: NOW + 100 * WAITS_MS })
    expect(decidedAccess(request, grant, no, act)).toMatchObject({
      request: { state: 'denied', expires: act.now + WAITS_MS },
      grant: { widened: [{ id: 'ar_2' }] },
    })
  })

  it.each<[string, Partial<AccessRequest>, Partial<Grant> | null, boolean, object]>([
    ['twice', { state: 'approved' }, {}, true, { is: 'settled', state: 'approved' }],
    ['after a no', { state: 'denied' }, {}, true, { is: 'settled', state: 'denied' }],
    ['no after a no', { state: 'denied' }, {}, false, { is: 'settled', state: 'denied' }],
    ['too late', { expires: act.now }, {}, true, { is: 'settled', state: 'expired' }],
    ['of a grant that is not there', {}, null, true, { is: 'ended' }],
    ['of one that was revoked', {}, { revoked: NOW }, true, { is: 'ended' }],
    ['of one that has ended', {}, { expires: act.now }, true, { is: 'ended' }],
  ])('%s changes nothing', (_, request, grant, approve, outcome) => {
    const whose = grant && aGrant(grant)
    const answer = { approve, expires_in: null }
    expect(decidedAccess(aRequest(request), whose, answer, act)).toEqual(outcome)
  })

  it('what has ended makes room for more', () => {
    const many = (until: number | null) =>
      Array.from({ length: MOST_WIDENINGS }, (_, n) => aWidening({ id: `ar_x${n}`, until }))
    const full = aGrant({ widened: many(null) })
    expect(decidedAccess(aRequest(), full, yes, act)).toEqual({ is: 'full' })
    const decision = decidedAccess(aRequest(), aGrant({ widened: many(NOW) }), yes, act)
    expect(decision.is === 'decided' && decision.grant?.widened?.length).toBe(1)
  })

  it('a request ends', () => {
    for (const state of ['pending', 'approved', 'denied'] as const) {
      const request = aRequest({ state })
      expect(stateAt(request, request.expires - 1)).toBe(state)
      expect(stateAt(request, request.expires)).toBe('expired')
    }
  })
})

it('people are told what decides first, and no words of the agent are markup', () => {
  const { text, ...rest } = accessMessage('ar_1', 'acme', anAsk({ reason: '<!channel> & more' }))
  expect(rest).toMatchObject({ access_request_id: 'ar_1', tenant: 'acme', agent: 'agent' })
  expect(text).toMatch(/^outpost approve ar_1 {3}or {3}outpost deny ar_1\n/)
  expect(text).toContain('&lt;!channel&gt; &amp; more')
  const long = accessMessage('ar_1', 'acme', anAsk({ grant_note: 'x'.repeat(9000) }))
  expect(String(long['text']).length).toBeLessThan(3100)
})
