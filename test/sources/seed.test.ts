import { describe, expect, it } from 'vitest'

import { bearerRedis } from '../../src/auth/bearer_redis.ts'
import type { BearerRedisAuth } from '../../src/auth/config.ts'
import { opening } from '../../src/opening.ts'
import { Secret } from '../../src/secret.ts'
import { callSources } from '../../src/sources/call_sources.ts'
import { Keeper } from '../../src/sources/keeper.ts'
import { draftOf } from '../auth/draft.ts'
import { NOW } from '../recording.ts'

const AUTH: BearerRedisAuth = {
  type: 'bearer_redis',
  key: 'token',
  seed: { secret: 'vault://kv/seed#key', optional: true },
  header: 'Authorization',
  prefix: 'Bearer ',
  body_codes: null,
  invalidate_on: [401],
}

async function signed(stored: string | null) {
  const reads: unknown[] = []
  const keeper = new Keeper({
    now: () => NOW,
    times: { fresh_ms: 1000, stale_ms: 1000 },
    read: async (place) => (reads.push(place), 'sentinel-seed'),
    waitUntil: () => {},
    warn: () => {},
  })
  const sourced = { refs: bearerRedis.secrets(AUTH), rotation: null }
  const deps = { now: () => NOW, keeper, find: () => null, isElsewhere: () => true }
  const tokens = {
    minted: () => Promise.reject(new Error('nothing is minted here')),
    stored: () => Promise.resolve(stored === null ? null : new Secret(stored)),
    reject: () => Promise.resolve(false),
  }
  const open = opening(
    () => null,
    tokens,
    callSources(sourced, { agent: 'a', repeatable: true }, deps),
  )
  await open.ready?.()
  const draft = draftOf()
  await bearerRedis.sign(draft, AUTH, open, NOW)
  return { authorization: draft.headers.get('authorization'), reads: reads.length }
}

describe('the seed of a stored token', () => {
  it('is not read while there is a token', async () => {
    expect(await signed('stored')).toEqual({ authorization: 'Bearer stored', reads: 0 })
  })

  it('is read when there is none', async () => {
    expect(await signed(null)).toEqual({ authorization: 'Bearer sentinel-seed', reads: 1 })
  })
})
