import { afterEach, describe, expect, it } from 'vitest'

import type { LimiterStub } from '../../src/admission.ts'
import type { Auth } from '../../src/auth/config.ts'
import { NOW } from '../recording.ts'
import { anIsolate, bearer, KEY, OLD, OTHER } from './isolate.ts'

const MINUTE = 60_000
const post = { method: 'POST', body: 'x' }
/** All that the previous value needs is set. */
const whole = { missing_previous: [] }
const shown: string[] = []

afterEach(() => expect(shown.join('\n')).not.toContain('sentinel'))

function isolate(over: { auth?: Auth; env?: Record<string, string> } = {}) {
  const made = anIsolate({
    auth: bearer({ env: 'NEW', previous: { env: 'OLD' } }),
    env: { NEW: 'sentinel-new', OLD: 'sentinel-old' },
    ...over,
  })
  const call: typeof made.call = async (...asked) => {
    const answer = await made.call(...asked)
    shown.push(answer.text, JSON.stringify(made.events), JSON.stringify(made.standing()))
    return answer
  }
  const live = () => made.standing().rotations[0]
  return { ...made, call, live }
}

const at = (ms: number) => new Date(ms).toISOString()

describe('a secret with a value from before', () => {
  it('is tried with the other value once, and calls begin with the one that works', async () => {
    const { call, state, tried, live } = isolate()
    state.accepts = ['sentinel-old']
    expect(live()).toEqual({ provider: 'api', live: 'current', since: null, ...whole })
    expect((await call()).status).toBe(200)
    expect(tried).toEqual(['sentinel-new', 'sentinel-old'])
    expect(live()).toEqual({ provider: 'api', live: 'previous', since: at(NOW), ...whole })
    state.now += 1000
    expect((await call()).status).toBe(200)
    expect((await call('/a', post)).status).toBe(200)
    expect(tried.slice(2)).toEqual(['sentinel-old', 'sentinel-old'])
    state.accepts = ['sentinel-new']
    expect((await call()).status).toBe(200)
    expect(tried.slice(4)).toEqual(['sentinel-old', 'sentinel-new'])
    expect(live()).toEqual({ provider: 'api', live: 'current', since: at(NOW + 1000), ...whole })
  })

  it('of which none works is tried twice a call, and stays as it is', async () => {
    const { call, tried, live } = isolate()
    expect((await call()).status).toBe(401)
    expect((await call()).status).toBe(401)
    expect(tried).toEqual(['sentinel-new', 'sentinel-old', 'sentinel-new', 'sentinel-old'])
    expect(live()).toMatchObject({ live: 'current', since: null })
  })

  it.each([500, 503, 429])('is not switched by a %i: that is no opinion of it', async (status) => {
    const { call, deps, live } = isolate()
    let sent = 0
    Object.assign(deps, {
      send: async () => new Response('', { status: (sent += 1) === 1 ? 401 : status }),
    })
    expect((await call()).status).toBe(status)
    expect([sent, live()?.live]).toEqual([2, 'current'])
  })

  it('is tried anew after a quarter of an hour, by one call that can be repeated', async () => {
    const { call, state, tried, live } = isolate()
    state.accepts = ['sentinel-old']
    await call()
    state.now += 15 * MINUTE
    tried.length = 0
    await call('/a', post)
    await call()
    await call()
    expect(tried).toEqual(['sentinel-old', 'sentinel-new', 'sentinel-old', 'sentinel-old'])
    expect(live()).toMatchObject({ live: 'previous', since: at(NOW) })
    state.now += 15 * MINUTE
    state.accepts = ['sentinel-new', 'sentinel-old']
    await call()
    expect(live()).toMatchObject({ live: 'current', since: at(NOW + 30 * MINUTE) })
  })

  it('is tried with the next call, where the body of this one is gone', async () => {
    const { call, state, tried, live } = isolate()
    state.accepts = ['sentinel-old']
    expect((await call('/a', post)).status).toBe(401)
    expect((await call('/a', post)).status).toBe(200)
    expect((await call('/a', post)).status).toBe(200)
    expect(tried).toEqual(['sentinel-new', 'sentinel-old', 'sentinel-old'])
    expect(live()?.live).toBe('previous')
  })

  it('is not tried when the limits have no room for a second call', async () => {
    const { call, deps, state, tried } = isolate()
    state.accepts = ['sentinel-old']
    const { limiterOf } = deps
    let turns = 0
    const full = { admitted: false, because: 'limit', retry_ms: 5, levels: [] } as const
    Object.assign(deps, {
      limiterOf: (...of: Parameters<typeof limiterOf>): LimiterStub => {
        const stub = limiterOf(...of)
        const take: LimiterStub['take'] = async (...asked) =>
          (turns += 1) > 1 ? full : stub.take(...asked)
        return { ...stub, take }
      },
    })
    Object.assign(deps.catalog.providers.get('api')?.forwarding ?? {}, {
      rate_limits: { default: [{ capacity: 1, window_ms: 1000 }] },
    })
    expect((await call()).status).toBe(401)
    expect(tried).toEqual(['sentinel-new'])
  })

  it('goes back to the current value when the previous one is taken away', async () => {
    const auth = bearer({ secret: KEY, previous: { secret: OLD } })
    const { call, state, kept, tried, live } = isolate({ auth })
    kept.set(KEY, 'sentinel-new').set(OLD, 'sentinel-old')
    state.accepts = ['sentinel-old']
    expect((await call()).status).toBe(200)
    expect(live()?.live).toBe('previous')
    kept.set(OLD, 'denied')
    Object.assign(state, { now: NOW + 6 * MINUTE, accepts: ['sentinel-new'] })
    tried.length = 0
    expect((await call()).status).toBe(200)
    expect(tried).toEqual(['sentinel-new'])
    expect(live()?.live).toBe('current')
  })

  it('is not tried when it is not there, and the status says so', async () => {
    const { call, tried, live } = isolate({ env: { NEW: 'sentinel-new' } })
    expect((await call()).status).toBe(401)
    expect(tried).toEqual(['sentinel-new'])
    expect(live()).toMatchObject({ live: 'current', missing_previous: ['OLD'] })
  })

  it('of whose place a setting is not set: the status names that', () => {
    const auth = bearer({ env: 'NEW', previous: { secret: OLD } })
    const { live } = isolate({ auth, env: { NEW: 'sentinel-new', KEPT_TOKEN: '' } })
    expect(live()?.missing_previous).toEqual(['KEPT_TOKEN'])
  })

  it('does not stand in for a current value that is not set', async () => {
    const { call, tried } = isolate({ env: { OLD: 'sentinel-old' } })
    expect((await call()).status).toBe(502)
    expect(tried).toEqual([])
  })

  it('is not read from where it is kept before it is needed', async () => {
    const auth = bearer({ secret: KEY, previous: { secret: OLD } })
    const { call, state, kept, reads } = isolate({ auth })
    kept.set(KEY, 'sentinel-new').set(OLD, 'sentinel-old')
    state.accepts = ['sentinel-new']
    await call()
    expect(reads).toEqual([KEY])
    state.accepts = ['sentinel-old']
    await call()
    expect(reads).toEqual([KEY, OLD])
  })

  it('has both values taken out of an answer', async () => {
    const { call, deps, state } = isolate()
    state.accepts = ['sentinel-old']
    Object.assign(deps, {
      send: async (...[, init]: Parameters<typeof deps.send>) => {
        const token = new Headers(init.headers).get('authorization') ?? ''
        const headers = { 'x-keys': 'sentinel-new, sentinel-old', 'x-sent': token }
        return new Response('{}', { status: token.endsWith('old') ? 200 : 401, headers })
      },
    })
    const { status, headers } = await call()
    expect([status, headers.get('x-keys')]).toEqual([200, '[redacted], [redacted]'])
    expect((await call()).headers.get('x-keys')).toBe('[redacted], [redacted]')
  })
})

