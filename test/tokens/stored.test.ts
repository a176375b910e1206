import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'

import type { BearerRedisAuth } from '../../src/auth/config.ts'
import { textsAt } from '../../src/json_path.ts'
import { problemIn } from '../../src/tokens/news.ts'
import { fingerprint } from '../../src/tokens/tokens.ts'
import { isolate, signFor } from './world.ts'

const TOKENS = env['TOKENS'] as KVNamespace

let made = 0
const fresh = (): string => `stored-${++made}`

function stored(changes: Partial<BearerRedisAuth> = {}) {
  const auth: BearerRedisAuth = {
    type: 'bearer_redis',
    key: `upstox:${fresh()}`,
    seed: { env: 'SEED', optional: true },
    header: 'Authorization',
    prefix: 'Bearer ',
    body_codes: null,
    invalidate_on: [401],
    ...changes,
  }
  return { name: fresh(), auth, secrets: { SEED: 'the-seed' } }
}

describe('bearer_redis', () => {
  it('uses what is stored, from the next call on, and the seed before', async () => {
    const where = isolate()
    const signing = stored()
    expect((await signFor(where, signing)).authorization).toBe('Bearer the-seed')
    await TOKENS.put(signing.auth.key, 'one\n')
    expect((await signFor(where, signing)).authorization).toBe('Bearer one')
    await TOKENS.put(signing.auth.key, 'two')
    expect((await signFor(where, signing)).authorization).toBe('Bearer two')
    await TOKENS.delete(signing.auth.key)
    expect((await signFor(where, signing)).authorization).toBe('Bearer the-seed')
  })

  it.each([
    ['an empty value is none', '  \n'],
    ['no value is none', null],
  ])('%s', async (_, text) => {
    const where = isolate({ read: () => Promise.resolve(text) })
    expect((await signFor(where, stored())).authorization).toBe('Bearer the-seed')
  })

  it('does without the namespace', async () => {
    expect((await signFor(isolate({ read: null }), stored())).authorization).toBe('Bearer the-seed')
  })

  it('does not fall back to the seed when the namespace cannot be read', async () => {
    const where = isolate({ read: () => Promise.reject(new Error('sentinel')) })
    await expect(signFor(where, stored())).rejects.toMatchObject({
      code: 'PROXY_AUTH_ERROR',
      details: { reason: 'the namespace TOKENS cannot be read' },
    })
  })

  it('reports a rejected token once, and leaves it where it is', async () => {
    const where = isolate()
    const signing = stored()
    await TOKENS.put(signing.auth.key, 'sentinel-stored-token')
    for (let n = 0; n < 3; n += 1) {
      const { opening } = await signFor(where, signing)
      expect(await opening.reject('401')).toBe(false)
      expect(opening.rejected).toBe('401')
    }
    await where.settled()
    expect(where.deps.reported.size).toBe(1)
    const news = await where.deps.vaultOf(`news ${signing.name}`).told()
    expect(news).toMatchObject({
      is: 'suspect',
      reason: '401',
      token: await fingerprint('sentinel-stored-token'),
    })
    expect(JSON.stringify(news)).not.toContain('sentinel')
    expect(problemIn(news)).toMatch(/^the stored token was rejected at \d{4}-.* \(401\)$/)
    expect(await TOKENS.get(signing.auth.key)).toBe('sentinel-stored-token')
  })
})

describe('textsAt', () => {
  const json = {
    errors: [{ code: 'A' }, { code: 7, deep: [{ x: 'B' }] }, 'text', null],
    error: { code: 'C', list: ['D', 8, null, { no: 1 }] },
    'dash-key': 'E',
    yes: true,
  }

  it.each([
    ['error.code', ['C']],
    ['errors[].code', ['A', '7']],
    ['errors[].deep[].x', ['B']],
    ['error.list[]', ['D', '8']],
    ['dash-key', ['E']],
    ['yes', []],
    ['errors.code', []],
    ['error[].code', []],
    ['errors', []],
    ['nothing.at.all', []],
    ['constructor.name', []],
    ['errors.length', []],
  ])('%s', (path, codes) => {
    expect(textsAt(json, path)).toEqual(codes)
  })

  it.each([null, undefined, 'text', 5, []])('%j has none', (value) => {
    expect(textsAt(value, 'a.b')).toEqual([])
  })
})
