import { evictDurableObject, listDurableObjectIds, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'

import { Refusal } from '../../src/refusal.ts'
import type { TokenVault } from '../../src/tokens/object.ts'
import { sealsOf } from '../../src/tokens/seal.ts'
import { asked, clientCredentials, isolate, MASTER, refreshToken, seed, signFor } from './world.ts'
import type { Signing } from './world.ts'

const ID = 'sentinel client:id'
const SECRET = 'sentinel+oauth secret/%:3d1b'
const VAULTS = env['TOKEN_VAULT'] as DurableObjectNamespace<TokenVault>

/** Names are the test's own: vaults outlive a test. */
let made = 0
const fresh = (): string => `provider-${++made}`

function client(changes: Partial<Signing> = {}): Signing {
  return { name: fresh(), auth: clientCredentials(), secrets: { ID, SECRET }, ...changes }
}

async function refresher(changes: Partial<Signing> = {}): Promise<Signing> {
  const secrets = { ID, SECRET, REFRESH: await seed() }
  return { name: fresh(), auth: refreshToken(), secrets, ...changes }
}

function works(authorization: string): Promise<boolean> {
  return fetch(`${env.OAUTH}/api`, { headers: { authorization } }).then(({ ok }) => ok)
}

async function reasonOf(call: Promise<unknown>): Promise<string> {
  const error = await call.catch((each: unknown) => each)
  if (!(error instanceof Refusal)) throw new Error(`no refusal: ${String(error)}`)
  expect(error.code).toBe('PROXY_AUTH_ERROR')
  expect(error.message).toBe('the provider cannot be authenticated')
  return error.details.reason ?? ''
}

/** All that every vault has on disk, as text. */
async function stored(): Promise<string> {
  const ids = await listDurableObjectIds(VAULTS)
  const texts = ids.map((id) =>
    runInDurableObject(VAULTS.get(id), (_, { storage }) => JSON.stringify([...storage.kv.list()])),
  )
  return (await Promise.all(texts)).join('\n')
}

/** As if the process had ended: what objects had in memory is gone. */
async function evictAll(): Promise<void> {
  const ids = await listDurableObjectIds(VAULTS)
  const evicted = await Promise.allSettled(ids.map((id) => evictDurableObject(VAULTS.get(id))))
  // One that was not running has nothing to lose.
  expect(evicted.some(({ status }) => status === 'fulfilled')).toBe(true)
}

describe('oauth2_client_credentials', () => {
  it('mints with the client in the body', async () => {
    const { authorization } = await signFor(isolate(), client())
    expect(await works(authorization)).toBe(true)
  })

  it('mints with the client in the Authorization header, form-encoded first', async () => {
    const auth = clientCredentials({ client_auth: 'basic' })
    const { authorization } = await signFor(
      isolate(),
      client({ auth, secrets: { ID: `${ID} basic`, SECRET } }),
    )
    expect(await works(authorization)).toBe(true)
  })

  it('mints once for 50 concurrent first calls in 50 isolates', async () => {
    const path = `/slow/${crypto.randomUUID()}`
    const signing = client({ auth: clientCredentials({ token_url: env.OAUTH + path }) })
    const calls = Array.from({ length: 50 }, () => signFor(isolate(), signing))
    const tokens = new Set((await Promise.all(calls)).map(({ authorization }) => authorization))
    expect(tokens.size).toBe(1)
    expect(await asked(path)).toBe(1)
  })

  it('opens no secret and makes no hop for a warm token', async () => {
    const where = isolate()
    const signing = client()
    await signFor(where, signing)
    const warm = isolate({ warm: where.deps.warm, vaultOf: () => expect.unreachable() })
    const { opening } = await signFor(warm, signing)
    expect(opening.opened).toHaveLength(1) // the token itself
  })

  it.each([
    ['provider', { name: 'other' }],
    ['scope', { auth: clientCredentials({ scope: 'write' }) }],
    ['audience', { auth: clientCredentials({ audience: 'a' }) }],
    ['redis_key', { auth: clientCredentials({ redis_key: 'k' }) }],
  ])('with another %s it is another credential', async (_, changes) => {
    const signing = client()
    const first = await signFor(isolate(), signing)
    const second = await signFor(isolate(), { ...signing, ...changes })
    expect(second.authorization).not.toBe(first.authorization)
  })

  it('a token that is held is not for whoever has another secret', async () => {
    const signing = client()
    await signFor(isolate(), signing)
    const wrong = { ...signing, secrets: { ID, SECRET: 'wrong' } }
    expect(await reasonOf(signFor(isolate(), wrong))).toMatch(/invalid_client/)
  })

  it('survives the eviction of its object', async () => {
    const signing = client()
    const first = await signFor(isolate(), signing)
    await evictAll()
    expect((await signFor(isolate(), signing)).authorization).toBe(first.authorization)
  })

  it('drops a rejected token once for 50 concurrent rejections, and mints once', async () => {
    const path = `/slow/${crypto.randomUUID()}`
    const signing = client({ auth: clientCredentials({ token_url: env.OAUTH + path }) })
    const calls = await Promise.all(
      Array.from({ length: 50 }, async () => {
        const where = isolate()
        return { where, call: await signFor(where, signing) }
      }),
    )
    const again = await Promise.all(
      calls.map(async ({ where, call }) => {
        expect(await call.opening.reject('401')).toBe(true)
        return signFor(where, signing)
      }),
    )
    const before = new Set(calls.map(({ call }) => call.authorization))
    const after = new Set(again.map(({ authorization }) => authorization))
    expect([before.size, after.size, await asked(path)]).toEqual([1, 1, 2])
    expect([...after]).not.toEqual([...before])
  })

  it('does not mint for ever for an upstream that rejects everything', async () => {
    const path = `/slow/${crypto.randomUUID()}`
    const signing = client({ auth: clientCredentials({ token_url: env.OAUTH + path }) })
    const answers: boolean[] = []
    for (let n = 0; n < 8; n += 1) {
      const { opening } = await signFor(isolate(), signing)
      answers.push(await opening.reject('401'))
    }
    expect(answers).toEqual([true, true, true, true, true, false, false, false])
    expect(await asked(path)).toBe(6)
  })
})

describe('oauth2_refresh_token', () => {
  it('rotates: each mint uses what the one before it brought', async () => {
    const signing = await refresher()
    const seen = new Set<string>()
    for (let n = 0; n < 4; n += 1) {
      const { authorization, opening } = await signFor(isolate(), signing)
      expect(await works(authorization)).toBe(true)
      seen.add(authorization)
      await opening.reject('401')
    }
    expect(seen.size).toBe(4)
  })

  it('mints once for 50 concurrent first calls: a second one would revoke the grant', async () => {
    const path = `/slow/${crypto.randomUUID()}`
    const signing = await refresher({ auth: refreshToken({ token_url: env.OAUTH + path }) })
    const calls = await Promise.all(Array.from({ length: 50 }, () => signFor(isolate(), signing)))
    expect(await asked(path)).toBe(1)
    expect(await works(calls[0]?.authorization ?? '')).toBe(true)
  })

  it('keeps the refresh token over an eviction', async () => {
    const signing = await refresher()
    await (await signFor(isolate(), signing)).opening.reject('401')
    await evictAll()
    expect(await works((await signFor(isolate(), signing)).authorization)).toBe(true)
  })

  it('keeps the refresh token when the client has a new secret', async () => {
    const signing = await refresher()
    await (await signFor(isolate(), signing)).opening.reject('401')
    const wrong = { ...signing, secrets: { ...signing.secrets, SECRET: 'wrong' } }
    expect(await reasonOf(signFor(isolate(), wrong))).toBe(
      'token endpoint: client rejected (invalid_client)',
    )
    await new Promise((resolve) => setTimeout(resolve, 1100))
    expect(await works((await signFor(isolate(), signing)).authorization)).toBe(true)
  })

  it('is paused by invalid_grant, and goes on with a new first token', async () => {
    const path = `/slow/${crypto.randomUUID()}`
    const auth = refreshToken({ token_url: env.OAUTH + path })
    const signing = await refresher({ auth })
    const dead = { ...signing, secrets: { ...signing.secrets, REFRESH: 'sentinel-of-no-grant' } }
    const where = isolate()
    const reason = 'token endpoint: grant rejected (invalid_grant)'
    expect(await reasonOf(signFor(where, dead))).toBe(reason)
    expect(await reasonOf(signFor(where, dead))).toBe(reason)
    expect(await asked(path)).toBe(1)
    await where.settled()
    expect(await where.deps.vaultOf(`news ${signing.name}`).told()).toMatchObject({
      is: 'paused',
      reason,
    })
    expect(await works((await signFor(where, signing)).authorization)).toBe(true)
    await where.settled()
    expect(await where.deps.vaultOf(`news ${signing.name}`).told()).toMatchObject({ is: 'minted' })
  })

  it('opens under the previous master key, and is sealed under the new one', async () => {
    const signing = await refresher()
    await (await signFor(isolate(), signing)).opening.reject('401')
    const NEXT = 'sentinel-master-key-number-two-of-more-than-32'
    const lost = isolate({ seals: () => sealsOf(NEXT, null) })
    expect(await reasonOf(signFor(lost, signing))).toMatch(/master key that is gone/)
    await new Promise((resolve) => setTimeout(resolve, 1100))
    const rotated = isolate({ seals: () => sealsOf(NEXT, MASTER) })
    const { authorization, opening } = await signFor(rotated, signing)
    expect(await works(authorization)).toBe(true)
    await opening.reject('401')
    const later = isolate({ seals: () => sealsOf(NEXT, null) })
    expect(await works((await signFor(later, signing)).authorization)).toBe(true)
  })
})

describe('token endpoints that fail', () => {
  it.each([
    ['/bad/redirect', 'redirect refused'],
    ['/bad/html', 'malformed answer'],
    ['/bad/empty', 'malformed answer'],
    ['/bad/blank', 'malformed answer'],
    ['/bad/huge', 'the answer is too large'],
    ['/bad/unavailable', 'HTTP 503'],
    ['/bad/odd', 'HTTP 400'],
    ['/bad/gone', 'unreachable'],
  ])('%s is %s', async (path, reason) => {
    const auth = clientCredentials({ token_url: env.OAUTH + path })
    expect(await reasonOf(signFor(isolate(), client({ auth })))).toBe(`token endpoint: ${reason}`)
  })

  it('a wrong secret is a rejected client', async () => {
    const signing = client({ secrets: { ID, SECRET: 'wrong' } })
    expect(await reasonOf(signFor(isolate(), signing))).toBe(
      'token endpoint: client rejected (invalid_client)',
    )
  })

  it('a secret that is not set is named to nobody', async () => {
    const error = await signFor(isolate(), client({ secrets: { ID } })).catch((e: unknown) => e)
    expect(error).toMatchObject({ code: 'PROXY_AUTH_ERROR' })
    expect(String(error)).not.toContain('SECRET')
  })

  it('one failure is the answer to all who waited, and the endpoint is left alone for a second', async () => {
    const path = `/bad/unavailable`
    const before = await asked(path)
    const signing = client({ auth: clientCredentials({ token_url: env.OAUTH + path }) })
    const calls = Array.from({ length: 50 }, () => reasonOf(signFor(isolate(), signing)))
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['token endpoint: HTTP 503']))
    expect(await asked(path)).toBe(before + 1)
    await new Promise((resolve) => setTimeout(resolve, 1100))
    await reasonOf(signFor(isolate(), signing))
    expect(await asked(path)).toBe(before + 2)
  })

  it('nothing is minted without a master key', async () => {
    const before = await asked('/token')
    expect(await reasonOf(signFor(isolate({ seals: () => null }), client()))).toMatch(
      /^OUTPOST_MASTER_KEY is not set/,
    )
    expect(await asked('/token')).toBe(before)
  })
})

it('a vault knows nothing in the clear', async () => {
  const where = isolate()
  const signing = await refresher()
  const { authorization } = await signFor(where, signing)
  await where.settled()
  const disk = await stored()
  expect(disk).toContain('"sealed":"v1.')
  expect(disk).not.toContain(authorization.slice('Bearer '.length))
  expect(disk).not.toMatch(/sentinel|Bearer/)
  expect(disk).not.toContain(signing.secrets['REFRESH'])
})