describe('an agent that calls paths whose answers have nothing to do with the credential', () => {
  const others = { 'cf-connecting-ip': OTHER }
  const paths = { '/public': 200, '/closed': 401, '/broken': 503 }

  it.each<[string, 'new' | 'old']>([
    ['the current one', 'new'],
    ['the previous one', 'old'],
  ])('changes nothing for another one, where %s is accepted', async (_title, side) => {
    const { call, state } = isolate()
    Object.assign(state, { accepts: [`sentinel-${side}`], always: paths })
    expect((await call()).status).toBe(200)
    for (let times = 0; times < 3; times += 1) {
      state.now += 11_000
      await call('/closed', { ...post, headers: others })
      await call('/public', { headers: others })
      await call('/closed', { ...post, headers: others })
      await call('/public', { ...post, headers: others })
      expect((await call('/a', post)).status).toBe(200)
      expect((await call()).status).toBe(200)
    }
  })

  it('finds its way back itself', async () => {
    const { call, state, tried } = isolate()
    Object.assign(state, { accepts: ['sentinel-new'], always: paths })
    await call('/closed', post)
    await call('/public')
    await call('/public', post)
    tried.length = 0
    expect((await call('/a', post)).status).toBe(401)
    expect((await call('/a', post)).status).toBe(200)
    expect((await call('/a', post)).status).toBe(200)
    expect(tried).toEqual(['sentinel-old', 'sentinel-new', 'sentinel-new'])
  })

  it('does not keep its uploads from the value that is accepted', async () => {
    const { call, state } = isolate()
    Object.assign(state, { accepts: ['sentinel-old'], always: paths })
    await call('/public')
    expect((await call('/a', post)).status).toBe(401)
    await call('/public')
    expect((await call('/a', post)).status).toBe(200)
  })

  it('does not have the status say that nobody needs the previous value', async () => {
    const { call, state, live } = isolate()
    Object.assign(state, { accepts: ['sentinel-old'], always: paths })
    await call()
    state.now += 15 * MINUTE
    await call('/public', { headers: others })
    expect(live()).toMatchObject({ live: 'previous', since: at(NOW) })
  })
})

