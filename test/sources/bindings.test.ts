import { describe, expect, it } from 'vitest'

import { Secret } from '../../src/secret.ts'
import { readSettings } from '../../src/settings.ts'
import type { Backend, Reading } from '../../src/sources/backend.ts'
import { Sources, storedIn } from '../../src/sources/bindings.ts'

function world(env: Readonly<Record<string, unknown>>, settings = {}) {
  const clock = { now: 1000 }
  const readings: Reading[] = []
  const backend: Backend = {
    scheme: 'kept',
    settings: ['KEPT_ADDR', 'KEPT_TOKEN'],
    problem: () => null,
    missing: (isSet) => (isSet('KEPT_TOKEN') ? [] : ['KEPT_TOKEN']),
    read: async (_uri, reading) => (readings.push(reading), 'value'),
  }
  const told: string[] = []
  const sources = new Sources({
    env,
    settings: readSettings(settings),
    backendOf: (uri) => (uri.startsWith('kept://') ? backend : undefined),
    find: () => null,
    now: () => clock.now,
    send: () => Promise.reject(new Error('not asked')),
    waitUntil: () => {},
    warn: (message) => void told.push(message),
  })
  return { sources, readings, told, clock }
}

it('a backend gets its own settings, trimmed, and no other variable', async () => {
  const env = { KEPT_TOKEN: ' t \n', KEPT_ADDR: '', GITHUB_TOKEN: 'sentinel' }
  const { sources, readings } = world(env)
  await sources.keeper.get({ secret: 'kept://a' })
  const asked = ['KEPT_TOKEN', 'KEPT_ADDR', 'GITHUB_TOKEN', 'constructor'] as const
  expect(asked.map((name) => readings[0]?.setting(name))).toEqual(['t', null, null, null])
})

it('has one login for all of its secrets in an isolate', async () => {
  const { sources, readings } = world({ KEPT_TOKEN: 't' })
  await Promise.all(['kept://a', 'kept://b'].map((secret) => sources.keeper.get({ secret })))
  expect(readings).toHaveLength(2)
  expect(readings[0]?.sessions).toBe(readings[1]?.sessions)
})

it('is not asked without its settings, and the console names them', async () => {
  const { sources, readings, told } = world({ KEPT_TOKEN: ' ' })
  expect(await sources.keeper.get({ secret: 'kept://a' })).toBe('unconfigured')
  expect(readings).toEqual([])
  expect(sources.missing({ secret: 'kept://a' })).toEqual(['KEPT_TOKEN'])
  expect(told).toEqual([
    'secret kept://a cannot be read (unconfigured: KEPT_TOKEN not set): calls are refused',
  ])
})

it('a scheme that this build does not have is not read', async () => {
  const { sources } = world({})
  expect(await sources.keeper.get({ secret: 'gone://a' })).toBe('unconfigured')
  expect(sources.missing({ secret: 'gone://a' })).toEqual([])
})

it.each<[string, unknown, boolean]>([
  ['a binding of a store', { get: () => Promise.resolve('v') }, true],
  ['a Worker secret', 'text', false],
  ['nothing', undefined, false],
  ['null', null, false],
  ['JSON of [vars]', { get: 'v' }, false],
  ['other JSON', { a: 1 }, false],
])('%s', (_title, bound, isStored) => {
  expect(storedIn({ A: bound }, 'A') !== null).toBe(isStored)
})

it('a name that every object has is no binding', () => {
  expect(storedIn({}, 'constructor')).toBeNull()
})

/** A binding of the store that says, or throws, what it is told to. */
function store(says: unknown) {
  const bound = { says, get: async () => given(bound.says) }
  return bound
}

function given(says: unknown): unknown {
  if (says instanceof Error) throw says
  return says
}

describe('the binding of a store', () => {
  it.each<[string, unknown, string]>([
    // What miniflare throws, of the name in the store; types of the runtime: "throws if it does not exist".
    ['has no such secret', new Error('Secret "github-token" not found'), 'missing'],
    ['has none, in other words', new Error('The secret does not exist.'), 'missing'],
    ['has nothing', null, 'missing'],
    ['has nothing at all', undefined, 'missing'],
    ['has something else than text', { a: 1 }, 'malformed'],
    ['fails', new Error('internal error; reference = 0123'), 'unreachable'],
    ['has text', 'sentinel', 'sentinel'],
  ])('that %s', async (_title, says, failure) => {
    const { sources } = world({ A: store(says) })
    const got = await sources.keeper.get({ env: 'A' })
    expect(got instanceof Secret ? 'sentinel' : got).toBe(failure)
  })

  it('has its value dropped at once when the secret was deleted', async () => {
    const bound = store('sentinel-stored')
    const { sources, clock } = world({ A: bound })
    expect(await sources.keeper.get({ env: 'A' })).toBeInstanceOf(Secret)
    bound.says = new Error('Secret "a" not found')
    clock.now += 300_000
    expect(await sources.keeper.get({ env: 'A' })).toBe('missing')
  })

  it.each([
    ['by default', {}, 900],
    ['with a shorter time for all', { SECRET_STALE_SECONDS: '600' }, 600],
    ['with a longer time for all', { SECRET_STALE_SECONDS: '86400' }, 900],
    ['with a longer fresh time', { SECRET_CACHE_SECONDS: '1200' }, 1200],
  ])('that fails is outlived for a quarter of an hour: %s', async (_title, settings, seconds) => {
    const bound = store('sentinel-stored')
    const { sources, clock } = world({ A: bound }, settings)
    await sources.keeper.get({ env: 'A' })
    bound.says = new Error('internal error')
    clock.now = 1000 + seconds * 1000
    expect(await sources.keeper.get({ env: 'A' })).toBeInstanceOf(Secret)
    clock.now += 60_000
    expect(await sources.keeper.get({ env: 'A' })).toBe('unreachable')
  })
})
