import { afterEach, describe, expect, it, vi } from 'vitest'

import { ask, well } from '../control/asking.ts'
import type { Json } from '../control/asking.ts'
import { anAgent, anIsolate, callOf, outcome, write } from './agents.ts'
import type { Agent } from './agents.ts'
import { call, FROM } from './call.ts'
import type { Asking } from './call.ts'

const SECOND = 1000

afterEach(() => {
  vi.useRealTimers()
})

/** As an isolate sees it that has no copy. */
const anew = (agent: Agent, method = 'GET') =>
  callOf(agent, '/echo', { isolate: anIsolate(), method }).then(outcome)

describe('whoami', () => {
  it('tells an agent what it may do, and nothing else', async () => {
    const agent = await anAgent({
      tenant: 'acme',
      project: 'web',
      agent: 'ci',
      providers: [
        { provider: 'bearer', access: 'read', allow: [{ method: 'GET', pattern: '/echo/**' }] },
        { provider: 'bearer_acme', access: 'write', deny: ['/echo/secret'] },
      ],
      max_calls: 7,
      rate_limits: [{ capacity: 5, window_ms: 60_000 }],
      approval: 'sensitive',
      note: 'note-for-operators',
    })
    const { status, text } = await call('/_outpost/whoami', { headers: agent.shows })
    expect(status).toBe(200)
    expect(JSON.parse(text)).toEqual({
      tenant: 'acme',
      project: 'web',
      agent: 'ci',
      host: 'writer',
      can_call_sensitive: true,
      grant: {
        id: agent.id,
        expires_at: agent.grant['expires_at'],
        approval: 'sensitive',
        max_calls: 7,
        rate_limits: [{ capacity: 5, window_ms: 60_000 }],
        providers: [
          {
            provider: 'bearer',
            access: 'read',
            allow: [{ methods: ['GET'], pattern: '/echo/**' }],
            deny: [],
          },
          { provider: 'bearer_acme', access: 'write', allow: null, deny: ['/echo/secret'] },
        ],
        widened: [],
      },
      providers: ['bearer', 'bearer_acme'],
    })
    expect(text).not.toMatch(/op_|note-for|hash|token|sentinel|192\.0\.2/)
  })

  it.each<[string, Asking]>([
    ['nobody', { from: FROM.stranger }],
    ['a wrong key', { from: FROM.keyed, headers: { 'x-outpost-auth': 'x' } }],
    ['an unknown token', { headers: { authorization: `Bearer op_${'A'.repeat(43)}` } }],
  ])('tells %s nothing', async (_title, asking) => {
    const { status, text } = await call('/_outpost/whoami', asking)
    expect([401, 403]).toContain(status)
    expect(text).not.toMatch(/tenant|plain|writer/)
  })

  it('is not for an operator, who is nobody there', async () => {
    const answer = await ask('whoami')
    expect(answer.text).not.toContain('"grant":{')
  })
})

describe('what a client says of itself', () => {
  it.each<[string, number, Record<string, string>]>([
    ['tenant', 200, { 'x-outpost-tenant': 'acme' }],
    ['project', 200, { 'x-outpost-project': 'web' }],
    ['both', 200, { 'x-outpost-tenant': 'acme', 'x-outpost-project': 'web' }],
    ['another tenant', 403, { 'x-outpost-tenant': 'globex' }],
    ['another project', 403, { 'x-outpost-tenant': 'acme', 'x-outpost-project': 'shop' }],
    ['no tenant', 403, { 'x-outpost-tenant': '' }],
    ['no project', 403, { 'x-outpost-project': '' }],
    ['other case', 403, { 'x-outpost-tenant': 'Acme' }],
    ['two tenants', 403, { 'x-outpost-tenant': 'acme, acme' }],
  ])('%s: %i', async (_title, status, headers) => {
    const agent = await anAgent({ tenant: 'acme', project: 'web' })
    const answer = await callOf(agent, '/echo', { headers })
    expect(answer.status).toBe(status)
    if (status === 403) expect(outcome(answer)).toBe('PROXY_WRONG_CLIENT')
    expect(answer.seen).toHaveLength(status === 200 ? 1 : 0)
    expect(JSON.stringify(answer.seen)).not.toMatch(/x-outpost/i)
    const about = await call('/_outpost/whoami', { headers: { ...agent.shows, ...headers } })
    expect(about.status).toBe(status)
  })

  it('is of the tenant "default", and no project, without a grant', async () => {
    const said = async (headers: Record<string, string>) =>
      outcome(await call('/echo', { provider: 'plain', headers }))
    expect(await said({ 'x-outpost-tenant': 'default' })).toBe('200')
    expect(await said({ 'x-outpost-tenant': 'acme' })).toBe('PROXY_WRONG_CLIENT')
    expect(await said({ 'x-outpost-project': 'web' })).toBe('PROXY_WRONG_CLIENT')
  })
})