describe('a rejection that is in the body of an answer', () => {
  const rejected = { body: { json_path: 'code', codes: ['16009'] }, statuses: [401] }

  it('counts, though the status is 200', async () => {
    const { call, deps, tried, work } = isolate()
    const { signerOf } = deps
    Object.assign(deps, {
      signerOf: (...of: Parameters<typeof signerOf>) => ({
        ...signerOf(...of),
        rejection: rejected,
      }),
      send: async (...[, init]: Parameters<typeof deps.send>) => {
        const token = new Headers(init.headers).get('authorization') ?? ''
        tried.push(token.slice(-3))
        return Response.json(token.endsWith('old') ? { code: '0' } : { code: '16009' })
      },
    })
    for (let times = 0; times < 3; times += 1) {
      await call('/a', post)
      await Promise.all(work.splice(0))
    }
    expect(tried).toEqual(['new', 'old', 'old'])
    await call()
    expect(tried).toEqual(['new', 'old', 'old', 'old'])
  })
})

describe('a pair', () => {
  const pair: Auth = {
    type: 'basic_auth',
    username: { env: 'USER_NEW', previous: { env: 'USER_OLD' } },
    password: { env: 'NEW', previous: { env: 'OLD' } },
    invalidate_on: [401],
  }
  const env = { NEW: 'sentinel-n', OLD: 'sentinel-o', USER_NEW: 'un', USER_OLD: 'uo' }

  it('switches as a whole', async () => {
    const { call, tried } = isolate({ auth: pair, env })
    await call()
    expect(tried.map((each) => atob(each.replace('Basic ', '')))).toEqual([
      'un:sentinel-n',
      'uo:sentinel-o',
    ])
  })

  it('of which a part is missing does not switch', async () => {
    const { call, tried } = isolate({
      auth: pair,
      env: { NEW: 'sentinel-n', OLD: 'sentinel-o', USER_NEW: 'un' },
    })
    expect((await call()).status).toBe(401)
    expect(tried.length).toBe(1)
  })

  it('of which one part was rotated keeps the other', async () => {
    const auth: Auth = { ...pair, username: { env: 'USER_NEW' } }
    const { call, tried } = isolate({ auth, env })
    await call()
    expect(tried.map((each) => atob(each.replace('Basic ', '')))).toEqual([
      'un:sentinel-n',
      'un:sentinel-o',
    ])
  })
})
