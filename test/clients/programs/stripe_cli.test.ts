import { afterAll, beforeAll, expect, it, vi } from 'vitest'

import { clientsOutpost } from '../outpost.ts'
import { json, upstream } from '../servers/upstream.ts'
import type { TestUpstream } from '../servers/upstream.ts'
import { aHome } from '../settled.ts'
import { program } from './program.ts'

/** Seconds of work for a machine that may have other things to do. */
vi.setConfig({ testTimeout: 60_000 })

const KEY = 'rk_test_sentinel7f20c4'
const at = clientsOutpost({ STRIPE_CLI_KEY: KEY })
const home = aHome()

let api: TestUpstream | undefined
let token = ''

beforeAll(async () => {
  api = await upstream(at.port('stripe-cli'), ({ headers, url }, response) =>
    headers.authorization === `Bearer ${KEY}`
      ? json(response, 200, { id: 'cus_1', object: 'customer', url })
      : json(response, 401, { error: { type: 'invalid_request_error' } }),
  )
  token = await at.grant({ provider: 'stripe_cli', access: 'read' })
})
afterAll(() => api?.close())

/** It takes no path in `--api-base`: a grant for one provider names that. */
function stripe(...args: readonly string[]) {
  const where = { url: at.url, provider: 'stripe_cli', token }
  const command = [program('stripe', '@stripe/cli'), ...args, '--api-base', at.url]
  return home.run({ client: 'stripe', where }, ...command)
}

it("Stripe's command line reads with a grant in the form of a key", async () => {
  const ran = await stripe('get', '/v1/customers/cus_1')
  expect(ran).toMatchObject({ code: 0 })
  expect(JSON.parse(ran.out)).toMatchObject({ id: 'cus_1', url: '/v1/customers/cus_1' })
  const [asked] = api?.asked ?? []
  expect(asked?.headers.authorization).toBe(`Bearer ${KEY}`)
  expect(JSON.stringify(asked?.headers)).not.toContain(token)
  expect([ran.out, ran.err].join()).not.toContain(KEY)
  expect(home.filesWith(KEY)).toEqual([])
})

it('and is refused what the grant does not give', async () => {
  const before = api?.asked.length
  const ran = await stripe('post', '/v1/customers', '-d', 'name=x')
  expect(ran.out + ran.err).toContain('PROXY_GRANT_DENIED')
  expect(api?.asked.length).toBe(before)
})
