import { describe, expect, it } from 'vitest'

import { outbound } from '../src/outbound.ts'
import { permitted } from '../src/policy/decision.ts'
import { presentedIn, slotsOf } from '../src/presented.ts'
import { aCatalog, aCaller, aProvider, decided } from './builders.ts'

const KEY = 'agent-key-of-a-host-entry'
const GRANT = `op_${'g'.repeat(43)}`
const STRANGE = `op_${'s'.repeat(43)}`

const keyed = (name: string, header: string, prefix = '') =>
  aProvider({
    name,
    auth: { type: 'api_key_header', secret: { env: 'X' }, header, prefix, invalidate_on: [] },
  })
const PROVIDERS = [
  aProvider(),
  keyed('globex', 'X-Globex-Id'),
  keyed('initech', 'X-Globex-Id', 'Initech '),
  aProvider({
    name: 'query',
    auth: { type: 'api_key_query', secret: { env: 'X' }, param: 'app_id', invalidate_on: [] },
  }),
  aProvider({ name: 'none', auth: { type: 'none', invalidate_on: [] } }),
]
const CATALOG = aCatalog(PROVIDERS)
const SLOTS = slotsOf(CATALOG)

function aCallWith(name: string, headers: Record<string, string>, query = '') {
  const request = new Request(`https://proxy.test/a${query}`, { headers })
  return { method: 'GET', path: '/a', query, named: { by: 'header', name } as const, request }
}

/** A slot: the headers and the query that a key stands in. */
type Slot = (key: string) => readonly [headers: Record<string, string>, query?: string]

const OF_OTHERS: readonly [string, Slot][] = [
  ['the header of one', (key) => [{ 'x-globex-id': key }]],
  ['that header with the prefix of another', (key) => [{ 'x-globex-id': `Initech ${key}` }]],
  ['the parameter of one', (key) => [{}, `?a=1&app_id=${key}&b=2`]],
  ['that parameter, spelt otherwise', (key) => [{}, `?a=1&app%5Fid=${key}&b=2`]],
  ['Bearer', (key) => [{ authorization: `Bearer ${key}` }]],
  ['Basic', (key) => [{ authorization: `Basic ${btoa(`any:${key}`)}` }]],
]

describe.each(OF_OTHERS)('a key in %s', (_title, slot) => {
  it.each(PROVIDERS.map(({ name }) => name))('is seen when the call names %s', (name) => {
    for (const key of [KEY, GRANT]) {
      const presented = presentedIn(aCallWith(name, ...slot(key)), SLOTS)
      expect(presented.deciding).toContain(key)
      expect(presented.all).toContain(key)
    }
  })

  it.each(PROVIDERS)('does not go upstream to $name', (provider) => {
    for (const key of [KEY, GRANT]) {
      for (const beside of [{}, { 'x-outpost-auth': key }]) {
        const [headers, query] = slot(key)
        const call = aCallWith(provider.name, { ...headers, ...beside }, query)
        const { carriers, all: shown } = presentedIn(call, SLOTS)
        const caller = { ...aCaller(), shown, carriers: carriers(key) }
        const draft = outbound(permitted(decided(caller, provider, call)), null)
        expect(JSON.stringify([[...draft.headers], draft.query])).not.toContain(key)
        if (query !== undefined) expect(draft.query).toBe('a=1&b=2')
      }
    }
  })
})

describe('what is somebody else’s', () => {
  it.each<[string, ReturnType<Slot>, string]>([
    ['in the slot of another provider', [{ 'x-globex-id': 'a-customer' }], 'a-customer'],
    ['in a parameter of another provider', [{}, '?app_id=a-customer'], 'a-customer'],
  ])('%s goes upstream: it may be the data of this one', (_title, slot, value) => {
    const call = aCallWith('none', ...slot)
    const { carriers } = presentedIn(call, SLOTS)
    const caller = { ...aCaller(), carriers: carriers(KEY) }
    const [, , , , none] = PROVIDERS
    if (!none) throw new Error('no provider')
    const draft = outbound(permitted(decided(caller, none, call)), null)
    expect(JSON.stringify([[...draft.headers], draft.query])).toContain(value)
  })

  it('and a grant token goes nowhere, whoever’s it is', () => {
    const call = aCallWith('none', { 'x-globex-id': STRANGE }, `?app_id=${STRANGE}`)
    expect(presentedIn(call, SLOTS).carriers(KEY)).toEqual({
      headers: ['x-globex-id'],
      params: ['app_id'],
    })
  })
})

