import { describe, expect, it } from 'vitest'

import { call, FROM } from '../worker/call.ts'
import { ask, VIEWER, well } from './asking.ts'
import type { Json } from './asking.ts'
import { fresh, granted, wished } from './builders.ts'
import { request, rpc, tool } from './mcp_client.ts'

const WISH = { provider: 'bearer', access: 'write', reason: 'to write an issue' }

/** A grant that only reads `plain`, and what is said otherwise. */
async function poor(over: Json = {}) {
  const { grant, token } = await granted(over)
  return { grant: grant as Json, token: token as string, tenant: grant.tenant as string }
}

const wish = (token: string, over: Json = {}, sending = {}) =>
  tool(token, 'request_access', { ...WISH, ...over }, sending)

const approve = (id: string, body: Json = {}) => well('approveAccess', { params: { id }, body })
const deny = (id: string) => well('denyAccess', { params: { id }, body: {} })

async function controls(tenant: string): Promise<Json[]> {
  const { events } = await well('audit', { query: { tenant, limit: 100 } })
  return (events as Json[]).filter(({ kind }) => kind === 'control').toReversed()
}

describe('an agent that needs more', () => {
  it('asks, a person says yes, and the call goes', async () => {
    const { grant, token, tenant } = await poor({ note: 'triage' })
    const post = () => request(token, { method: 'POST' })
    expect((await post()).said).toMatchObject({
      status: 403,
      refusal: { code: 'PROXY_GRANT_DENIED' },
      next: expect.stringContaining('request_access'),
    })
    const asked = await wish(token)
    expect(asked).toMatchObject({ state: 'pending', id: expect.stringMatching(/^ar_/) })
    const { id } = asked as { id: string }
    expect((await wish(token, { reason: 'in other words' }))['id']).toBe(id)
    expect((await post()).seen).toEqual([])

    const { access_requests } = await well('listAccessRequests', { query: { tenant } })
    expect(access_requests).toEqual([
      expect.objectContaining({
        id,
        state: 'pending',
        tenant,
        agent: 'agent@ci',
        grant: grant['id'],
        grant_note: 'triage',
        provider: 'bearer',
        access: 'write',
        reason: 'to write an issue',
      }),
    ])
    expect((await approve(id))['access_request']).toMatchObject({
      state: 'approved',
      decided_by: 'admin',
    })

    expect((await wish(token))['state']).toBe('granted')
    const { said, seen } = await post()
    expect([said['status'], seen.length]).toEqual([200, 1])
    expect((await well('grant', { params: { id: grant['id'] } }))['grant'].widened).toEqual([
      { id, provider: 'bearer', access: 'write', allow: null, until: null },
    ])
    expect((await controls(tenant)).map(({ action, by, target }) => [action, by, target])).toEqual([
      ['grant.created', 'admin', grant['id']],
      ['access.requested', 'agent:agent@ci', id],
      ['access.approved', 'admin', id],
      ['grant.widened', 'admin', grant['id']],
    ])
  })

  it('gets what it asked for and no more', async () => {
    const { token } = await poor()
    const allow = [{ method: 'POST', pattern: '/echo' }]
    const { id } = (await wish(token, { allow })) as { id: string }
    await approve(id)
    await wish(token, { allow })
    expect((await request(token, { method: 'POST' })).said['status']).toBe(200)
    for (const other of [
      { method: 'PUT' },
      { method: 'POST', path: '/echo/more' },
      { method: 'GET', path: '/other' },
      { method: 'POST', path: '/admin/x' },
      { method: 'POST', provider: 'plain' },
    ]) {
      const { said, seen } = await request(token, other)
      expect([other, said['status'], seen]).toEqual([other, 403, []])
    }
  })

  it('sees what was added among its capabilities, and in whoami', async () => {
    const { token } = await poor()
    const { id } = (await wish(token, { duration: 600 })) as { id: string }
    await approve(id)
    await wish(token, { duration: 600 })
    const { providers } = await tool(token, 'list_capabilities')
    expect(providers.map(({ name, access }: Json) => `${name} ${access}`)).toEqual([
      'bearer write',
      'plain read',
    ])
    const headers = { authorization: `Bearer ${token}`, 'cf-connecting-ip': FROM.writer }
    const { grant } = await well('whoami', { headers })
    expect(grant.widened).toMatchObject([{ id, provider: 'bearer', until: expect.any(String) }])
  })

  it('is told no, and what was approved can be taken back', async () => {
    const { token, grant } = await poor()
    const { id } = (await wish(token)) as { id: string }
    await deny(id)
    expect(await wish(token)).toMatchObject({ state: 'denied', id })
    expect((await ask('approveAccess', { params: { id }, body: {} })).status).toBe(409)

    const other = { provider: 'literal' }
    const second = (await wish(token, other)) as { id: string }
    await approve(second.id)
    await wish(token, other)
    expect((await request(token, { method: 'POST', ...other })).said['status']).toBe(200)
    await deny(second.id)
    // The isolate's copy still has it: the door of a sensitive call looks again.
    const { said, seen } = await request(token, { method: 'POST', ...other })
    expect([said['refusal'].code, seen]).toEqual(['PROXY_GRANT_DENIED', []])
    expect((await well('grant', { params: { id: grant['id'] } }))['grant'].widened).toEqual([])
  })

  it('has it no longer than it was given for', async () => {
    const { token } = await poor()
    const { id } = (await wish(token, { duration: 86_400 })) as { id: string }
    await approve(id, { expires_in: 1 })
    await wish(token, { duration: 86_400 })
    expect((await request(token, { method: 'POST' })).said['status']).toBe(200)
    await new Promise((done) => setTimeout(done, 1100))
    for (const method of ['POST', 'GET']) {
      const { said, seen } = await request(token, { method })
      expect([method, said['refusal']?.code, seen]).toEqual([method, 'PROXY_GRANT_DENIED', []])
    }
  })

  it('asks about its own, and about nobody else', async () => {
    const [mine, other] = [await poor(), await poor()]
    const { id, status_url } = (await wish(mine.token)) as { id: string; status_url: string }
    const status = (token: string) =>
      call(status_url, { headers: { authorization: `Bearer ${token}` } })
    expect(JSON.parse((await status(mine.token)).text)).toMatchObject({ id, state: 'pending' })
    expect((await status(other.token)).status).toBe(404)
    expect((await ask('accessStatus', { params: { id }, headers: VIEWER })).status).toBe(200)
    for (const token of [mine.token, other.token]) {
      const headers = { authorization: `Bearer ${token}` }
      for (const name of ['approveAccess', 'denyAccess', 'accessRequest'] as const) {
        expect((await ask(name, { params: { id }, body: undefined, headers })).status).toBe(401)
      }
    }
  })

  it('is shown to a viewer, who decides nothing', async () => {
    const { token, tenant } = await poor()
    const { id } = (await wish(token)) as { id: string }
    const { access_requests } = await well('listAccessRequests', {
      query: { tenant },
      headers: VIEWER,
    })
    expect(access_requests).toHaveLength(1)
    for (const name of ['approveAccess', 'denyAccess'] as const) {
      const { json } = await ask(name, { params: { id }, body: {}, headers: VIEWER })
      expect(json['error'].code).toBe('PROXY_OPERATOR_DENIED')
    }
    expect((await well('accessRequest', { params: { id } }))['access_request'].state).toBe(
      'pending',
    )
  })
})

