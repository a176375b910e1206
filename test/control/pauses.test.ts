import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it } from 'vitest'

import { ask, fieldsIn, well } from './asking.ts'
import type { Json } from './asking.ts'
import { fresh, granted } from './builders.ts'

const pausesOf = (tenant: string) => env.TENANTS.getByName(tenant).pauses()
const scopesOf = async (tenant: string) => (await pausesOf(tenant)).map(({ scope }) => scope)

afterEach(async () => {
  await well('resume', { body: { all: true } })
  await well('resume', { body: { provider: 'plain' } })
})

describe('a pause', () => {
  it.each<[string, Json, Json]>([
    ['everything', { all: true }, { all: true }],
    ['a provider', { provider: 'Plain' }, { provider: 'plain' }],
  ])('of %s is in every tenant, also one that comes later', async (_title, body, scope) => {
    const { grant } = await granted()
    const { paused } = await well('pause', { body: { ...body, note: 'incident' } })
    expect(paused).toContainEqual({
      scope,
      tenants: expect.arrayContaining(['default', grant.tenant]),
      since: expect.any(String),
      by: 'admin',
      note: 'incident',
    })
    expect(await scopesOf(grant.tenant)).toEqual([scope])
    const later = await granted()
    expect(await scopesOf(later['grant'].tenant)).toEqual([scope])
    // A second grant of the tenant does not pause it again.
    await granted({ tenant: later['grant'].tenant })
    const { events } = await well('audit', { query: { tenant: later['grant'].tenant } })
    expect(events.filter(({ action }: Json) => /pause/.test(action))).toHaveLength(1)

    await well('resume', { body })
    expect(await scopesOf(grant.tenant)).toEqual([])
    expect(await scopesOf(later['grant'].tenant)).toEqual([])
    expect(await scopesOf((await granted())['grant'].tenant)).toEqual([])
  })

  it('of a tenant is there alone', async () => {
    const [one, other] = [await granted(), await granted()]
    const { tenant } = one['grant']
    const { paused } = await well('pause', { body: { tenant } })
    expect(paused).toMatchObject([{ scope: { tenant }, tenants: [tenant], note: '' }])
    expect(await scopesOf(other['grant'].tenant)).toEqual([])
    expect(await well('resume', { body: { tenant } })).toEqual({ paused: [] })
  })

  it('of an agent is in its tenant, or in all that there are', async () => {
    const [one, other] = [await granted(), await granted()]
    const [{ tenant }, { tenant: elsewhere }] = [one['grant'], other['grant']]
    const agent = fresh('agent')
    await well('pause', { body: { agent, tenant } })
    expect(await scopesOf(tenant)).toEqual([{ agent }])
    expect(await scopesOf(elsewhere)).toEqual([])
    await well('pause', { body: { agent } })
    expect(await scopesOf(elsewhere)).toEqual([{ agent }])
    await well('resume', { body: { agent } })
    expect([await scopesOf(tenant), await scopesOf(elsewhere)]).toEqual([[], []])
  })

  it.each<[Json, string[]]>([
    [{}, ['']],
    [{ all: false }, ['all']],
    [{ all: true, provider: 'plain' }, ['']],
    [{ provider: 'plain', tenant: 'default' }, ['']],
    [{ provider: 'nowhere' }, ['provider']],
    [{ tenant: 'nowhere' }, ['tenant']],
    [{ agent: 'a', tenant: 'nowhere' }, ['tenant']],
    [{ tenants: ['default'] }, ['tenants']],
  ])('%j is none', async (body, fields) => {
    expect(Object.keys(fieldsIn(await ask('pause', { body })))).toEqual(fields)
  })

  it('can be taken back where there is none', async () => {
    expect(await well('resume', { body: { provider: 'nowhere' } })).toEqual({ paused: [] })
  })
})