describe('a grant token', () => {
  it.each(['private-token', 'x-auth-token', 'x-api-key', 'x-vault-token', 'apikey'])(
    'in %s, which no provider has, is seen: SDKs put it there',
    (header) => {
      expect(presentedIn(aCallWith('', { [header]: GRANT }), SLOTS).deciding).toEqual([GRANT])
      // A key of a host entry has no form that it could be told by.
      expect(presentedIn(aCallWith('', { [header]: KEY }), SLOTS).deciding).toEqual([])
    },
  )

  it.each([
    ['a grant token in its path', `https://proxy.test/bot${GRANT.replace('op', '%6Fp')}/x`, false],
    ['one in its query', `https://proxy.test/a?key=${STRANGE}`, false],
    ['the caller’s key', `https://proxy.test/a?key=${KEY}`, false],
    ['none', 'https://proxy.test/a?key=1', true],
  ])('does not go upstream in a Referer with %s', (_title, referer, goes) => {
    const call = aCallWith('none', { referer })
    const { carriers, deciding } = presentedIn(call, SLOTS)
    expect(deciding).toEqual([])
    const caller = { ...aCaller(), carriers: carriers(KEY) }
    const draft = outbound(permitted(decided(caller, aProvider(), call)), null)
    expect(draft.headers.has('referer')).toBe(goes)
  })

  it.each(['x-note', 'x-request-id', 'user-agent'])('in %s is only a text', (header) => {
    expect(presentedIn(aCallWith('', { [header]: GRANT }), SLOTS).all).toEqual([])
  })

  it.each([
    ['X-Outpost-Auth', { 'x-outpost-auth': GRANT, 'private-token': STRANGE }, GRANT],
    ['an empty X-Outpost-Auth', { 'x-outpost-auth': '', 'private-token': STRANGE }, ''],
  ])('is decided by %s alone, and all are remembered', (_title, headers, deciding) => {
    const presented = presentedIn(aCallWith('none', headers), SLOTS)
    expect(presented.deciding).toEqual([deciding])
    expect(presented.all).toEqual([deciding, STRANGE])
  })
})

const basic = (pair: string) => `Basic ${btoa(pair)}`

/** `Authorization` as clients write it, and the keys that it shows. */
const AUTHORIZATIONS: readonly [string, (key: string) => string][] = [
  ['Bearer', (key) => `Bearer ${key}`],
  ['small letters', (key) => `bearer ${key}`],
  ['capitals and blanks', (key) => `BEARER \t ${key}`],
  ['token, as git forges take it', (key) => `token ${key}`],
  ['Token', (key) => `Token ${key}`],
  ['Rails', (key) => `Token token="${key}"`],
  ['Rails, without quotes', (key) => `Token token=${key}`],
  ['Rails, with more', (key) => `Token token="${key}", nonce="def"`],
  ['Rails behind Bearer', (key) => `Bearer token="${key}"`],
  ['Basic, the password', (key) => basic(`x-access-token:${key}`)],
  ['Basic, the user name', (key) => basic(`${key}:x-oauth-basic`)],
  ['Basic, the user name alone', (key) => basic(`${key}:`)],
  ['Basic, the password alone', (key) => basic(`:${key}`)],
  ['Basic without a colon', (key) => basic(key)],
  ['Basic in small letters', (key) => basic(`a:${key}`).replace('Basic ', 'basic  ')],
  ['Basic without padding', (key) => basic(`ab:${key}`).replace(/=+$/, '')],
]

