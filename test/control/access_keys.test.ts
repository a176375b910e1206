import type { JWK } from 'jose'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'

import { call, expectRefusal } from '../worker/call.ts'
import type { TeamAnswer } from './endpoint.ts'
import { aKey, aTeam, AUDIENCE, aVerifier, claims, NOW, signed } from './team.ts'
import type { Team, TeamKey } from './team.ts'

const OK = { ok: true, who: 'access:sentinel-mail@example.com' }
const no = (reason: string) => ({ ok: false, reason })
const UNKNOWN = no('unknown kid')

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

let first: TeamKey
let second: TeamKey

beforeAll(async () => {
  ;[first, second] = await Promise.all([aKey('key-1'), aKey('key-2')])
})

afterEach(() => {
  vi.useRealTimers()
})

/** A token that is good at that time. */
const token = (team: Team, key: TeamKey, now: number) => signed(key, claims(team, now))

/** One isolate, which is asked at a time after NOW. */
function isolate(team: Team, over: Parameters<typeof aVerifier>[1] = {}) {
  const { clock, verify } = aVerifier(team, over)
  return async (after: number, key: TeamKey) => {
    clock.now = NOW + after
    return verify(await token(team, key, clock.now))
  }
}

const keysAsked = async (team: Team) => (await team.asked()).keys

describe('the key set of a team', () => {
  it('is asked for once in ten minutes', async () => {
    const team = await aTeam(first.jwk, second.jwk)
    const ask = isolate(team)
    for (const after of [0, SECOND, 9 * MINUTE, 10 * MINUTE - 1]) {
      expect(await ask(after, first)).toEqual(OK)
    }
    expect(await ask(10 * MINUTE - 1, second)).toEqual(OK)
    expect(await keysAsked(team)).toBe(1)
    expect(await ask(10 * MINUTE, first)).toEqual(OK)
    expect(await keysAsked(team)).toBe(2)
  })

  it('is asked for with nothing of the request', async () => {
    const team = await aTeam(first.jwk)
    await isolate(team)(0, first)
    const { headers } = await team.asked()
    expect(headers).toMatchObject({ accept: 'application/json', 'cache-control': 'no-cache' })
    expect(JSON.stringify(headers)).not.toMatch(/sentinel|assertion|cookie|authorization/i)
  })

  it('is asked for anew at an unknown kid: a new key counts at once', async () => {
    const team = await aTeam(first.jwk)
    const ask = isolate(team)
    expect(await ask(0, first)).toEqual(OK)
    await team.publishes(second.jwk, first.jwk)
    expect(await ask(30 * SECOND, second)).toEqual(OK)
    expect(await ask(30 * SECOND, first)).toEqual(OK)
    expect(await keysAsked(team)).toBe(2)
  })

  it('a removed key opens nothing, at the latest after ten minutes', async () => {
    const team = await aTeam(first.jwk)
    const ask = isolate(team)
    expect(await ask(0, first)).toEqual(OK)
    await team.publishes(second.jwk)
    expect(await ask(10 * MINUTE - 1, first)).toEqual(OK)
    expect(await ask(10 * MINUTE, first)).toEqual(UNKNOWN)
  })

  it('a removed key opens nothing from the moment the new one was seen', async () => {
    const team = await aTeam(first.jwk)
    const ask = isolate(team)
    expect(await ask(0, first)).toEqual(OK)
    await team.publishes(second.jwk)
    expect(await ask(30 * SECOND, second)).toEqual(OK)
    expect(await ask(30 * SECOND, first)).toEqual(UNKNOWN)
  })

  it('another key under the same kid takes the place of the old', async () => {
    const team = await aTeam(first.jwk)
    const ask = isolate(team)
    expect(await ask(0, first)).toEqual(OK)
    await team.publishes({ ...second.jwk, kid: 'key-1' })
    expect(await ask(10 * MINUTE, first)).toEqual(no('the signature is wrong'))
    expect(await ask(10 * MINUTE, { ...second, kid: 'key-1' })).toEqual(OK)
  })

  it('is asked for though the clock was set back', async () => {
    const team = await aTeam(first.jwk)
    const ask = isolate(team)
    expect(await ask(0, first)).toEqual(OK)
    await team.publishes(second.jwk)
    expect(await ask(-24 * HOUR, second)).toEqual(OK)
  })
})

