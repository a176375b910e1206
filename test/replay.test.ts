import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'

import type { Replay } from '../src/replay/object.ts'

let made = 0
const fresh = (): DurableObjectStub<Replay> => env.REPLAYS.getByName(`key ${(made += 1)}`)
const ANSWER = { status: 201, headers: [{ name: 'x-a', value: '1' }], body: new Uint8Array([1, 2]) }

describe('a key', () => {
  it('is claimed by one of 50 at once', async () => {
    const replay = fresh()
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => replay.claim('head')))
    const said = outcomes.map((outcome) => outcome.is).toSorted()
    expect(said).toEqual(['mine', ...Array.from({ length: 49 }, () => 'running')])
  })

  it('used for something else is a mismatch, running or done', async () => {
    const replay = fresh()
    await replay.claim('head')
    expect(await replay.claim('other')).toEqual({ is: 'mismatch' })
    await replay.finish({ head: 'head', body: 'b' }, ANSWER)
    expect(await replay.claim('other')).toEqual({ is: 'mismatch' })
  })

  it('gives its answer again, also after an eviction', async () => {
    const replay = fresh()
    await replay.claim('head')
    await replay.finish({ head: 'head', body: 'b' }, ANSWER)
    await evictDurableObject(replay)
    expect(await replay.claim('head')).toEqual({ is: 'done', body: 'b', answer: ANSWER })
  })

  it('says that its answer was not kept', async () => {
    const replay = fresh()
    await replay.claim('head')
    await replay.finish({ head: 'head', body: null }, null)
    expect(await replay.claim('head')).toEqual({ is: 'done', body: null, answer: null })
  })

  it('that a crash left running stays so', async () => {
    const replay = fresh()
    await replay.claim('head')
    await evictDurableObject(replay)
    expect(await replay.claim('head')).toMatchObject({ is: 'running' })
  })

  it('that was freed can be claimed again', async () => {
    const replay = fresh()
    await replay.claim('head')
    await replay.release()
    expect(await replay.claim('other')).toEqual({ is: 'mine' })
  })

  it('is forgotten after 24 hours, to the last row', async () => {
    const replay = fresh()
    const before = Date.now()
    await replay.claim('head')
    await replay.finish({ head: 'head', body: 'b' }, ANSWER)
    await runInDurableObject(replay, async (_object, state) => {
      const due = (await state.storage.getAlarm()) ?? 0
      expect(due - before).toBeGreaterThanOrEqual(86_400_000)
      expect(due - before).toBeLessThan(86_460_000)
    })
    expect(await runDurableObjectAlarm(replay)).toBe(true)
    await runInDurableObject(replay, (_object, state) => {
      expect([...state.storage.kv.list()]).toEqual([])
    })
    expect(await replay.claim('other')).toEqual({ is: 'mine' })
  })
})
