import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'

import { tokenHash } from '../../src/grants/token.ts'
import { ADMIN, ask, fieldsIn, VIEWER, well } from './asking.ts'
import { aGrant, fresh, granted } from './builders.ts'

const UNKNOWN = 'gr_AAAAAAAAAAAAAAAAAAAAAAAAAA'

describe('a new grant', () => {
  it('has its defaults, and a token that is shown once', async () => {
    const tenant = fresh('acme')
    const { grant, token } = await granted({ tenant })
    expect(grant).toEqual({
      id: expect.stringMatching(/^gr_[0-9A-Za-z]{26}$/),
      tenant,
      project: null,
      agent: 'agent@ci',
      state: 'active',
      providers: [{ provider: 'plain', access: 'read', allow: null, deny: [] }],
      cidrs: [],
      created_at: expect.any(String),
      expires_at: expect.any(String),
      revoked_at: null,
      max_calls: null,
      rate_limits: [],
      approval: 'none',
      approval_hold_seconds: 0,
      note: '',
      widened: [],
      tokens: [{ created_at: grant.created_at, valid_until: null }],
    })
    expect(Date.parse(grant.expires_at) - Date.parse(grant.created_at)).toBe(3_600_000)
    const found = await ask('grant', { params: { id: grant.id } })
    expect(found.json).toEqual({ grant })
    expect(found.text).not.toContain(token)
  })

  it('can be found by the hash of its token', async () => {
    const tenant = fresh('acme')
    const { grant, token } = await granted({ tenant })
    const hash = await tokenHash(token)
    expect(await env.GRANT_INDEX.getByName(hash.slice(0, 2)).find(hash)).toBe(tenant)
    const look = await env.TENANTS.getByName(tenant).look(hash)
    expect(look.grant?.id).toBe(grant.id)
  })

  it('keeps all that it was asked for', async () => {
    const tenant = fresh('acme')
    const { grant } = await granted({
      tenant,
      project: 'web/site',
      agent: 'claude-code@ci',
      providers: [
        {
          provider: 'Plain',
          access: 'write',
          allow: [
            { method: 'get', pattern: '/repos/**' },
            { methods: ['POST', 'post', '*'], path: '/issues' },
          ],
          deny: ['/repos/secret/**'],
        },
        { provider: 'bearer', access: 'read', allow: null },
      ],
      cidrs: ['203.0.113.0/24', '2001:db8::1'],
      max_calls: 5000,
      rate_limits: [{ capacity: 60, window_ms: 60_000 }],
      approval: 'sensitive',
      approval_hold_seconds: 30,
      note: 'triage ✓\nuntil Friday',
    })
    expect(grant).toMatchObject({
      project: 'web/site',
      providers: [
        {
          provider: 'plain',
          access: 'write',
          allow: [
            { methods: ['GET'], pattern: '/repos/**' },
            { methods: ['POST', '*'], pattern: '/issues' },
          ],
          deny: ['/repos/secret/**'],
        },
        { provider: 'bearer', access: 'read', allow: null, deny: [] },
      ],
      cidrs: ['203.0.113.0/24', '2001:db8::1'],
      max_calls: 5000,
      rate_limits: [{ capacity: 60, window_ms: 60_000 }],
      approval: 'sensitive',
      approval_hold_seconds: 30,
      note: 'triage ✓\nuntil Friday',
    })
  })

  it('is of the tenant "default" where none is named', async () => {
    const { grant } = await granted({ tenant: undefined })
    expect(grant.tenant).toBe('default')
  })

  it('names providers that there are', async () => {
    const providers = ['plain', 'nowhere', 'constructor'].map((provider) => ({
      provider,
      access: 'read',
    }))
    const fields = fieldsIn(await ask('createGrant', { body: aGrant({ providers }) }))
    expect(Object.keys(fields)).toEqual(['providers.1.provider', 'providers.2.provider'])
  })

  it.each([
    ['acme', 'bearer_acme', []],
    ['globex', 'bearer_acme', ['providers.0.provider']],
    ['default', 'bearer_globex', ['providers.0.provider']],
    ['globex', 'bearer', []],
  ])('of %s may name %s: %j', async (tenant, provider, fields) => {
    const body = aGrant({ tenant, providers: [{ provider, access: 'read' }] })
    const answer = await ask('createGrant', { body })
    if (fields.length === 0) expect(answer.status).toBe(201)
    // In the same words as for a provider that there is not.
    else expect(fieldsIn(answer)).toEqual({ [fields.join()]: 'a provider of that tenant' })
  })

  it('is in the record, with whoever made it', async () => {
    const { grant } = await granted()
    const { events } = await well('audit', { query: { tenant: grant.tenant } })
    expect(events).toMatchObject([{ kind: 'control', action: 'grant.created', by: 'admin' }])
  })
})

