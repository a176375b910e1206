import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'

import { Limiter } from '../../src/limits/object.ts'

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

/** A limiter that can lose its memory as if it were killed; an eviction would wait for its timers. */
function mortal<T>(work: (alive: () => Limiter, crash: () => void) => T): Promise<T> {
  return runInDurableObject(fresh(), (_object, state) => {
    let limiter = new Limiter(state, env)
    return work(
      () => limiter,
      () => (limiter = new Limiter(state, env)),
    )
  })
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

describe('a refund', () => {
  it('lets the next one have the turn that was not used', async () => {
    const limiter = fresh()
    const ask = { windows: [{ capacity: 2, window_ms: 3_600_000 }], patience: 0, quota: 3 }
    const admitted = async () => (await limiter.take(ask)).admitted
    expect([await admitted(), await admitted(), await admitted()]).toEqual([true, true, false])
    await limiter.refund(true)
    expect([await admitted(), await admitted()]).toEqual([true, false])
    expect(await limiter.used()).toBe(2)
    await limiter.refund(false)
    expect([await limiter.used(), await admitted()]).toEqual([1, false])
  })
})

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

describe('a quota', () => {
  const count = (verdicts: readonly { admitted: boolean }[]) =>
    verdicts.filter(({ admitted }) => admitted).length

  it.each([
    ['alone', []],
    ['with windows that have more room', [{ capacity: 1000, window_ms: 60_000 }]],
  ])('of 50, %s, admits exactly 50 of 200 at once, and never another', async (_, windows) => {
    const limiter = fresh()
    const ask = { windows, patience: 0, quota: 50 }
    expect(count(await takes(limiter, 200, ask))).toBe(50)
    expect(await limiter.used()).toBe(50)
    expect(await limiter.take(ask)).toMatchObject({
      admitted: false,
      because: 'quota',
      retry_ms: 0,
    })
  })

  it('and windows are decided together: what one refuses the other has not counted', async () => {
    const limiter = fresh()
    const windows = [{ capacity: 5, window_ms: 60_000 }]
    expect(count(await takes(limiter, 20, { windows, patience: 0, quota: 8 }))).toBe(5)
    expect(await limiter.used()).toBe(5)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 120_000 })
    const later = await takes(limiter, 20, { windows, patience: 0, quota: 8 })
    expect(count(later)).toBe(3)
    expect(later.at(-1)).toMatchObject({ because: 'quota' })
    expect(later.at(-1)?.levels[0]?.remaining).toBe(2)
  })

  it('is null: the windows alone count', async () => {
    const limiter = fresh()
    expect(count(await takes(limiter, 60, { windows: FIFTY, patience: 0, quota: null }))).toBe(50)
    expect(count(await takes(limiter, 9, { windows: [], patience: 0, quota: null }))).toBe(9)
    expect(await limiter.used()).toBe(50)
  })

  it.each([
    [50, 0],
    [500, 5],
    [5000, 50],
  ])('of %i never gives more after a crash, and at most %i less', async (quota, lease) => {
    const admitted = await mortal((alive, crash) => {
      const taken = (times: number) =>
        count(
          Array.from({ length: times }, () => alive().take({ windows: [], patience: 0, quota })),
        )
      const first = taken(7)
      crash()
      const rest = taken(quota + 10)
      crash()
      return first + rest + taken(10)
    })
    expect(admitted).toBeLessThanOrEqual(quota)
    expect(admitted).toBeGreaterThanOrEqual(quota - lease)
  })

  it('is never exceeded, whenever it crashes or refunds', async () => {
    const steps = fc.array(fc.constantFrom('take', 'take', 'take', 'refund', 'crash'), {
      maxLength: 400,
    })
    await fc.assert(
      fc.asyncProperty(steps, fc.integer({ min: 1, max: 300 }), async (all, quota) => {
        const out = await mortal((alive, crash) => {
          let spent = 0
          for (const step of all) {
            if (step === 'crash') crash()
            else if (step === 'refund' && spent > 0) {
              alive().refund(true)
              spent -= 1
            } else if (step === 'take') {
              if (alive().take({ windows: [], patience: 0, quota }).admitted) spent += 1
            }
            if (spent > quota || alive().used() < spent) return `${spent} of ${quota}`
          }
          return null
        })
        expect(out).toBeNull()
      }),
      { numRuns: 100 },
    )
  })

  it('loses nothing when its object has been idle before it is put away', async () => {
    const limiter = fresh()
    const ask = { windows: [], patience: 0, quota: 5000 }
    await takes(limiter, 7, ask)
    await vi.waitFor(
      async () => {
        const stored = await runInDurableObject(limiter, (_object, { storage }) =>
          storage.kv.get('ledger'),
        )
        expect(stored).toMatchObject({ used: 7, calls: 0 })
      },
      { timeout: 5000, interval: 100 },
    )
    await evictDurableObject(limiter)
    expect(await limiter.used()).toBe(7)
  })

  it('gets back a call that was refused elsewhere, and never more than were admitted', async () => {
    const limiter = fresh()
    const ask = { windows: [], patience: 0, quota: 2 }
    await limiter.refund(true)
    expect(count(await takes(limiter, 3, ask))).toBe(2)
    await limiter.refund(true)
    expect(await limiter.used()).toBe(1)
    expect(count(await takes(limiter, 3, ask))).toBe(1)
  })

  it('begins at none where an older version wrote the row', async () => {
    const limiter = fresh()
    await limiter.cool(100)
    await runInDurableObject(limiter, (_object, { storage }) => {
      const { used: _, ...old } = storage.kv.get<Record<string, unknown>>('ledger') ?? {}
      storage.kv.put('ledger', old)
    })
    await evictDurableObject(limiter)
    expect(await limiter.used()).toBe(0)
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
