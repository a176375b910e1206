import { setTimeout as delay } from 'node:timers/promises'

import { expect, it } from 'vitest'

import { ELSEWHERE, SECRETS, sentinelsIn, VAULT_TOKEN } from '../fixtures/secrets.ts'
import { startChanging } from '../sources/servers/changing.ts'
import { outpost } from './outpost.ts'
import { head, KEY, Wire } from './wire.ts'

const vault = await startChanging()
const here = outpost({ VAULT_ADDR: vault, VAULT_TOKEN })

async function set(kept: Record<string, string | number>): Promise<void> {
  await fetch(`${vault}/_set`, { method: 'PUT', body: JSON.stringify(kept) })
}

async function ask() {
  const headers = { 'x-provider': 'kept', 'x-outpost-auth': SECRETS.AGENT_KEY }
  const response = await fetch(`http://127.0.0.1:${here.port}/echo`, { headers })
  const text = await response.text()
  expect(sentinelsIn(text)).toEqual([])
  return response.status
}

it('a call that goes away while it reads leaves nobody waiting: the others get what it read', async () => {
  await set({ 'kv/data/kept#key': ELSEWHERE.vault, delay: 1000 })
  const leaver = new Wire(here.port)
  leaver.send(head('GET /echo HTTP/1.1', 'Host: proxy.test', KEY, 'X-Provider: kept'))
  await delay(300)
  const others = Array.from({ length: 20 }, ask)
  await delay(100)
  leaver.socket.resetAndDestroy()
  const began = Date.now()
  expect(await Promise.all(others)).toEqual(others.map(() => 200))
  expect(Date.now() - began).toBeLessThan(5000)
  const asked: readonly string[] = await (await fetch(`${vault}/_seen`)).json()
  expect(asked.filter((each) => each.startsWith('GET'))).toEqual(['GET /v1/kv/data/kept'])
  const sent = here.upstream.all.map(({ headers }) =>
    new Headers([...headers]).get('authorization'),
  )
  expect(new Set(sent)).toEqual(new Set([`Bearer ${ELSEWHERE.vault}`]))
})
