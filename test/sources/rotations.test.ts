import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { SecretPlace, SecretRef } from '../../src/auth/scheme.ts'
import { opening } from '../../src/opening.ts'
import { forwardSigned } from '../../src/retry.ts'
import { Secret } from '../../src/secret.ts'
import { callSources } from '../../src/sources/call_sources.ts'
import { Keeper } from '../../src/sources/keeper.ts'
import type { Side } from '../../src/sources/place.ts'
import { Rotation } from '../../src/sources/rotations.ts'

const START = Date.UTC(2026, 10, 25)
const HOUR = 60 * 60_000
const REF: SecretRef = { env: 'NEW', previous: { env: 'OLD' } }
const VALUES = new Map([
  ['NEW', new Secret('sentinel-new')],
  ['OLD', new Secret('sentinel-old')],
])

/** What a path has its answers depend on: the credential, or nothing that concerns it. */
type Path = 'honest' | 'public' | 'closed' | 'broken' | 'in turn'

interface Call {
  readonly agent: string
  readonly path: Path
  readonly repeatable: boolean
  /** How long after the call before. */
  readonly wait: number
}

/** An upstream that accepts one value of two, behind what Outpost knows of it. */
function isolate(good: Side) {
  const rotation = new Rotation()
  const state = { now: START, turns: 0 }
  const find = (place: SecretPlace) => ('env' in place ? (VALUES.get(place.env) ?? null) : null)
  const keeper = new Keeper({
    now: () => state.now,
    times: { fresh_ms: 1, stale_ms: 1 },
    read: () => Promise.reject(new Error('nothing is kept elsewhere')),
    waitUntil: () => {},
    warn: () => {},
  })
  const deps = { now: () => state.now, keeper, find, isElsewhere: () => false }
  const judge = (path: Path, sent: Secret): number => {
    if (path === 'public') return 200
    if (path === 'closed') return 401
    if (path === 'broken') return 503
    if (path === 'in turn') return (state.turns += 1) % 2 === 1 ? 401 : 200
    return sent.is(good === 'current' ? 'sentinel-new' : 'sentinel-old') ? 200 : 401
  }
  const call = async ({ agent, path, repeatable, wait }: Call): Promise<number> => {
    state.now += wait
    const sources = callSources({ refs: [REF], rotation }, { agent, repeatable }, deps)
    const credentials = opening(find, undefined, sources)
    const attempt = async () => {
      await credentials.ready?.()
      const status = judge(path, credentials.open(REF))
      return {
        response: new Response(null, { status }),
        url: 'https://api.test/',
        digest: Promise.resolve(null),
      }
    }
    const body = repeatable ? null : 'x'
    const request = new Request('https://proxy.test', { method: 'POST', body })
    const permit = { call: { request } } as Parameters<typeof forwardSigned>[1]
    const { response } = await forwardSigned(attempt, permit, {
      credentials,
      rejection: { statuses: [401], body: null },
      signedBody: null,
      admitAgain: () => Promise.resolve(true),
    })
    return response.status
  }
  return { call, rotation, state }
}

const waits = fc.constantFrom(0, 1, 1000, 9999, 10_000, 15 * 60_000, HOUR, HOUR + 1)
const honest = fc.record({
  agent: fc.constantFrom('honest', 'honest too'),
  path: fc.constantFrom<Path>(...Array.from({ length: 9 }, () => 'honest' as const), 'broken'),
  repeatable: fc.boolean(),
  wait: waits,
})
const anyPath = fc.constantFrom<Path>('honest', 'public', 'closed', 'broken', 'in turn')
const hostile = fc.record({
  agent: fc.constantFrom('one', 'two'),
  path: anyPath,
  repeatable: fc.boolean(),
  wait: waits,
})
const calls = fc.array(fc.oneof(honest, hostile), { maxLength: 60, size: 'max' })
const sides = fc.constantFrom<Side>('current', 'previous')

/**
 * How many uploads of an agent may be rejected though one value is good: one, to find out; one more
 * after each answer that says nothing in the place of one that would have, and after an hour of silence.
 */
function bound(of: readonly Call[], times: ReadonlyMap<Call, number>): number {
  const broken = of.filter(({ path, repeatable }) => path === 'broken' && !repeatable).length
  const silences = of.filter((each, index) => {
    const before = of[index - 1]
    return before && (times.get(each) ?? 0) - (times.get(before) ?? 0) > HOUR
  }).length
  return 1 + broken + silences
}

describe('whatever other agents call', () => {
  it('an agent whose answers depend on the credential loses one upload at most', async () => {
    await fc.assert(
      fc.asyncProperty(sides, calls, async (good, all) => {
        const { call, state } = isolate(good)
        const times = new Map<Call, number>()
        const rejected: Call[] = []
        for (const each of all) {
          const status = await call(each)
          times.set(each, state.now)
          if (each.path === 'honest' && status !== 200) rejected.push(each)
        }
        // What can be sent again always finds the value that is accepted, also for the others.
        expect(rejected.filter(({ repeatable }) => repeatable)).toEqual([])
        for (const agent of ['honest', 'honest too']) {
          const own = all.filter((each) => each.agent === agent)
          const lost = rejected.filter((each) => each.agent === agent).length
          expect(lost).toBeLessThanOrEqual(bound(own, times))
        }
      }),
      { numRuns: 400 },
    )
  })

  it('an agent that has had an answer loses none, where the current value is good', async () => {
    await fc.assert(
      fc.asyncProperty(calls, async (all) => {
        const { call } = isolate('current')
        const quick = all
          .filter(({ path }) => path !== 'broken')
          .map((each) => ({ ...each, wait: 1000 }))
        for (const agent of ['honest', 'honest too']) {
          await call({ agent, path: 'honest', repeatable: true, wait: 0 })
        }
        for (const each of quick) {
          const status = await call(each)
          if (each.agent.startsWith('honest')) expect(status).toBe(200)
        }
      }),
      { numRuns: 200 },
    )
  })
})

describe('what is known of agents', () => {
  const read = { path: 'honest', repeatable: true, wait: 0 } as const

  it('is forgotten an hour after the last call, and the status with it', async () => {
    const { call, rotation, state } = isolate('previous')
    await call({ ...read, agent: 'a', repeatable: false })
    await call({ ...read, agent: 'a', repeatable: false })
    expect(rotation.standing(state.now)).toEqual({ side: 'previous', since: START })
    expect(rotation.standing(state.now + HOUR)).toMatchObject({ side: 'previous' })
    expect(rotation.standing(state.now + HOUR + 1)).toEqual({ side: 'current', since: null })
  })

  it('is of a thousand, and the one that called longest ago makes room', async () => {
    const { call } = isolate('previous')
    const upload = (agent: string) => call({ ...read, agent, repeatable: false })
    await upload('first')
    expect(await upload('first')).toBe(200)
    for (let index = 0; index < 999; index += 1) await upload(`agent ${index}`)
    expect(await upload('first')).toBe(200)
    for (let index = 0; index < 1000; index += 1) await upload(`other ${index}`)
    expect(await upload('first')).toBe(401)
  })

  it('is where another one begins, once it was proved', async () => {
    const { call } = isolate('previous')
    await call({ ...read, agent: 'a' })
    expect(await call({ ...read, agent: 'b', repeatable: false })).toBe(200)
  })
})