describe('while the endpoint is down', () => {
  it('known keys are good for two hours', async () => {
    const team = await aTeam(first.jwk)
    const ask = isolate(team)
    expect(await ask(0, first)).toEqual(OK)
    await team.goesDown()
    for (const after of [10 * MINUTE, HOUR, 2 * HOUR - 1]) {
      expect(await ask(after, first)).toEqual(OK)
      expect(await ask(after, second)).toEqual(UNKNOWN)
    }
    expect(await ask(2 * HOUR, first)).toEqual(no('no keys: unreachable'))
  })

  it('nobody gets in without keys', async () => {
    const team = await aTeam(first.jwk)
    await team.goesDown()
    const ask = isolate(team)
    expect(await ask(0, first)).toEqual(no('no keys: unreachable'))
    const answer = await call('/_outpost/status', {
      headers: { 'cf-access-jwt-assertion': await token(team, first, Date.now()) },
      env: { ACCESS_TEAM_DOMAIN: team.url, ACCESS_AUD: AUDIENCE },
    })
    expectRefusal(answer, 401, 'PROXY_AUTH_REQUIRED')
  })

  it('it is asked again after 30 s', async () => {
    const team = await aTeam(first.jwk)
    await team.answers({ status: 503 })
    const ask = isolate(team)
    expect(await ask(0, first)).toEqual(no('no keys: the endpoint said 503'))
    await team.publishes(first.jwk)
    expect(await ask(30 * SECOND - 1, first)).toEqual(no('no keys: the endpoint said 503'))
    expect(await ask(30 * SECOND, first)).toEqual(OK)
    expect(await keysAsked(team)).toBe(2)
  })
})

describe('an answer that is none leaves the keys as they were', () => {
  const set = (...keys: readonly unknown[]): TeamAnswer => ({ body: JSON.stringify({ keys }) })
  const good = () => first.jwk

  it.each<[string, string, () => TeamAnswer]>([
    [
      'a redirect',
      'the endpoint said 302',
      () => ({ status: 302, headers: { location: '/stolen' }, ...set(good()) }),
    ],
    [
      'a permanent redirect',
      'the endpoint said 308',
      () => ({ status: 308, headers: { location: '/stolen' }, ...set(good()) }),
    ],
    ['a 404 with keys', 'the endpoint said 404', () => ({ status: 404, ...set(good()) })],
    ['a 203 with keys', 'the endpoint said 203', () => ({ status: 203, ...set(good()) })],
    ['a page', 'the answer is no key set', () => ({ body: '<!doctype html><p>hello' })],
    ['nothing', 'the answer is no key set', () => ({ body: '' })],
    ['null', 'the answer is no key set', () => ({ body: 'null' })],
    ['a list', 'the answer is no key set', () => ({ body: JSON.stringify([good()]) })],
    ['keys that are no list', 'the answer is no key set', () => ({ body: '{"keys":{}}' })],
    ['2 MB of zeros', 'the answer is too large', () => ({ zeros: 2_000_000 })],
    [
      '2 MB with keys',
      'the answer is too large',
      () => ({ body: JSON.stringify({ keys: [good()], more: 'x'.repeat(2_000_000) }) }),
    ],
    [
      'seventeen keys',
      'the answer is no key set',
      () => set(...Array.from({ length: 17 }, (_, n) => ({ ...good(), kid: `${n}` }))),
    ],
    ['one kid twice', 'two keys have one kid', () => set(good(), { ...second.jwk, kid: 'key-1' })],
    ['no key', 'no key can be used', () => set()],
    ['odd entries', 'no key can be used', () => set(null, 'x', 1, [], {})],
    ['a key of another kind', 'no key can be used', () => set({ ...good(), kty: 'oct', k: 'eHg' })],
    ['a key for PS256', 'no key can be used', () => set({ ...good(), alg: 'PS256' })],
    ['a key for encryption', 'no key can be used', () => set({ ...good(), use: 'enc' })],
    ['a key without a kid', 'no key can be used', () => set({ ...good(), kid: undefined })],
    ['a key that is none', 'no key can be used', () => set({ ...good(), n: '!', e: '!' })],
  ])('%s', async (_title, fault, answer) => {
    const team = await aTeam(first.jwk)
    const [known, cold] = [isolate(team), isolate(team)]
    expect(await known(0, first)).toEqual(OK)
    await team.answers(answer())
    expect(await cold(0, first)).toEqual(no(`no keys: ${fault}`))
    expect(await known(10 * MINUTE, first)).toEqual(OK)
    expect(await known(2 * HOUR, first)).toEqual(no(`no keys: ${fault}`))
    expect((await team.asked()).elsewhere).toEqual([])
  })

  it('keys that can be used are taken from among others', async () => {
    const ec = await aKey('key-ec', 'ES256')
    const { alg: _alg, use: _use, ...bare } = first.jwk
    const team = await aTeam(ec.jwk, { kty: 'XYZ' }, bare)
    expect(await isolate(team)(0, first)).toEqual(OK)
  })

  it('a key of 1024 bits verifies nothing', async () => {
    const algorithm = {
      name: 'RSASSA-PKCS1-v1_5',
      hash: 'SHA-256',
      modulusLength: 1024,
      publicExponent: new Uint8Array([1, 0, 1]),
    }
    const pair = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
    if (!('privateKey' in pair)) throw new Error('no pair')
    const { n, e } = (await crypto.subtle.exportKey('jwk', pair.publicKey)) as JsonWebKey
    const team = await aTeam({ kty: 'RSA', kid: 'key-1', n, e } as JWK)
    const key = { ...first, privateKey: pair.privateKey }
    expect(await isolate(team)(0, key)).toEqual(no('the key cannot be used'))
  })

  it('an answer that stops half-way is waited for, but not for ever', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const team = await aTeam()
    await team.answers({ body: JSON.stringify({ keys: [first.jwk] }), stalls: true })
    const verified = isolate(team)(0, first)
    await vi.waitFor(async () => expect(await keysAsked(team)).toBe(1))
    await vi.advanceTimersByTimeAsync(5000)
    expect(await verified).toEqual(no('no keys: no answer in time'))
  })
})

