import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'

import { tokenHash } from '../../src/grants/token.ts'
import { ADMIN, ask, VIEWER, well } from '../control/asking.ts'
import { formsOf, OPERATORS, SECRETS, sentinelsIn } from '../fixtures/secrets.ts'
import { textIn } from '../tenants/world.ts'
import { anAgent, approvalIn, approve, callOf, ledgerOf, outcome } from './agents.ts'
import type { Agent } from './agents.ts'
import { call, FROM } from './call.ts'
import type { Answer, Asking } from './call.ts'
import { logged } from './logged.ts'

/** What a client sends that is nobody else's business, one for each place. */
const SENT = {
  query: 'sentinel-query-9a1e',
  header: 'sentinel-header-b77c',
  cookie: 'sentinel-cookie-40d2',
  body: 'sentinel-body-e5f8',
  nested: 'sentinel-nested-1c60',
  key: 'sentinel-idempotency-7742',
  wrong: 'sentinel-wrong-key-3310',
  hook: 'sentinel-hook-08ab',
} as const
const UNKNOWN = `op_${'Zq9'.repeat(14)}Z`

/** Every method and header that a call may carry its secrets in. */
function loaded(agent: Agent, more: Record<string, string> = {}): Asking {
  return {
    method: 'POST',
    body: JSON.stringify({ password: SENT.body, nested: { deep: SENT.nested } }),
    headers: {
      'content-type': 'application/json',
      'x-outpost-auth': agent.token,
      authorization: `Bearer ${SENT.wrong}`,
      cookie: `session=${SENT.cookie}`,
      'x-custom': SENT.header,
      'user-agent': SENT.header,
      referer: `https://example.com/?a=${SENT.query}`,
      ...more,
    },
    env: { APPROVAL_WEBHOOK_URL: `${env.UPSTREAM}/base/status/500?${SENT.hook}` },
  }
}

const QUERY = `?name=${SENT.query}&${SENT.query.length}=${SENT.query}`

/** Calls of every kind and ending. */
async function everything(agent: Agent, asks: Agent): Promise<Answer[]> {
  const { token } = agent
  const answers: Answer[] = []
  const said = async (path: string, asking: Asking) => answers.push(await call(path, asking))
  for (const provider of ['plain', 'bearer', 'keyheader', 'keyquery', 'basic', 'custom', 'hmac']) {
    await said(`/echo${QUERY}`, { ...loaded(agent), provider })
    await said(`/status/500${QUERY}`, { ...loaded(agent), provider })
    await said(`/reset-before${QUERY}`, { ...loaded(agent), provider })
    await said(`/admin/x${QUERY}`, { ...loaded(agent), provider })
    await said(`/echo${QUERY}`, { ...loaded(agent), provider, method: 'GET', body: null })
  }
  // `with` does not repeat its path, as `echo` would.
  for (const at of [token, encodeURIComponent(token), SECRETS.AGENT_KEY, UNKNOWN]) {
    const from = FROM.keyed
    await said(`/with/${at}${QUERY}`, { ...loaded(agent), provider: 'plain', from })
    await said(`/with?${at}=1`, { ...loaded(agent), provider: 'plain', from })
    await said('/with', { ...loaded(agent), provider: at, from })
    await said('/with', { ...loaded(agent, { 'x-outpost-tenant': at }), provider: 'plain', from })
    await said('/with', { ...loaded(agent, { 'idempotency-key': at }), provider: 'plain', from })
    await said(`/p/${at}/with`, { ...loaded(agent), from })
    await said(`/with/${at}`, { ...loaded(asks), provider: 'plain', from })
  }
  for (const shown of [UNKNOWN, SENT.wrong, SECRETS.AGENT_KEY, `${token}x`]) {
    for (const from of [FROM.writer, FROM.keyed, FROM.stranger]) {
      const headers = { 'x-outpost-auth': shown }
      await said(`/echo${QUERY}`, { ...loaded(agent, headers), provider: 'bearer', from })
    }
  }
  const keyed = loaded(agent, { 'idempotency-key': SENT.key })
  for (const _ of [1, 2]) await said(`/echo${QUERY}`, { ...keyed, provider: 'plain' })
  const waits = await call(`/echo${QUERY}`, { ...loaded(asks), provider: 'plain' })
  answers.push(waits)
  await approve(approvalIn(waits))
  await said(`/echo${QUERY}`, { ...loaded(asks), provider: 'plain' })
  await said(`/echo/b${QUERY}`, { ...loaded(asks), provider: 'plain' })
  await said('/_outpost/whoami', { headers: agent.shows })
  await said('/healthz', { headers: agent.shows })
  await said('/providers', { headers: agent.shows })
  await said('/_outpost/status', { headers: agent.shows })
  return answers
}

it('no secret of anybody is in an answer, a record, a stored approval or a line of the console', async () => {
  const providers = ['plain', 'bearer', 'keyheader', 'keyquery', 'basic', 'custom', 'hmac']
  const agent = await anAgent({ tenant: 'acme' }, ...providers)
  const asks = await anAgent({ tenant: 'acme', approval: 'all' }, 'plain')
  const answers = await everything(agent, asks)
  expect(new Set(answers.map(outcome)).size).toBeGreaterThan(8)
  const rotated = await well('rotateGrant', { params: { id: agent.id }, body: { overlap: 60 } })

  const last = `/echo/last/${crypto.randomUUID()}`
  await callOf(agent, last)
  const records = await ledgerOf('acme', (all) =>
    all.some((record) => JSON.stringify(record).includes(last)),
  )
  expect(records.length).toBeGreaterThan(60)
  expect(logged.length).toBeGreaterThan(60)
  const seen = [
    ...answers.map(({ headers, text }) => [...headers].join('\n') + text),
    ...records.map((record) => JSON.stringify(record)),
    ...(await ledgerOf('default', () => true)).map((record) => JSON.stringify(record)),
    await textIn(env.TENANTS.getByName('acme')),
    await textIn(env.TENANTS.getByName('default')),
    await textIn(env.REGISTRY.getByName('tenants')),
    ...logged,
    ...(await operatorsAnswers(agent.id)),
  ]
  const forms = formsOf([agent.token, asks.token, String(rotated['token']), UNKNOWN])
  const found = seen.flatMap((text) => [
    ...sentinelsIn(text),
    ...[...forms, ...formsOf(Object.values(SENT))].filter((form) => text.includes(form)),
  ])
  expect(found).toEqual([])
  // The hash of a token is stored, and shown to nobody.
  const hash = await tokenHash(agent.token)
  expect(seen.filter((text) => text.includes(hash)).length).toBeLessThanOrEqual(1)
}, 30_000)

/** All that an operator reads, as text. */
async function operatorsAnswers(id: string): Promise<string[]> {
  const query = { tenant: 'acme' }
  const asked = [
    ask('status'),
    ask('listGrants', { query }),
    ask('grant', { params: { id } }),
    ask('listApprovals', { query }),
    ask('audit', { query }),
    ask('verifyAudit', { query }),
    ask('status', { headers: VIEWER }),
    ask('status', { headers: { authorization: `Bearer ${OPERATORS.OUTPOST_ADMIN_TOKEN}x` } }),
    ask('status', { headers: { ...ADMIN, cookie: SENT.cookie } }),
  ]
  return (await Promise.all(asked)).map(({ headers, text }) => [...headers].join('\n') + text)
}
