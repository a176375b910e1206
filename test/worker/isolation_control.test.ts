import { afterEach, beforeAll, describe, expect, it } from 'vitest'

import { ADMIN, ask, pathOf, well } from '../control/asking.ts'
import type { Json, Question } from '../control/asking.ts'
import { anAgent, anIsolate, approvalIn, callOf, ledgerOf, outcome, write } from './agents.ts'
import type { Agent } from './agents.ts'
import { open } from './call.ts'

/** Names that are nobody else's: a test looks for them in whole answers. */
const NAMES = ['iso-acme-1d', 'iso-globex-2e'] as const
type Name = (typeof NAMES)[number]
const OTHER: Readonly<Record<Name, Name>> = { [NAMES[0]]: NAMES[1], [NAMES[1]]: NAMES[0] }

const agents = {} as Record<Name, Agent>
const waiting = {} as Record<Name, string>

beforeAll(async () => {
  for (const tenant of NAMES) {
    const over = { tenant, project: `p-${tenant}`, agent: `a-${tenant}`, note: `n-${tenant}` }
    agents[tenant] = await anAgent({ ...over, approval: 'sensitive' }, 'plain', 'bearer')
    await callOf(agents[tenant], `/echo/${tenant}`)
    waiting[tenant] = approvalIn(await write(agents[tenant], `/echo/asked-${tenant}`))
    await ledgerOf(tenant, (all) => JSON.stringify(all).includes(`/echo/${tenant}`))
  }
})

/** All that could tell of a tenant, be it a name, an id or a path of its own. */
const marksOf = (name: Name): string[] => [name, agents[name].id, waiting[name]]
const marksIn = (text: string, name: Name) => marksOf(name).filter((mark) => text.includes(mark))

describe.each(NAMES)('an answer to an operator who asks for %s', (tenant) => {
  const other = OTHER[tenant]
  const asked: [string, Parameters<typeof ask>[0], () => Question][] = [
    ['grants', 'listGrants', () => ({ query: { tenant } })],
    ['active grants', 'listGrants', () => ({ query: { tenant, state: 'active', limit: 500 } })],
    [
      "grants of the other's agent",
      'listGrants',
      () => ({ query: { tenant, agent: `a-${other}` } }),
    ],
    ['a grant', 'grant', () => ({ params: { id: agents[tenant].id } })],
    ['approvals', 'listApprovals', () => ({ query: { tenant } })],
    ['an approval', 'approval', () => ({ params: { id: waiting[tenant] } })],
    ['the record', 'audit', () => ({ query: { tenant, limit: 500 } })],
    [
      "the record of the other's agent",
      'audit',
      () => ({ query: { tenant, agent: `a-${other}` } }),
    ],
    ['the verification', 'verifyAudit', () => ({ query: { tenant } })],
  ]

  it.each(asked)('%s: has nothing of another tenant', async (_title, name, question) => {
    const { status, text } = await ask(name, question())
    expect([status, marksIn(text, other)]).toEqual([200, []])
  })

  it('the export, and the live record from its beginning, have nothing of another', async () => {
    const headers = { ...ADMIN, accept: 'application/x-ndjson' }
    const exported = await open(pathOf('audit', { query: { tenant } }), { headers })
    const lines = new TextDecoder().decode(await exported.response.arrayBuffer())
    const live = await open(pathOf('streamAudit', { query: { tenant, after: 0 } }), {
      headers: ADMIN,
    })
    const reader = live.response.body?.getReader()
    const parts = [await reader?.read(), await reader?.read()]
    await reader?.cancel()
    const events = parts.map((part) => new TextDecoder().decode(part?.value)).join('')
    for (const text of [lines, events]) {
      expect(marksIn(text, tenant).length).toBeGreaterThan(1)
      expect(marksIn(text, other)).toEqual([])
    }
  })

  it('a cursor of the other list goes on in no other', async () => {
    const first = await well('listGrants', { query: { limit: 1 } })
    const next = String(first['next'] ?? '')
    expect(next).not.toBe('')
    const { text } = await ask('listGrants', { query: { tenant, cursor: next, limit: 500 } })
    expect(marksIn(text, other)).toEqual([])
  })

  it('a call that is only thought about is decided for the tenant of its grant', async () => {
    const simulated = (provider: string) =>
      well('simulate', {
        body: { grant: agents[tenant].id, provider, method: 'GET', path: '/echo' },
      })
    expect((await simulated('plain'))['decision']).toMatchObject({ allow: true })
    const foreign = await simulated('bearer_acme')
    const nothing = await simulated('no_such_thing')
    expect(foreign).toEqual(nothing)
    expect(foreign['decision'].code).toBe('PROXY_UNKNOWN_PROVIDER')
    expect(marksIn(JSON.stringify(foreign), other)).toEqual([])
  })
})

