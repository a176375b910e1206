import { afterEach, describe, expect, it } from 'vitest'

import type { SourceFailure } from '../../src/sources/backend.ts'
import { aTenant } from '../builders.ts'
import { NOW } from '../recording.ts'
import { anIsolate, bearer, KEY } from './isolate.ts'

const MINUTE = 60_000
const VALUE = 'sentinel-kept-elsewhere-5d20'
/** Everything that these tests saw an agent, a record or the console get. */
const shown: string[] = []

afterEach(() => {
  expect(shown.join('\n')).not.toContain('sentinel')
  // The agent and the record learn neither where a secret is kept nor what that place needs.
  expect(shown.filter((each) => each.includes('"is":'))).toEqual([])
})

function isolate(...args: Parameters<typeof anIsolate>) {
  const made = anIsolate(...args)
  made.kept.set(KEY, VALUE)
  made.state.accepts = [VALUE]
  const call: typeof made.call = async (...asked) => {
    const answer = await made.call(...asked)
    expect(answer.text).not.toContain('kept:')
    expect(JSON.stringify(made.events)).not.toContain('kept:')
    shown.push(answer.text, JSON.stringify(made.events), ...made.told)
    shown.push(JSON.stringify(made.standing()))
    return answer
  }
  return { ...made, call }
}

const auth = bearer({ secret: KEY })

describe('a secret that is kept elsewhere', () => {
  it('is read when a permit asks for it, once, and signs every call', async () => {
    const { call, reads, tried, standing } = isolate({ auth })
    expect(standing().sources).toMatchObject([{ secret: KEY, state: 'unread', read_at: null }])
    expect(reads).toEqual([])
    for (let calls = 0; calls < 3; calls += 1) expect((await call()).status).toBe(200)
    expect([reads, tried]).toEqual([[KEY], [VALUE, VALUE, VALUE]])
    expect(standing()).toEqual({
      sources: [
        {
          secret: KEY,
          providers: ['api'],
          missing_settings: [],
          state: 'fresh',
          read_at: new Date(NOW).toISOString(),
          failure: null,
          failed_at: null,
        },
      ],
      rotations: [],
    })
  })

  it('is read once for fifty first calls at once', async () => {
    const { call, reads, state } = isolate({ auth })
    state.delay = 50
    const answers = await Promise.all(Array.from({ length: 50 }, () => call()))
    expect(answers.every(({ status }) => status === 200)).toBe(true)
    expect(reads).toEqual([KEY])
  })

  it('is not read for a call that is refused', async () => {
    const { call, deps, reads } = isolate({ auth })
    const nobody = { headers: { 'cf-connecting-ip': '192.0.2.1' } }
    expect((await call('/a', nobody)).status).toBe(403)
    Object.assign(deps, { tenantOf: () => ({ enter: () => Promise.reject(new Error('down')) }) })
    expect((await call('/a', { method: 'POST', body: 'x' })).status).toBe(502)
    expect(reads).toEqual([])
  })

  it.each<[SourceFailure, string]>([
    ['unconfigured', 'a secret of the provider cannot be read: unconfigured'],
    ['unreachable', 'a secret of the provider cannot be read: unreachable'],
    ['denied', 'a secret of the provider cannot be read: denied'],
    ['missing', 'a secret of the provider is not set'],
    ['malformed', 'a secret of the provider cannot be read: malformed'],
    ['busy', 'a secret of the provider cannot be read: busy'],
  ])('%s: a 502 that says nothing, and nothing is sent', async (failure, reason) => {
    const { call, kept, tried, events, reads, told, standing } = isolate({ auth })
    kept.set(KEY, failure)
    const { status, text } = await call()
    expect(status).toBe(502)
    expect(JSON.parse(text)).toEqual({
      status: 'FAILURE',
      error: {
        code: 'PROXY_AUTH_ERROR',
        message: 'the provider has no credential',
        metadata: null,
      },
    })
    expect(events).toMatchObject([{ reason, secret_read: false }])
    await call()
    expect([tried, reads, told.length]).toEqual([[], [KEY], 1])
    expect(standing().sources).toMatchObject([{ state: 'none', failure }])
  })

  it('without the settings of its place is not asked for', async () => {
    const { call, reads, standing } = isolate({ auth, env: { KEPT_TOKEN: ' ' } })
    expect((await call()).status).toBe(502)
    expect(reads).toEqual([])
    expect(standing().sources).toMatchObject([
      { missing_settings: ['KEPT_TOKEN'], failure: 'unconfigured' },
    ])
  })

  it('is used for an hour when its place is down, and no longer', async () => {
    const { call, kept, state, standing } = isolate({ auth })
    await call()
    kept.set(KEY, 'unreachable')
    state.now = NOW + 59 * MINUTE
    expect((await call()).status).toBe(200)
    expect(standing().sources).toMatchObject([{ state: 'stale', failure: 'unreachable' }])
    state.now = NOW + 61 * MINUTE
    expect((await call()).status).toBe(502)
  })

  it('that was revoked there is not used any more', async () => {
    const { call, kept, state } = isolate({ auth })
    await call()
    kept.set(KEY, 'denied')
    state.now = NOW + 5 * MINUTE
    expect((await call()).status).toBe(502)
  })

  it('that was rotated there is read anew when the upstream rejects it', async () => {
    const { call, kept, state, tried, reads } = isolate({ auth })
    await call()
    kept.set(KEY, 'sentinel-new')
    Object.assign(state, { now: NOW + 10_000, accepts: ['sentinel-new'] })
    expect((await call()).status).toBe(200)
    expect((await call()).status).toBe(200)
    expect(tried).toEqual([VALUE, VALUE, 'sentinel-new', 'sentinel-new'])
    expect(reads).toEqual([KEY, KEY])
  })

  it('that the upstream rejects is not read anew by every call', async () => {
    const { call, state, tried, reads } = isolate({ auth })
    await call()
    Object.assign(state, { now: NOW + 10_000, accepts: [] })
    for (let calls = 0; calls < 5; calls += 1) expect((await call()).status).toBe(401)
    expect([tried.length, reads.length]).toEqual([6, 2])
  })

  it('is read anew for the next call, when this one cannot be sent again', async () => {
    const { call, kept, state, tried } = isolate({ auth })
    await call()
    kept.set(KEY, 'sentinel-new')
    Object.assign(state, { now: NOW + 10_000, accepts: ['sentinel-new'] })
    expect((await call('/a', { method: 'POST', body: 'x' })).status).toBe(401)
    expect((await call('/a', { method: 'POST', body: 'x' })).status).toBe(200)
    expect(tried).toEqual([VALUE, VALUE, 'sentinel-new'])
  })
})