describe('many at once', () => {
  const flood = (ask: ReturnType<typeof isolate>, after: number) =>
    Promise.all(
      Array.from({ length: 100 }, (_, n) => ask(after, { ...first, kid: `made up ${n}` })),
    )

  it('unknown kids make it ask once in 30 s', async () => {
    const team = await aTeam(first.jwk)
    const ask = isolate(team)
    for (const after of [0, 10 * SECOND, 30 * SECOND - 1]) {
      const all = await flood(ask, after)
      expect(all).toEqual(all.map(() => UNKNOWN))
      expect(await keysAsked(team)).toBe(1)
    }
    await flood(ask, 30 * SECOND)
    expect(await keysAsked(team)).toBe(2)
    expect(await ask(30 * SECOND, first)).toEqual(OK)
  })

  it('while it is down they do too', async () => {
    const team = await aTeam()
    await team.answers({ status: 500 })
    const ask = isolate(team)
    await flood(ask, 0)
    await flood(ask, SECOND)
    expect(await keysAsked(team)).toBe(1)
  })

  it('all who come while it is asked get its answer', async () => {
    const team = await aTeam()
    await team.answers({ body: JSON.stringify({ keys: [first.jwk] }), delay_ms: 150 })
    const ask = isolate(team)
    const all = await Promise.all(Array.from({ length: 20 }, () => ask(0, first)))
    expect(all).toEqual(all.map(() => OK))
    expect(await keysAsked(team)).toBe(1)
  })

  it('one whose answer never comes holds up the others for 5 s, and nobody after 30 s', async () => {
    const team = await aTeam(first.jwk)
    let sent = 0
    const ask = isolate(team, {
      send: (request, signal) =>
        (sent += 1) === 1 ? new Promise(() => {}) : fetch(request, { signal }),
    })
    void ask(0, first)
    await vi.waitFor(() => expect(sent).toBe(1))
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const said: unknown[] = []
    void ask(SECOND, first).then((verified) => said.push(verified))
    for (let after = 0; said.length === 0 && after < 8000; after += 500) {
      await vi.advanceTimersByTimeAsync(500)
      await crypto.subtle.digest('SHA-256', new Uint8Array(1))
    }
    expect(said).toEqual([no('no keys: not asked yet')])
    vi.useRealTimers()
    expect(await ask(30 * SECOND, first)).toEqual(OK)
  })

  it('the asking goes on when the one who asked has gone', async () => {
    const team = await aTeam(first.jwk)
    const work: Promise<unknown>[] = []
    void isolate(team, { waitUntil: (each) => void work.push(each) })(0, first)
    await vi.waitFor(() => expect(work).toHaveLength(1))
    await expect(work[0]).resolves.toBeUndefined()
  })
})