/** What only a grant token is recognised in, by its form. */
const OF_GRANTS: readonly [string, (key: string) => string][] = [
  ['nothing in front', (key) => key],
  ['Basic without base64', (key) => `Basic ${key}`],
  ['GenieKey', (key) => `GenieKey ${key}`],
  ['ApiKey', (key) => `ApiKey ${key}`],
  ['Bot', (key) => `Bot ${key}`],
  ['SSWS', (key) => `SSWS ${key}`],
  ['a name with dashes', (key) => `Klaviyo-API-Key ${key}`],
  ['a parameter of any scheme', (key) => `OAuth realm="x", oauth_token="${key}"`],
  ['a parameter without a scheme', (key) => `auth_token=${key}`],
  ['a word behind Bearer', (key) => `Bearer ${key} trailing`],
  ['Basic with colons in the password', (key) => basic(`a:b:${key}`)],
  ['Basic with colons behind', (key) => basic(`a:${key}:b`)],
  // https://docs.stripe.com/keys: its command line takes these forms alone.
  ["the prefix of Stripe's keys", (key) => `Bearer sk_test_${key}`],
  ['that of its restricted ones, in Basic', (key) => basic(`rk_live_${key}:`)],
]

describe('Authorization', () => {
  it.each(AUTHORIZATIONS)('%s shows any key', (_title, value) => {
    for (const key of [KEY, GRANT]) {
      const { deciding, carriers } = presentedIn(
        aCallWith('', { authorization: value(key) }),
        SLOTS,
      )
      expect(deciding).toContain(key)
      expect(carriers(key).headers).toContain('authorization')
    }
  })

  it.each(OF_GRANTS)('%s shows a grant token', (_title, value) => {
    const shown = (key: string) => presentedIn(aCallWith('', { authorization: value(key) }), SLOTS)
    expect(shown(GRANT).deciding).toContain(GRANT)
    expect(shown(GRANT).carriers('').headers).toContain('authorization')
  })

  it.each([
    ['a longer word', `GenieKey ${GRANT}x`],
    ['a word with more in front', `GenieKey x${GRANT}`],
    ['a prefix that does not end', `Bearer sk_test${GRANT}`],
    ['a long text in front', `Bearer ${'a'.repeat(21)}_${GRANT}`],
    ['what is no UTF-8', `Basic ${btoa('\xff:a')}`],
  ])('%s shows no grant token', (_title, authorization) => {
    expect(presentedIn(aCallWith('', { authorization }), SLOTS).deciding).not.toContain(GRANT)
  })
})

/** A second with a pass for each parameter. */
it('what was shown in a query is found in one pass, however many providers have a parameter', () => {
  const many = Array.from({ length: 200 }, (_, n) =>
    aProvider({
      name: `p${n}`,
      auth: { type: 'api_key_query', secret: { env: 'X' }, param: `key${n}`, invalidate_on: [] },
    }),
  )
  const query = `?${'%EF%B7%BA&'.repeat(1600)}key7=a&KEY%37=b&key199=c`
  const slots = slotsOf(aCatalog(many))
  const call = aCallWith('p1', {}, query)
  const start = performance.now()
  expect(presentedIn(call, slots).all).toEqual(['a', 'b', 'c'])
  expect(performance.now() - start).toBeLessThan(1000)
})

it('slots of a catalog are those of all its providers, and worked out once', () => {
  expect(SLOTS.headers.get('x-globex-id')).toEqual(['', 'Initech '])
  expect(SLOTS.params).toEqual(['app_id'])
  expect(slotsOf(CATALOG)).toBe(SLOTS)
})

it('an empty value is no key of anybody: it goes as it was sent', () => {
  const slots = { headers: new Map([['x-key', ['']]]), params: ['key'] }
  const request = new Request('https://proxy.test/a?key=', { headers: { 'x-key': '' } })
  const named = { by: 'header', name: 'api' } as const
  const call = { method: 'GET', path: '/a', query: '?key=', named, request }
  expect(presentedIn(call, slots).carriers('')).toEqual({ headers: [], params: [] })
})
