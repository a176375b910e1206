import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'

import { outpost, start } from './cli/run.ts'
import { APPROVAL, GRANT, json, refusal, startControl } from './cli/server.ts'
import type { ControlServer } from './cli/server.ts'

/** A process each, on a machine that may have other things to do. */
vi.setConfig({ testTimeout: 30_000 })

let server: ControlServer

beforeAll(async () => {
  server = await startControl()
})
afterAll(() => server.close())
beforeEach(() => {
  server.asked.length = 0
})

const run = (args: readonly string[]) => outpost(args, { url: server.url })
const asked = () => server.asked.map(({ method, url }) => `${method} ${url}`)

const ACCESS = {
  id: 'ar_4dKx2NQm7TzRb8VwYc1LpFhJgS',
  state: 'pending',
  tenant: 'acme',
  project: 'website',
  agent: 'claude-code@ci',
  grant: GRANT.id,
  grant_note: 'issue triage',
  provider: 'slack',
  access: 'write',
  allow: [{ methods: ['POST'], pattern: '/chat.postMessage' }],
  duration: 28_800,
  reason: 'to tell the team',
  created_at: APPROVAL.created_at,
  expires_at: APPROVAL.expires_at,
  decided_at: null,
  decided_by: null,
}
const CALLS = 'GET /_outpost/approvals'
const WISHES = 'GET /_outpost/access-requests'
const ONE = `/_outpost/access-requests/${ACCESS.id}`

describe('outpost approvals', () => {
  it('shows what waits, of both kinds', async () => {
    server.on(CALLS, json({ approvals: [APPROVAL] }))
    server.on(WISHES, json({ access_requests: [ACCESS] }))
    const { code, out } = await run(['approvals', '--tenant', 'acme'])
    expect(code).toBe(0)
    expect(asked().toSorted()).toEqual([
      `${WISHES}?tenant=acme&state=pending`,
      `${CALLS}?tenant=acme&state=pending`,
    ])
    for (const said of [
      'POST /repos/acme/site/issues',
      'with per_page',
      'github at api.github.com',
      '{"title"',
      'cover POST /repos/acme/*/issues',
      ACCESS.id,
      'slack (write)',
      'allow POST /chat.postMessage',
      'to tell the team',
      '8 h',
    ]) {
      expect(out).toContain(said)
    }
  })

  it('says that nothing waits, and that there are none', async () => {
    server.on(CALLS, json({ approvals: [] }))
    server.on(WISHES, json({ access_requests: [] }))
    expect((await run(['approvals'])).out).toContain('nothing waits')
    expect((await run(['approvals', '--state', 'all', '--limit', '5'])).out).toContain('none')
    expect(asked().slice(2).toSorted()).toEqual([`${WISHES}?limit=5`, `${CALLS}?limit=5`])
    await run(['approvals', '--state', 'used'])
    expect(asked().slice(4)).toEqual([`${CALLS}?state=used`])
  })

  it('prints both with --json, and what an older server has', async () => {
    server.on(CALLS, json({ approvals: [APPROVAL] }))
    server.on(WISHES, json({ access_requests: [ACCESS] }))
    const both = await run(['approvals', '--json'])
    expect(JSON.parse(both.out)).toEqual({ approvals: [APPROVAL], access_requests: [ACCESS] })
    server.on(WISHES, refusal(404, 'PROXY_NO_ROUTE'))
    const old = await run(['approvals', '--json'])
    expect(JSON.parse(old.out)).toEqual({ approvals: [APPROVAL], access_requests: [] })
    server.on(WISHES, refusal(502, 'PROXY_UPSTREAM_ERROR'))
    expect((await run(['approvals'])).code).not.toBe(0)
  })

  it('--watch shows a wish as it comes, and what became of it', async () => {
    const none = json({ access_requests: [] })
    server.on(CALLS, json({ approvals: [] }))
    server.on(WISHES, none, json({ access_requests: [ACCESS] }), none)
    const denied = { ...ACCESS, state: 'denied', decided_by: 'admin' }
    server.on(`GET ${ONE}`, json({ access_request: denied }))
    const watch = start(['approvals', '--watch'], { url: server.url })
    await watch.until('denied by admin')
    watch.child.kill('SIGINT')
    const { out } = await watch.ended
    expect(out.match(/to tell the team/g)).toHaveLength(1)
    expect(out).toContain(`outpost approve ${ACCESS.id}`)
  })
})

describe('a request for access', () => {
  it.each([
    ['approve', ['approve', ACCESS.id], {}, 'approved by admin, until'],
    ['approve for', ['approve', ACCESS.id, '--for', '8h'], { expires_in: 28_800 }, 'approved by'],
    ['deny', ['deny', ACCESS.id], {}, 'denied by admin'],
  ])('%s', async (how, args, body, said) => {
    const [verb = ''] = how.split(' ')
    const state = verb === 'deny' ? 'denied' : 'approved'
    server.on(
      `POST ${ONE}/${verb}`,
      json({ access_request: { ...ACCESS, state, decided_by: 'admin' } }),
    )
    const ran = await run(args)
    expect([ran.code, server.asked[0]?.body]).toEqual([0, body])
    expect(ran.out).toContain(said)
  })

  it('that is gone is a no', async () => {
    const gone = refusal(409, 'PROXY_CONFLICT', { state: 'denied' }, 'it does not wait any more')
    server.on(`POST ${ONE}/approve`, gone)
    expect((await run(['approve', ACCESS.id])).code).toBe(1)
  })

  it('has no scope of calls, and a call has no span', async () => {
    expect((await run(['approve', ACCESS.id, '--for', 'once'])).code).toBe(2)
    expect((await run(['approve', APPROVAL.id, '--for', '8h'])).code).toBe(2)
    expect(asked()).toEqual([])
  })

  it('once approved is shown with the grant', async () => {
    const { id, provider, access, allow } = ACCESS
    const widened = [{ id, provider, access, allow, until: null }]
    server.on(`GET /_outpost/grants/${GRANT.id}`, json({ grant: { ...GRANT, widened } }))
    const { out } = await run(['grant', 'show', GRANT.id])
    for (const said of ['added to it', `slack (write)  by ${id}`, 'allow POST /chat.postMessage']) {
      expect(out).toContain(said)
    }
  })
})
