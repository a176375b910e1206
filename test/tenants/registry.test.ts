import { evictDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'

import { tagOf } from '../../src/grants/token.ts'
import type { RegistryStub } from '../../src/tenants/stubs.ts'

let made = 0
function aRegistry() {
  const stub = env.REGISTRY.getByName(`registry ${(made += 1)}`)
  const registry: RegistryStub = stub
  return { stub, registry }
}

it('knows every tenant once, by its name and by its tag', async () => {
  const { stub, registry } = aRegistry()
  for (const tenant of ['globex', 'acme', 'acme', 'a b']) await registry.register(tenant)
  await evictDurableObject(stub)
  expect(await registry.tenants()).toEqual(['a b', 'acme', 'globex'])
  expect(await registry.tagged(tagOf('acme'))).toEqual(['acme'])
  expect(await registry.tagged(tagOf('other'))).toEqual([])
  expect(await registry.tagged('')).toEqual([])
})

it('gives a new tenant the pauses of all, and no others', async () => {
  const { stub, registry } = aRegistry()
  const paused = { since: 1, by: 'admin', note: 'n' }
  expect(await registry.register('first')).toEqual([])
  await registry.pause({ scope: { all: true }, ...paused })
  await registry.pause({ scope: { provider: 'github' }, ...paused })
  await registry.pause({ scope: { provider: 'github' }, ...paused, note: 'again' })
  await registry.pause({ scope: { tenant: 'acme' }, ...paused })
  await registry.pause({ scope: { agent: 'triage' }, ...paused })
  await evictDurableObject(stub)
  expect(await registry.register('second')).toEqual([
    { scope: { all: true }, ...paused },
    { scope: { provider: 'github' }, ...paused, note: 'again' },
  ])
  await registry.resume({ all: true })
  await registry.resume({ provider: 'github' })
  expect(await registry.register('third')).toEqual([])
  expect(await registry.tenants()).toEqual(['first', 'second', 'third'])
})