describe('a grant that is wanted', () => {
  it.each<[string, string, Asking]>([
    [
      'REQUIRE_GRANT',
      'PROXY_GRANT_REQUIRED',
      { provider: 'plain', env: { REQUIRE_GRANT: 'true' } },
    ],
    [
      'any value of it',
      'PROXY_GRANT_REQUIRED',
      { provider: 'plain', env: { REQUIRE_GRANT: 'maybe' } },
    ],
    ['the provider', 'PROXY_GRANT_REQUIRED', { provider: 'granted' }],
    ['nobody', '200', { provider: 'plain', env: { REQUIRE_GRANT: 'false' } }],
  ])('by %s: %s', async (_title, code, asking) => {
    const answer = await call('/echo', asking)
    expect([outcome(answer), answer.seen.length]).toEqual([code, code === '200' ? 1 : 0])
    const agent = await anAgent({}, asking.provider ?? 'plain')
    expect((await callOf(agent, '/echo', asking)).status).toBe(200)
  })
})

describe('a grant through its life', () => {
  it('ends to the second, and holds again when it is renewed', async () => {
    const agent = await anAgent({ expires_in: 60 })
    const ends = Date.parse(String(agent.grant['expires_at']))
    vi.useFakeTimers({ toFake: ['Date'], now: ends - 1 })
    expect([await anew(agent), await anew(agent, 'POST')]).toEqual(['200', '200'])
    vi.setSystemTime(ends)
    expect([await anew(agent), await anew(agent, 'POST')]).toEqual([
      'PROXY_GRANT_DENIED',
      'PROXY_GRANT_DENIED',
    ])
    await well('renewGrant', { params: { id: agent.id }, body: { expires_in: 60 } })
    expect([await anew(agent), await anew(agent, 'POST')]).toEqual(['200', '200'])
  })

  it('is rotated: both tokens hold for the overlap, and then the new one', async () => {
    const agent = await anAgent()
    const made = await well('rotateGrant', { params: { id: agent.id }, body: { overlap: 120 } })
    const next: Agent = { ...agent, shows: { 'x-outpost-auth': String(made['token']) } }
    const until = Date.parse((made['grant'] as Json)['tokens'][1].valid_until)
    const both = async () => [
      await anew(agent),
      await anew(agent, 'POST'),
      await anew(next),
      await anew(next, 'POST'),
    ]
    expect(await both()).toEqual(['200', '200', '200', '200'])
    vi.useFakeTimers({ toFake: ['Date'], now: until - 1 })
    expect(await both()).toEqual(['200', '200', '200', '200'])
    vi.setSystemTime(until)
    expect(await both()).toEqual(['PROXY_GRANT_DENIED', 'PROXY_GRANT_DENIED', '200', '200'])
  })
})

describe('the calls that a grant may make', () => {
  it.each<[string, string]>([
    ['GET', '/echo'],
    ['POST', '/echo'],
  ])('by %s are so many, also when 50 come at once', async (method, path) => {
    const agent = await anAgent({ max_calls: 17 })
    const sent = (isolate: Cloudflare.Env) => callOf(agent, path, { method, isolate })
    const isolates = [anIsolate(), anIsolate(), anIsolate()]
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, at) => sent(isolates[at % 3] ?? anIsolate())),
    )
    expect(answers.flatMap(({ seen }) => seen)).toHaveLength(17)
    const refused = answers.map(outcome).filter((each) => each !== '200')
    expect(new Set(refused)).toEqual(new Set(['PROXY_GRANT_DENIED']))
    expect(refused).toHaveLength(33)
  })

  it('are not used up by what is refused', async () => {
    const providers = [{ provider: 'plain', access: 'read', deny: ['/echo/no'] }]
    const agent = await anAgent({ max_calls: 1, providers })
    expect(outcome(await write(agent, '/echo'))).toBe('PROXY_GRANT_DENIED')
    expect(outcome(await callOf(agent, '/echo/no'))).toBe('PROXY_GRANT_DENIED')
    expect(outcome(await callOf(agent, '/admin/x'))).toBe('PROXY_PATH_DENIED')
    expect(outcome(await callOf(agent, '/echo'))).toBe('200')
  })

  it('are limited in time, and the headers say how many are left', async () => {
    const rate_limits = [{ capacity: 2, window_ms: 60 * SECOND }]
    const agent = await anAgent({ rate_limits })
    const env = { RATE_LIMIT_QUEUE_TIMEOUT: '0' }
    const said = async () => {
      const { status, headers } = await callOf(agent, '/echo', { env })
      return [status, headers.get('ratelimit-policy'), headers.get('ratelimit')?.split(';t=')[0]]
    }
    const policy = '"60s";q=2;w=60'
    expect(await said()).toEqual([200, policy, '"60s";r=1'])
    expect(await said()).toEqual([200, policy, '"60s";r=0'])
    expect(await said()).toEqual([429, policy, '"60s";r=0'])
    const refused = await callOf(agent, '/echo', { env })
    expect(outcome(refused)).toBe('PROXY_RATE_LIMITED')
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  })
})