describe('the windows of a grant', () => {
  it('used up by one agent are whole for every other, of whichever tenant and project', async () => {
    const over = { rate_limits: [{ capacity: 1, window_ms: 600_000 }] }
    const all: Agent[] = []
    for (const tenant of NAMES) {
      for (const project of ['one', 'two']) {
        for (const agent of ['ci', 'bot']) {
          all.push(await anAgent({ ...over, tenant, project, agent }, 'plain'))
        }
      }
    }
    for (const agent of all) expect(outcome(await callOf(agent, '/echo'))).toBe('200')
    for (const agent of all) {
      expect(outcome(await callOf(agent, '/echo'))).toBe('PROXY_RATE_LIMITED')
    }
  })
})

describe('a tenant, a project and an agent of an inherited name', () => {
  it.each('__proto__ constructor toString hasOwnProperty valueOf __defineGetter__'.split(' '))(
    '%s are like any other',
    async (name) => {
      const agent = await anAgent({ tenant: name, project: name, agent: name }, 'plain')
      expect(outcome(await write(agent, '/echo'))).toBe('200')
      const { grants } = await well('listGrants', { query: { tenant: name } })
      expect((grants as Json[]).map((each) => each['id'])).toEqual([agent.id])
      await well('pause', { body: { agent: name, tenant: name } })
      expect(outcome(await write(agent, '/echo', { isolate: anIsolate() }))).toBe('PROXY_PAUSED')
      await well('resume', { body: { agent: name, tenant: name } })
      expect(outcome(await write(agent, '/echo', { isolate: anIsolate() }))).toBe('200')
      expect((await well('verifyAudit', { query: { tenant: name } }))['ok']).toBe(true)
      const { tenants } = await well('status')
      expect((tenants as Json[]).filter((each) => each['tenant'] === name)).toHaveLength(1)
    },
  )
})

describe('a pause of a provider', () => {
  const resumed = ['bearer', 'bearer_acme']
  afterEach(async () => {
    for (const provider of resumed) await well('resume', { body: { provider } })
  })
  const says = async (agent: Agent, provider: string) => {
    const answer = await write(agent, '/echo', { provider, isolate: anIsolate() })
    if (answer.status !== 200) expect(answer.seen).toEqual([])
    return outcome(answer)
  }
  const aboutIt = async (agent: Agent, provider: string): Promise<Json> => {
    const body = { grant: agent.id, provider, method: 'POST', path: '/echo' }
    return (await well('simulate', { body }))['decision']
  }

  it('stops its aliases, of every tenant, and nothing else', async () => {
    const acme = await anAgent({ tenant: 'acme' }, 'bearer', 'bearer_acme', 'plain')
    const globex = await anAgent({ tenant: 'globex' }, 'bearer_globex', 'plain')
    expect(await says(acme, 'bearer_acme')).toBe('200')
    await well('pause', { body: { provider: 'bearer' } })
    expect(await says(acme, 'bearer')).toBe('PROXY_PAUSED')
    expect(await says(acme, 'bearer_acme')).toBe('PROXY_PAUSED')
    expect(await says(globex, 'bearer_globex')).toBe('PROXY_PAUSED')
    expect((await aboutIt(globex, 'bearer_globex'))['code']).toBe('PROXY_PAUSED')
    expect([await says(acme, 'plain'), await says(globex, 'plain')]).toEqual(['200', '200'])
    await well('resume', { body: { provider: 'bearer' } })
    expect(await says(acme, 'bearer_acme')).toBe('200')
  })

  it('that is an alias stops that one alone', async () => {
    const acme = await anAgent({ tenant: 'acme' }, 'bearer', 'bearer_acme')
    const globex = await anAgent({ tenant: 'globex' }, 'bearer_globex')
    await well('pause', { body: { provider: 'bearer_acme' } })
    expect(await says(acme, 'bearer_acme')).toBe('PROXY_PAUSED')
    expect([await says(acme, 'bearer'), await says(globex, 'bearer_globex')]).toEqual([
      '200',
      '200',
    ])
  })
})