describe('what no person is asked', () => {
  it.each<[string, Json, object, string]>([
    ['a provider that is not there', { provider: 'nothing' }, {}, 'PROXY_UNKNOWN_PROVIDER'],
    ["another tenant's", { provider: 'bearer_acme' }, {}, 'PROXY_UNKNOWN_PROVIDER'],
    [
      'more than the host may',
      { provider: 'literal' },
      { from: FROM.limited },
      'PROXY_PROVIDER_DENIED',
    ],
    ['to write where the host may not', {}, { from: FROM.reader }, 'PROXY_SENSITIVE_DENIED'],
    ['without a reason', { reason: '' }, {}, 'PROXY_BAD_REQUEST'],
    ['with a terminal in it', { reason: '\u001b[2J' }, {}, 'PROXY_BAD_REQUEST'],
    ['with a book in it', { reason: 'x'.repeat(501) }, {}, 'PROXY_BAD_REQUEST'],
    ['everything', { access: 'admin' }, {}, 'PROXY_BAD_REQUEST'],
    ['for ever', { duration: 1e9 }, {}, 'PROXY_BAD_REQUEST'],
    ['for no time', { duration: 0 }, {}, 'PROXY_BAD_REQUEST'],
    [
      'a pattern that is none',
      { allow: [{ method: 'GET', pattern: 'x' }] },
      {},
      'PROXY_BAD_REQUEST',
    ],
    ['nothing', { allow: [] }, {}, 'PROXY_BAD_REQUEST'],
    [
      'too many things',
      { allow: Array.from({ length: 21 }, (_, n) => ({ method: 'GET', pattern: `/${n}` })) },
      {},
      'PROXY_BAD_REQUEST',
    ],
    ['for another tenant', { tenant: 'acme' }, {}, 'PROXY_BAD_REQUEST'],
    ['for another grant', { grant: 'gr_1' }, {}, 'PROXY_BAD_REQUEST'],
  ])('%s', async (_, over, sending, code) => {
    const { token, tenant } = await poor()
    expect((await wish(token, over, sending))['refusal'].code).toBe(code)
    const { access_requests } = await well('listAccessRequests', { query: { tenant } })
    expect(access_requests).toEqual([])
  })

  it('what the grant has', async () => {
    const { token } = await poor()
    expect((await wish(token, { provider: 'plain', access: 'read' }))['state']).toBe('granted')
  })

  it('a caller without a grant has no such tool', async () => {
    const { result } = await rpc('', 'tools/list')
    expect(result.tools.map(({ name }: Json) => name)).toEqual(['list_capabilities', 'request'])
    const { error } = await rpc('', 'tools/call', { name: 'request_access', arguments: WISH })
    expect(error.code).toBe(-32602)
  })

  it('more than ten things at a time', async () => {
    const { token } = await poor()
    for (let n = 1; n <= 10; n += 1) {
      expect((await wish(token, { duration: n }))['id']).toMatch(/^ar_/)
    }
    expect((await wish(token, { duration: 11 }))['refusal'].code).toBe('PROXY_RATE_LIMITED')
    expect((await wish(token, { duration: 10 }))['state']).toBe('pending')
  })

  it('while it is paused, though its copy of that is older', async () => {
    const { token, tenant } = await poor()
    expect((await wish(token))['state']).toBe('pending')
    await well('pause', { body: { tenant } })
    expect((await wish(token, { duration: 60 }))['refusal'].code).toBe('PROXY_PAUSED')
    await well('resume', { body: { tenant } })
  })

  it('when its grant is revoked, though its copy is older', async () => {
    const { token, grant } = await poor()
    expect((await wish(token))['state']).toBe('pending')
    await well('revokeGrant', { params: { id: grant['id'] } })
    expect((await wish(token, { duration: 60 }))['refusal'].code).toBe('PROXY_GRANT_DENIED')
  })
})

