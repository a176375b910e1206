import { as } from '../judge.ts'
import { NOBODYS, TENANTS } from '../world.ts'
import type { World } from '../world.ts'

const PAGES = [
  '/_outpost/status',
  '/_outpost/grants?limit=20',
  '/_outpost/approvals?limit=20',
  '/_outpost/approvals?state=pending',
  `/_outpost/audit?tenant=${NOBODYS}&limit=50`,
  ...TENANTS.map((tenant) => `/_outpost/audit?tenant=${tenant}&limit=50&decision=deny`),
]

/** What anybody, a caller, and a wrong operator may ask. */
const OTHERS = [
  { path: '/healthz', status: 200 },
  { path: '/openapi.json', status: 200 },
  { path: '/docs', status: 200 },
  { path: '/providers', status: 200, as: 'caller' },
  { path: '/_outpost/whoami', status: 200, as: 'caller' },
  { path: '/_outpost/status', status: 401, as: 'caller' },
  { path: '/_outpost/grants', status: 401, as: 'stranger' },
  { path: '/_outpost/nothing', status: 401, as: 'caller' },
]

/** An operator reads a page. */
export async function page(world: World): Promise<void> {
  const path = world.random.pick(PAGES)
  const answer = await world.client.operate('GET', path)
  if (!answer) return
  if (answer.status === 200) JSON.parse(answer.body.length < 64_000 ? answer.body : '{}')
  else world.evidence.add(`GET ${path}: ${answer.status} ${answer.body.slice(0, 200)}`)
}

/** Somebody else asks the proxy itself. */
export async function others(world: World): Promise<void> {
  const { random, agents, client, evidence } = world
  const { path, status, as: who } = random.pick(OTHERS)
  const headers: Record<string, string> =
    who === 'caller'
      ? { 'x-outpost-auth': random.pick([...agents.readers, agents.host]).token }
      : {}
  const ending = await client.send({ method: 'GET', path, headers })
  if (ending.killed || ending.status === status) return
  evidence.add(`GET ${path}: ${as(ending)}, and not ${status}`)
}

/** An operator asks what would become of a call. */
export async function simulate(world: World): Promise<void> {
  const { random, client, evidence } = world
  const body = {
    host: 'soak',
    provider: 'plain',
    method: random.pick(['GET', 'POST']),
    path: random.pick(['/simulated', '/denied/simulated']),
  }
  const answer = await client.operate('POST', '/_outpost/simulate', { body })
  if (answer && answer.status !== 200) {
    evidence.add(`simulate: ${answer.status} ${answer.body.slice(0, 200)}`)
  }
}
