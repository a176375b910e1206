import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'

import type { Limiter } from '../../src/limits/object.ts'

afterEach(() => {
  vi.useRealTimers()
})

let made = 0
const fresh = (): DurableObjectStub<Limiter> => env.LIMITS.getByName(`limiter ${(made += 1)}`)
const FIFTY = [{ capacity: 50, window_ms: 60_000 }]

async function takes(
  limiter: DurableObjectStub<Limiter>,
  times: number,
  ask: Parameters<Limiter['take']>[0],
) {
  return Promise.all(Array.from({ length: times }, () => limiter.take(ask)))
}

/** Writes to storage while `work` runs. */
async function writesDuring(limiter: DurableObjectStub<Limiter>, work: () => Promise<unknown>) {
  let writes = 0
  await runInDurableObject(limiter, (_object, state) => {
    const { kv } = state.storage
    const put = kv.put.bind(kv)
    vi.spyOn(kv, 'put').mockImplementation((...args: Parameters<typeof put>) => {
      writes += 1
      put(...args)
    })
  })
  await work()
  return writes
}

describe('the limiter', () => {
  it('admits exactly 50 of 500 at once', async () => {
    const verdicts = await takes(fresh(), 500, { windows: FIFTY, patience: 0 })
    expect(verdicts.filter(({ admitted }) => admitted)).toHaveLength(50)
  })

  it('decides all windows in one call, and charges none where one refuses', async () => {
    const limiter = fresh()
    const windows = [...FIFTY, { capacity: 3, window_ms: 60_000 }]
    const verdicts = await takes(limiter, 20, { windows, patience: 0 })
    expect(verdicts.filter(({ admitted }) => admitted)).toHaveLength(3)
    const last = verdicts.at(-1)
    expect(last?.levels.map(({ remaining }) => remaining)).toEqual([47, 0])
  })

  it('gives turns in the order of arrival', async () => {
    const ask = { windows: [{ capacity: 1, window_ms: 20 }], patience: 60_000 }
    const verdicts = await takes(fresh(), 100, ask)
    const turns = verdicts.map((each) => (each.admitted ? each.turn : -1))
    expect(turns).toEqual(turns.toSorted((one, other) => one - other))
    expect(new Set(turns).size).toBe(100)
  })

  it('writes once for a tenth of the smallest window', async () => {
    const limiter = fresh()
    const writes = await writesDuring(limiter, () =>
      takes(limiter, 50, { windows: FIFTY, patience: 0 }),
    )
    expect(writes).toBe(10)
  })

  it('writes nothing for a refused call', async () => {
    const limiter = fresh()
    await takes(limiter, 50, { windows: FIFTY, patience: 0 })
    const writes = await writesDuring(limiter, () =>
      takes(limiter, 100, { windows: FIFTY, patience: 0 }),
    )
    expect(writes).toBe(0)
  })

  it('after an eviction gives at most what was left, and nearly that', async () => {
    const limiter = fresh()
    await takes(limiter, 20, { windows: FIFTY, patience: 0 })
    await evictDurableObject(limiter)
    const verdicts = await takes(limiter, 100, { windows: FIFTY, patience: 0 })
    const admitted = verdicts.filter((each) => each.admitted).length
    expect(admitted).toBeLessThanOrEqual(30)
    expect(admitted).toBeGreaterThanOrEqual(25)
  })

  it('keeps the promised turns across an eviction', async () => {
    const limiter = fresh()
    const ask = { windows: [{ capacity: 1, window_ms: 1000 }], patience: 5000 }
    await takes(limiter, 4, ask)
    await evictDurableObject(limiter)
    const [next] = await takes(limiter, 1, ask)
    expect(next?.admitted && next.wait_ms).toBeGreaterThan(3000)
  })

  it('keeps a window whose size a deployment changed in proportion', async () => {
    const limiter = fresh()
    await takes(limiter, 50, { windows: FIFTY, patience: 0 })
    const [halved] = await takes(limiter, 1, {
      windows: [{ capacity: 100, window_ms: 60_000 }],
      patience: 0,
    })
    expect(halved).toMatchObject({ admitted: false })
    const [other] = await takes(limiter, 1, {
      windows: [{ capacity: 5, window_ms: 1000 }],
      patience: 0,
    })
    expect(other).toMatchObject({ admitted: false })
  })
})

describe('a cooldown', () => {
  const soon = { windows: FIFTY, patience: 0 }

  it.each([
    [0, 100],
    [50, 100],
    [1500, 1500],
    [599_999, 599_999],
    [9_000_000, 600_000],
  ])('of %i ms lasts %i', async (asked, lasts) => {
    const limiter = fresh()
    vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 10, 22) })
    const until = await limiter.cool(asked)
    expect(until - Date.now()).toBe(lasts)
    expect(await limiter.take(soon)).toMatchObject({
      admitted: false,
      because: 'cooldown',
      retry_ms: lasts,
    })
    vi.setSystemTime(until)
    expect(await limiter.take(soon)).toMatchObject({ admitted: true })
  })

  it('is never shortened by a later one', async () => {
    const limiter = fresh()
    const long = await limiter.cool(60_000)
    expect(await limiter.cool(1000)).toBe(long)
    expect(await limiter.cooldownUntil()).toBe(long)
  })

  it('works without windows, and survives an eviction', async () => {
    const limiter = fresh()
    await limiter.cool(60_000)
    await evictDurableObject(limiter)
    expect(await limiter.take({ windows: [], patience: 0 })).toMatchObject({
      admitted: false,
      because: 'cooldown',
    })
    expect(await limiter.cooldownUntil()).toBeGreaterThan(Date.now() + 50_000)
  })

  it('that ends soon enough is waited for', async () => {
    const limiter = fresh()
    await limiter.cool(400)
    expect(await limiter.take({ windows: FIFTY, patience: 5000 })).toMatchObject({ admitted: true })
  })
})