describe('an operator', () => {
  it('cannot widen what has ended, or what is not there', async () => {
    const { grant } = await poor()
    const id = await wished(grant)
    await well('revokeGrant', { params: { id: grant['id'] } })
    const late = await ask('approveAccess', { params: { id }, body: {} })
    expect([late.status, late.json['error'].code]).toEqual([409, 'PROXY_CONFLICT'])
    const none = await ask('approveAccess', { params: { id: `ar_${'x'.repeat(26)}` }, body: {} })
    expect(none.status).toBe(404)
  })

  it('cannot give a provider of another tenant, whatever was asked', async () => {
    const { grant } = await poor()
    for (const provider of ['bearer_acme', 'gone_since']) {
      const id = await wished(grant, { provider })
      const { json } = await ask('approveAccess', { params: { id }, body: {} })
      expect(json['error'].code).toBe('PROXY_CONFLICT')
    }
  })

  it('sees no token that an agent wrote into its reason, and neither does the record', async () => {
    const { token, tenant } = await poor()
    await wish(token, { reason: `use ${token} and ghp_${'a'.repeat(36)}` })
    const seen = JSON.stringify([
      await well('listAccessRequests', { query: { tenant } }),
      await controls(tenant),
    ])
    expect(seen).toContain('[redacted]')
    expect(seen).not.toMatch(/op_|ghp_a/)
  })

  it('sees those of all tenants together, newest first', async () => {
    const agent = fresh('agent')
    const ids: string[] = []
    for (let n = 0; n < 2; n += 1) ids.push(await wished((await poor({ agent })).grant))
    const { access_requests } = await well('listAccessRequests', {
      query: { state: 'pending', limit: 500 },
    })
    const mine = (access_requests as Json[]).filter((each) => each['agent'] === agent)
    expect(new Set(mine.map((each) => String(each['id'])))).toEqual(new Set(ids))
  })
})

it('the simulator knows what was added', async () => {
  const { grant } = await poor()
  const body = { grant: grant['id'], provider: 'bearer', method: 'POST', path: '/echo' }
  const before = await well('simulate', { body })
  await approve(await wished(grant))
  const after = await well('simulate', { body })
  expect([before['decision'].allow, after['decision'].allow]).toEqual([false, true])
  expect(after['decision'].rule).toBeTypeOf('string')
})
