import { expect, it } from 'vitest'

import { readSettings } from '../../src/settings.ts'
import type { Backend, Reading } from '../../src/sources/backend.ts'
import { Sources, storedIn } from '../../src/sources/bindings.ts'

function world(env: Readonly<Record<string, unknown>>) {
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
    settings: readSettings({}),
    backendOf: (uri) => (uri.startsWith('kept://') ? backend : undefined),
    find: () => null,
    now: () => 1000,
    send: () => Promise.reject(new Error('not asked')),
    waitUntil: () => {},
    warn: (message) => void told.push(message),
  })
  return { sources, readings, told }
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
