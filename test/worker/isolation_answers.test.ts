import { beforeAll, describe, expect, it } from 'vitest'

import { SECRETS } from '../fixtures/secrets.ts'
import { anAgent, appearance, approvalIn, callOf, ledgerOf, outcome, write } from './agents.ts'
import type { Agent } from './agents.ts'
import { call, only, values } from './call.ts'
import type { Asking } from './call.ts'

const NAMES = ['acme', 'globex'] as const
const OTHER = { acme: 'globex', globex: 'acme' } as const
const TOKEN_OF = {
  acme: SECRETS.BEARER_ACME_TOKEN,
  globex: SECRETS.BEARER_GLOBEX_TOKEN,
} as const

const agents = {} as Record<(typeof NAMES)[number], Agent>
/** Of each tenant: another project, and another agent. */
const neighbours = {} as Record<(typeof NAMES)[number], Agent[]>

beforeAll(async () => {
  for (const tenant of NAMES) {
    const of = (project: string, agent: string) =>
      anAgent({ tenant, project, agent, note: `note of ${tenant}` }, 'bearer', `bearer_${tenant}`)
    agents[tenant] = await of('web', 'ci')
    neighbours[tenant] = [await of('shop', 'ci'), await of('web', 'bot')]
  }
})

describe.each(NAMES)('an agent of %s', (tenant) => {
  const alias = `bearer_${tenant}`
  const foreign = `bearer_${OTHER[tenant]}`

  it('calls with the key of its own tenant, and with no other', async () => {
    const own = await callOf(agents[tenant], '/echo', { provider: alias })
    expect(values(only(own), 'authorization')).toEqual([`Bearer ${TOKEN_OF[tenant]}`])
    const shared = await callOf(agents[tenant], '/echo', { provider: 'bearer' })
    expect(values(only(shared), 'authorization')).toEqual([`Bearer ${SECRETS.BEARER_TOKEN}`])
  })

  it.each<[string, string, Asking]>([
    ['GET', '/echo', {}],
    ['POST', '/echo', { method: 'POST', body: 'x' }],
    ['HEAD', '/echo', { method: 'HEAD' }],
    ['a path that is denied there', '/admin/x', {}],
    ['a path with two readings', '/a%2Fb', {}],
    ['a query that changes the method', '/a?_method=PUT', {}],
    ['a key', '/echo', { method: 'POST', headers: { 'idempotency-key': 'k' } }],
    ['a body that says to be long', '/', { method: 'POST', headers: { 'content-length': '9' } }],
  ])(
    "is told of the other's provider what it is told of none: %s",
    async (_title, path, asking) => {
      const ways: ((name: string) => [string, Asking])[] = [
        (provider) => [path, { ...asking, provider }],
        (provider) => [path, { ...asking, provider: provider.toUpperCase() }],
        (name) => [`/p/${name}${path}`, { ...asking, provider: undefined as never }],
        (name) => [
          path,
          {
            ...asking,
            provider: undefined as never,
            origin: `https://${name}.proxy.test`,
            env: { OUTPOST_DOMAIN: 'proxy.test' },
          },
        ],
        (DEFAULT_PROVIDER) => [
          path,
          { ...asking, provider: undefined as never, env: { DEFAULT_PROVIDER } },
        ],
      ]
      for (const way of ways) {
        const there = await callOf(agents[tenant], ...way(foreign))
        const nowhere = await callOf(agents[tenant], ...way('bearer_nobody'))
        expect(outcome(there)).toBe('PROXY_UNKNOWN_PROVIDER')
        expect(appearance(there)).toBe(appearance(nowhere))
        expect(there.text).not.toContain(foreign)
        expect([...there.seen, ...nowhere.seen]).toEqual([])
      }
    },
  )

  it.each(['/_outpost/whoami', '/providers', '/healthz'])(
    'finds nothing of another in %s',
    async (path) => {
      const { status, text } = await call(path, { headers: agents[tenant].shows })
      expect(status).toBe(200)
      expect(text).toContain(alias)
      expect(text).not.toContain(OTHER[tenant])
      for (const each of [...neighbours[tenant], agents[OTHER[tenant]]]) {
        expect(text).not.toContain(each.id)
      }
      expect(text).not.toMatch(/keyheader|granted|op_|sentinel/)
    },
  )

  it('is told of its own providers where it names none', async () => {
    const answer = await callOf(agents[tenant], '/echo', { provider: 'constructor' })
    expect(JSON.parse(answer.text)).toMatchObject({
      error: { metadata: { available: ['bearer', alias] } },
    })
  })

  it("sees another's approval as one that is not there", async () => {
    const asking = { provider: 'bearer' }
    const over = { tenant: OTHER[tenant], approval: 'all' }
    const own = await anAgent({ ...over, tenant, agent: 'asks' }, 'bearer')
    const others = [
      await anAgent(over, 'bearer'),
      await anAgent({ ...over, tenant, project: 'shop' }, 'bearer'),
      await anAgent({ ...over, tenant, agent: 'bot' }, 'bearer'),
    ]
    const mine = approvalIn(await write(own, '/echo/asked', asking))
    const at = (id: string) => call(`/_outpost/approvals/${id}/status`, { headers: own.shows })
    const status = await at(mine)
    expect(JSON.parse(status.text)).toEqual({
      id: mine,
      state: 'pending',
      expires_at: expect.any(String),
    })
    const nobodys = [
      // Of a tenant that there is, of one that there is not, and no identifier at all.
      `${mine.slice(0, 9)}${'A'.repeat(20)}`,
      `ap_${'A'.repeat(26)}`,
      'ap_1',
    ]
    const appearances = new Set<string>()
    for (const id of nobodys) appearances.add(appearance(await at(id)))
    for (const other of others) {
      const theirs = approvalIn(await write(other, '/echo/theirs', asking))
      appearances.add(appearance(await at(theirs)))
    }
    expect(appearances.size).toBe(1)
    expect([...appearances][0]).toContain('PROXY_NOT_FOUND')
  })

  it('is in the ledger of its tenant, and in no other', async () => {
    const path = `/echo/${crypto.randomUUID()}`
    await callOf(agents[tenant], path, { provider: 'bearer' })
    const isThere = (record: object) => JSON.stringify(record).includes(path)
    const own = await ledgerOf(tenant, (records) => records.some(isThere))
    const text = JSON.stringify(own)
    expect(own.every((record) => record.tenant === tenant)).toBe(true)
    for (const each of [agents[OTHER[tenant]], ...neighbours[OTHER[tenant]]]) {
      expect(text).not.toContain(each.id)
      expect(text).not.toContain(`note of ${OTHER[tenant]}`)
    }
    for (const name of [OTHER[tenant], 'default', 'nobody']) {
      const others = await ledgerOf(name, () => true)
      expect(JSON.stringify(others)).not.toContain(path)
    }
  })
})
