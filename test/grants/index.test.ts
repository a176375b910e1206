import { evictDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'

import type { GrantIndexStub } from '../../src/tenants/stubs.ts'
import { textIn } from '../tenants/world.ts'

it('says whose a token is, after an eviction too, until it is removed', async () => {
  const stub = env.GRANT_INDEX.getByName('aa')
  const index: GrantIndexStub = stub
  await index.put('aa01', 'acme')
  await index.put('aa02', 'globex')
  await evictDurableObject(stub)
  const found = () => Promise.all(['aa01', 'aa02', 'aa03'].map((hash) => index.find(hash)))
  expect(await found()).toEqual(['acme', 'globex', null])
  await index.remove('aa01')
  await index.remove('aa03')
  expect(await found()).toEqual([null, 'globex', null])
})

it('writes nothing for a stranger', async () => {
  const stub = env.GRANT_INDEX.getByName('bb')
  expect(await stub.find('bb01')).toBeNull()
  expect(await textIn(stub)).toBe('')
})