describe('a grant that is there', () => {
  it('is renewed from now on, also to end sooner', async () => {
    const { grant } = await granted()
    const { grant: renewed } = await well('renewGrant', {
      params: { id: grant.id },
      body: { expires_in: 60 },
    })
    expect(Date.parse(renewed.expires_at)).toBeLessThan(Date.parse(grant.expires_at))
    expect(renewed.state).toBe('active')
  })

  it('gets a new token; the old one lives on for the overlap', async () => {
    const { grant, token } = await granted()
    const params = { id: grant.id }
    const rotated = await well('rotateGrant', { params, body: { overlap: 600 } })
    expect(rotated['token']).not.toBe(token)
    expect(rotated['grant'].tokens).toHaveLength(2)
    expect(rotated['grant'].tokens[1].valid_until).not.toBeNull()
    const hash = await tokenHash(rotated['token'])
    expect(await env.GRANT_INDEX.getByName(hash.slice(0, 2)).find(hash)).toBe(grant.tenant)
    // Without a body there is no overlap.
    const again = await well('rotateGrant', { params })
    expect(Date.parse(again['grant'].tokens[1].valid_until)).toBeLessThanOrEqual(Date.now())
  })

  it('is revoked, once and for all', async () => {
    const { grant } = await granted()
    const params = { id: grant.id }
    const { grant: revoked } = await well('revokeGrant', { params })
    expect(revoked).toMatchObject({ state: 'revoked', revoked_at: expect.any(String) })
    expect(await well('revokeGrant', { params })).toEqual({ grant: revoked })
    for (const asked of [
      ask('renewGrant', { params, body: { expires_in: 60 } }),
      ask('rotateGrant', { params }),
    ]) {
      const { status, json } = await asked
      expect([status, json['error'].code]).toEqual([409, 'PROXY_CONFLICT'])
    }
  })

  it.each(['grant', 'renewGrant', 'rotateGrant', 'revokeGrant'] as const)(
    '%s of an id that is of none: 404',
    async (name) => {
      const body = name === 'renewGrant' ? { body: { expires_in: 60 } } : {}
      for (const id of [UNKNOWN, 'gr_1', 'nope', 'ap_AAAAAAAAAAAAAAAAAAAAAAAAAA', '%00', '../x']) {
        const { status, json } = await ask(name, { params: { id }, ...body })
        expect([id, status, json['error'].code]).toEqual([id, 404, 'PROXY_NOT_FOUND'])
      }
    },
  )

  it('is not changed by a viewer, who can see it', async () => {
    const { grant } = await granted()
    const params = { id: grant.id }
    expect((await ask('revokeGrant', { params, headers: VIEWER })).status).toBe(403)
    expect(await well('grant', { params, headers: VIEWER })).toEqual({ grant })
  })
})

describe('the list of grants', () => {
  it('is of one tenant, by project, agent and state', async () => {
    const tenant = fresh('acme')
    const first = await granted({ tenant, project: 'web', agent: 'a' })
    const second = await granted({ tenant, project: 'app', agent: 'b' })
    await well('revokeGrant', { params: { id: second['grant'].id } })
    const idsOf = async (query: Record<string, string>) =>
      (await well('listGrants', { query: { tenant, ...query } }))['grants'].map(
        ({ id }: { id: string }) => id,
      )
    expect(await idsOf({})).toEqual([second['grant'].id, first['grant'].id])
    expect(await idsOf({ project: 'web' })).toEqual([first['grant'].id])
    expect(await idsOf({ agent: 'b' })).toEqual([second['grant'].id])
    expect(await idsOf({ state: 'active' })).toEqual([first['grant'].id])
    expect(await idsOf({ state: 'expired' })).toEqual([])
  })

  it('comes in pages, over all tenants', async () => {
    const agent = fresh('agent')
    const wanted = new Set<string>()
    for (const tenant of [fresh('a'), fresh('b'), fresh('c')]) {
      for (let n = 0; n < 3; n++) wanted.add((await granted({ tenant, agent }))['grant'].id)
    }
    const seen: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const query: Record<string, string | number> = { agent, limit: 2 }
      if (cursor !== '') query['cursor'] = cursor
      const page = await well('listGrants', { query })
      seen.push(...page['grants'].map(({ id }: { id: string }) => id))
      cursor = page['next']
    }
    expect(seen).toHaveLength(9)
    expect(new Set(seen)).toEqual(wanted)
  })

  it('refuses a cursor that is none', async () => {
    const answer = await ask('listGrants', { query: { cursor: 'x' }, headers: ADMIN })
    expect(Object.keys(fieldsIn(answer))).toEqual(['cursor'])
  })
})
