import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'

import { well } from '../control/asking.ts'
import type { Json } from '../control/asking.ts'
import { anAgent, anIsolate, callOf, outcome, write } from './agents.ts'
import type { Agent } from './agents.ts'
import { call } from './call.ts'

const SECOND = 1000
/** What control-plane.md §2 promises of reads. */
const PROMISED = 60 * SECOND

afterEach(async () => {
  vi.useRealTimers()
  await well('resume', { body: { all: true } })
  await well('resume', { body: { provider: 'plain' } })
})

type Act = (agent: Agent) => Promise<Json>
const pause =
  (body: (agent: Agent) => Json): Act =>
  (agent) =>
    well('pause', { body: body(agent) })
const resume =
  (body: (agent: Agent) => Json): Act =>
  (agent) =>
    well('resume', { body: body(agent) })
const ENDINGS: readonly [string, string, Act][] = [
  ['revoked', 'PROXY_GRANT_DENIED', ({ id }) => well('revokeGrant', { params: { id } })],
  ['rotated', 'PROXY_GRANT_DENIED', ({ id }) => well('rotateGrant', { params: { id } })],
  ['paused with its agent', 'PROXY_PAUSED', pause(({ grant }) => ({ agent: grant['agent'] }))],
  ['paused with its tenant', 'PROXY_PAUSED', pause(({ tenant }) => ({ tenant }))],
  ['paused with its provider', 'PROXY_PAUSED', pause(() => ({ provider: 'plain' }))],
  ['paused with everything', 'PROXY_PAUSED', pause(() => ({ all: true }))],
]

/** Isolates that have a copy of the grant, each as old as the second says. */
async function warmed(agent: Agent, ...seconds: readonly number[]) {
  const oldest = Math.max(...seconds)
  const now = Date.now()
  vi.useFakeTimers({ toFake: ['Date'], now: now - oldest * SECOND })
  const isolates: Cloudflare.Env[] = []
  for (const age of seconds.toSorted((one, other) => other - one)) {
    vi.setSystemTime(now - age * SECOND)
    const isolate = anIsolate()
    expect((await callOf(agent, '/echo', { isolate })).status).toBe(200)
    isolates.push(isolate)
  }
  vi.setSystemTime(now)
  return isolates
}

describe.each(ENDINGS)('what is %s', (_title, code, end) => {
  it('is refused at once in every isolate, when it is sensitive', async () => {
    const agent = await anAgent()
    const isolates = await warmed(agent, 0, 15, 30, 49)
    await end(agent)
    for (const isolate of [...isolates, anIsolate()]) {
      const answer = await write(agent, '/echo', { isolate })
      expect([outcome(answer), answer.seen]).toEqual([code, []])
      // And where that was noticed, reads are refused as well.
      expect(outcome(await callOf(agent, '/echo', { isolate }))).toBe(code)
    }
  })

  it('is refused in every isolate after a minute, when it is a read', async () => {
    const agent = await anAgent()
    const isolates = await warmed(agent, 0, 15, 30, 49)
    await end(agent)
    const since = Date.now()
    const last = isolates.map(() => 0)
    for (let passed = 0; passed <= PROMISED; passed += 4 * SECOND) {
      vi.setSystemTime(since + passed)
      for (const [index, isolate] of isolates.entries()) {
        const answer = await callOf(agent, '/echo', { isolate })
        if (answer.status === 200) last[index] = passed
        else expect(outcome(answer)).toBe(code)
      }
    }
    expect(Math.max(...last)).toBeLessThan(PROMISED)
    // It is a copy that was asked: otherwise this would show nothing.
    expect(Math.max(...last)).toBeGreaterThan(0)
    expect(outcome(await callOf(agent, '/echo', { isolate: anIsolate() }))).toBe(code)
  })

  it('is refused after a minute also where nobody called meanwhile', async () => {
    const agent = await anAgent()
    const isolates = await warmed(agent, 0, 30)
    await end(agent)
    vi.setSystemTime(Date.now() + PROMISED)
    for (const isolate of isolates) {
      expect(outcome(await callOf(agent, '/echo', { isolate }))).toBe(code)
    }
  })
})

describe('what is allowed again', () => {
  it.each<[string, Act, Act]>([
    ['resumed', pause(({ tenant }) => ({ tenant })), resume(({ tenant }) => ({ tenant }))],
    ['resumed for everybody', pause(() => ({ all: true })), resume(() => ({ all: true }))],
  ])('%s is so in every isolate after a minute', async (_title, end, begin) => {
    const agent = await anAgent()
    const isolate = anIsolate()
    await end(agent)
    expect(outcome(await write(agent, '/echo', { isolate }))).toBe('PROXY_PAUSED')
    await begin(agent)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + PROMISED })
    expect((await write(agent, '/echo', { isolate })).status).toBe(200)
    expect((await callOf(agent, '/echo', { isolate })).status).toBe(200)
  })
})

describe('a pause of a tenant', () => {
  it('is for callers without a grant too: at once for what is sensitive', async () => {
    const isolate = anIsolate()
    const sent = (method: string) => call('/echo', { provider: 'plain', isolate, method })
    expect((await sent('GET')).status).toBe(200)
    await well('pause', { body: { all: true } })
    expect(outcome(await sent('POST'))).toBe('PROXY_PAUSED')
    expect(outcome(await sent('GET'))).toBe('PROXY_PAUSED')
  })
})

describe('an answer that is not asked of the upstream', () => {
  it('is refused at once when it is sensitive, though it is kept', async () => {
    const agent = await anAgent({}, 'cached')
    const isolate = anIsolate()
    const path = `/echo/guarded/${crypto.randomUUID()}`
    const sent = () => callOf(agent, path, { provider: 'cached', isolate })
    await sent()
    expect((await sent()).headers.get('x-proxy-cache')).toBe('HIT')
    await well('revokeGrant', { params: { id: agent.id } })
    expect(outcome(await sent())).toBe('PROXY_GRANT_DENIED')
  })

  it('is refused after a minute when it is a read', async () => {
    const agent = await anAgent({}, 'cached')
    const isolate = anIsolate()
    const path = `/echo/shared/${crypto.randomUUID()}`
    const sent = () => callOf(agent, path, { provider: 'cached', isolate })
    await sent()
    await well('revokeGrant', { params: { id: agent.id } })
    expect((await sent()).headers.get('x-proxy-cache')).toBe('HIT')
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + PROMISED - 1 })
    expect(outcome(await sent())).toBe('PROXY_GRANT_DENIED')
  })
})

describe('an object that cannot be asked', () => {
  it('is no reason to refuse a read for a while, and then one to refuse it', async () => {
    const agent = await anAgent()
    let down = false
    const look = () => Promise.reject(new Error('down'))
    const getByName = (name: string) => (down ? { look } : env.TENANTS.getByName(name))
    const isolate = anIsolate({ TENANTS: { getByName } })
    const read = () => callOf(agent, '/echo', { isolate })
    expect((await read()).status).toBe(200)
    down = true
    const since = Date.now()
    vi.useFakeTimers({ toFake: ['Date'], now: since + 40 * SECOND })
    expect((await read()).status).toBe(200)
    vi.setSystemTime(since + PROMISED)
    expect(outcome(await read())).toBe('PROXY_UPSTREAM_ERROR')
    down = false
    expect((await read()).status).toBe(200)
  })
})