describe('a binding of a Secrets Store', () => {
  it('is a secret like another', async () => {
    let gets = 0
    const stored = { get: () => ((gets += 1), Promise.resolve(VALUE)) }
    const { call, standing } = isolate({ auth: bearer({ env: 'STORED' }), env: { STORED: stored } })
    for (let calls = 0; calls < 3; calls += 1) expect((await call()).status).toBe(200)
    expect(gets).toBe(1)
    expect(standing().sources).toMatchObject([{ secret: 'STORED', state: 'fresh' }])
  })

  it('that has nothing is a 502', async () => {
    const stored = { get: () => Promise.reject(new Error('Secret "sentinel" not found')) }
    const { call } = isolate({ auth: bearer({ env: 'STORED' }), env: { STORED: stored } })
    expect((await call()).status).toBe(502)
  })
})

describe('a call whose secret took long to be read', () => {
  const pause = { scope: { provider: 'api' }, since: NOW, by: 'admin', note: '' }

  /** With `paused`, an operator has stopped the provider by the time that the secret is there. */
  async function slow(takes: number, method: string, paused = true) {
    const made = isolate({ auth: bearer({ secret: KEY }) })
    const { call, state, deps, trail } = made
    state.takes = takes
    const looks: number[] = []
    const look = async () => {
      looks.push(state.now)
      return { grant: null, pauses: paused && state.now > NOW ? [pause] : [] }
    }
    Object.assign(deps, { tenantOf: () => aTenant(trail, { look }) })
    const { status } = await call('/a', { method })
    return { ...made, status, lookedAgain: looks.some((at) => at > NOW) }
  }

  it.each<[string, number, string, number, number]>([
    ['a sensitive one', 1001, 'DELETE', 403, 0],
    ['a sensitive one that did not wait for long', 1000, 'DELETE', 200, 1],
    ['a read', 5001, 'GET', 403, 0],
    ['a read that did not wait for long', 5000, 'GET', 200, 1],
  ])('%s, paused meanwhile: %i ms', async (_title, takes, method, status, sends) => {
    const found = await slow(takes, method)
    expect([found.status, found.tried.length]).toEqual([status, sends])
    if (status === 403) {
      expect(found.events.at(-1)).toMatchObject({ decision: 'deny', code: 'PROXY_PAUSED' })
    }
  })

  it.each(['DELETE', 'GET'])('goes when it is still allowed: %s', async (method) => {
    const { status, tried, lookedAgain } = await slow(6000, method, false)
    expect([status, tried.length, lookedAgain]).toEqual([200, 1, true])
  })
})

describe('a secret with a character that a header cannot hold', () => {
  const reason = 'the credential has a character that a header cannot hold, such as a line break'

  it.each<[string, string]>([
    ['a line break', 'sentinel-one\nsentinel-two'],
    ['a carriage return', 'sentinel-one\rsentinel-two'],
    ['NUL', 'sentinel-one\0'],
    ['an escape', 'sentinel\u001b[31m'],
    ['a character of more than a byte', 'sentinel-\u2028'],
  ])('is a 502 whose record says so, and not what it is: %s', async (_title, value) => {
    const places = [
      { auth: bearer({ secret: KEY }) },
      { auth: bearer({ env: 'PLAIN' }), env: { PLAIN: value } },
    ]
    for (const place of places) {
      const { call, kept, events, tried } = isolate(place)
      kept.set(KEY, value)
      const { status, text } = await call()
      expect([status, tried.length]).toEqual([502, 0])
      expect(events.at(-1)?.reason).toBe(reason)
      expect(text).not.toContain('header')
    }
  })
})

it('a provider of Worker secrets alone has nothing to wait for', async () => {
  const { call, standing, deps, state } = isolate({
    auth: bearer({ env: 'PLAIN' }),
    env: { PLAIN: 'sentinel-plain' },
  })
  state.accepts = ['sentinel-plain']
  expect((await call()).status).toBe(200)
  expect(standing()).toEqual({ sources: [], rotations: [] })
  const permit = { provider: deps.catalog.providers.get('api') } as Parameters<
    typeof deps.credentials
  >[0]
  expect(deps.credentials(permit).ready).toBeUndefined()
})
