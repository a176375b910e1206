import { describe, expect, it } from 'vitest'

import type { Call } from '../src/call.ts'
import { hasPlace, withoutKey } from '../src/path_slot.ts'
import { presentedIn, slotsOf } from '../src/presented.ts'
import { aCall, aCatalog, aProvider } from './builders.ts'

const GRANT = `op_${'g'.repeat(43)}`
const KEY = 'agent-key-of-a-host-entry'

const placed = (name: string, ...paths: string[]) =>
  aProvider({
    name,
    auth: { type: 'api_key_path', secret: { env: 'X' }, paths, invalidate_on: [] },
  })
const BOT = placed('bot', '/bot{token}', '/file/bot{token}', '/x/{token}/test')
const ROOT = placed('root', '/{token}')
const PLAIN = aProvider({ name: 'plain' })
const CATALOG = aCatalog([BOT, ROOT, PLAIN])
const ALONE = aCatalog([BOT, PLAIN])

const keysOf = (call: Call) => presentedIn(call, slotsOf(CATALOG))

describe('the place of a path', () => {
  it.each([
    ['/bot1:a/getMe', '/bot{token}/getMe', '1:a'],
    ['/bot/getMe', '/bot{token}/getMe', ''],
    ['/bot', '/bot{token}', ''],
    ['/botany', '/bot{token}', 'any'],
    ['/bot%31%3Aa/getMe', '/bot{token}/getMe', '1:a'],
    ['/bot%7Btoken%7D/getMe', '/bot{token}/getMe', '{token}'],
    ['/bot{token}/getMe', '/bot{token}/getMe', '{token}'],
    ['/bota;b=c/getMe', '/bot{token}/getMe', 'a;b=c'],
    ['/bota%2Fb/getMe', '/bot{token}/getMe', 'a/b'],
    ['/file/bota/b/c', '/file/bot{token}/b/c', 'a'],
    ['/x/a/test/b', '/x/{token}/test/b', 'a'],
    ['/x//test', '/x/{token}/test', ''],
  ])('%s is %s', (path, seen, key) => {
    const call = withoutKey(aCall('GET', path), ALONE, BOT)
    expect(call).toMatchObject({ path: seen, inPath: { key, sent: path } })
    expect(hasPlace(call, BOT)).toBe(true)
  })

  it.each([
    '/',
    '/BOT1/getMe',
    '/%62ot1/getMe',
    '//bot1/getMe',
    '/x/a/tests',
    '/x/a',
    '/x/a/b/test',
  ])('%s has none', (path) => {
    const asked = aCall('GET', path)
    expect(withoutKey(asked, ALONE, BOT)).toBe(asked)
  })
})

describe('a key in it', () => {
  it.each([
    [`/bot${GRANT}/a`, GRANT],
    [`/bot12345:${GRANT}/a`, GRANT],
    [`/bot%6f${GRANT.slice(1)}/a`, GRANT],
    [`/bot${KEY}/a`, KEY],
  ])('%s is shown to Outpost', (path, key) => {
    expect(keysOf(withoutKey(aCall('GET', path), ALONE, BOT)).deciding).toContain(key)
  })

  it('of a grant is found whichever provider is named, or none', () => {
    for (const provider of [BOT, ROOT, PLAIN, null]) {
      const call = withoutKey(aCall('GET', `/bot12345:${GRANT}/a`), CATALOG, provider)
      expect(keysOf(call)).toMatchObject({ deciding: expect.arrayContaining([GRANT]) })
      expect(JSON.stringify(call.path)).not.toContain(GRANT)
      // The grant may name the provider, and its places are those that count then.
      const named = withoutKey(call, CATALOG, ROOT)
      expect(named.path).toBe('/{token}/a')
      expect(hasPlace(named, ROOT)).toBe(true)
      expect(hasPlace(named, BOT)).toBe(false)
    }
  })

  it('that is no key of ours is not among what is taken out of a record', () => {
    const call = withoutKey(aCall('GET', '/botlogOut/logOut'), ALONE, BOT)
    expect(keysOf(call).all).toEqual([])
  })

  it('a word in the path of another provider is none', () => {
    const asked = aCall('GET', '/search/things')
    expect(withoutKey(asked, CATALOG, PLAIN)).toBe(asked)
    expect(withoutKey(asked, CATALOG, null)).toBe(asked)
  })
})
