import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'

import type { TokenVault } from '../../src/tokens/object.ts'
import type { Vault } from '../../src/tokens/vault.ts'

const VAULTS = env['TOKEN_VAULT'] as DurableObjectNamespace<TokenVault>

/** A vault whose lease the test holds. */
async function leased() {
  const stub = VAULTS.getByName(crypto.randomUUID())
  const answer = await stub.acquire()
  if (answer.is !== 'yours') throw new Error('no lease')
  return { stub, mint: answer.mint }
}

function onDisk(stub: DurableObjectStub<TokenVault>): Promise<Vault | undefined> {
  return runInDurableObject(stub, (_, { storage }) => storage.kv.get<Vault>('vault'))
}

const HOUR = 3_600_000
const sealed = 'v1.sealed'

describe('a vault', () => {
  it('has a lease on disk before it is answered, and keeps it when it moves', async () => {
    const { stub, mint } = await leased()
    expect(await onDisk(stub)).toMatchObject({ lease: { mint } })
    await evictDurableObject(stub)
    const waiting = stub.acquire()
    const until = Date.now() + HOUR
    await stub.deliver({ mint, sealed, until, refresh: null })
    expect(await waiting).toEqual({ is: 'held', token: { mint, sealed, until } })
  })

  it.each([
    ['a token', { is: 'held' }],
    ['a failure', { is: 'failed', reason: 'x' }],
    ['a pause', { is: 'paused', reason: 'x' }],
  ] as const)('tells all who wait of %s', async (_, outcome) => {
    const { stub, mint } = await leased()
    const waiting = Array.from({ length: 20 }, () => stub.acquire())
    const until = Date.now() + HOUR
    if (outcome.is === 'held') await stub.deliver({ mint, sealed, until, refresh: null })
    if (outcome.is === 'failed') await stub.fail(mint, 'x')
    if (outcome.is === 'paused') await stub.pause(mint, 'x')
    for (const answer of await Promise.all(waiting)) expect(answer).toMatchObject(outcome)
  })

  it('has a delivery on disk when it says so', async () => {
    const { stub, mint } = await leased()
    const until = Date.now() + HOUR
    await stub.deliver({ mint, sealed, until, refresh: 'v1.refresh' })
    await evictDurableObject(stub)
    expect(await onDisk(stub)).toMatchObject({
      token: { mint, sealed, until },
      refresh: 'v1.refresh',
    })
    expect(await stub.acquire()).toMatchObject({ is: 'held' })
  })

  it('is empty after its alarm', async () => {
    const { stub, mint } = await leased()
    await stub.deliver({ mint, sealed, until: Date.now() + HOUR, refresh: null })
    expect(await runDurableObjectAlarm(stub)).toBe(true)
    expect(await onDisk(stub)).toBeUndefined()
    expect(await stub.acquire()).toMatchObject({ is: 'yours' })
  })
})
