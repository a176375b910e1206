import { describe, expect, it } from 'vitest'

import { Copies } from '../../src/grants/copies.ts'

const SECOND = 1000

/** Copies, a clock, and what was asked for, in order. */
function kept() {
  const copies = new Copies<string | null>()
  const clock = { at: 1_800_000_000_000 }
  const asked: string[] = []
  const begun: Promise<unknown>[] = []
  const deps = { now: () => clock.at, waitUntil: (work: Promise<unknown>) => void begun.push(work) }
  const get = (key: string, value: string | null | Error) =>
    copies.get(
      key,
      async () => {
        asked.push(key)
        if (value instanceof Error) throw value
        return value
      },
      deps,
    )
  return { copies, clock, asked, get, settled: () => Promise.all(begun) }
}

describe.each([
  ['what is there', 'a value'],
  ['what is not there', null],
])('a copy of %s', (_title, value) => {
  it.each([
    [0, 1],
    [19_999, 1],
    [20_000, 2],
    [49_999, 2],
    [50_000, 2],
    [-1, 2],
  ])('after %i ms has been asked for %i times', async (later, times) => {
    const { clock, asked, get, settled } = kept()
    expect(await get('k', value)).toBe(value)
    clock.at += later
    expect(await get('k', value)).toBe(value)
    await settled()
    expect(asked).toHaveLength(times)
  })

  it('is what it was until the object has said otherwise', async () => {
    const { clock, get, settled } = kept()
    await get('k', value)
    clock.at += 20 * SECOND
    expect(await get('k', 'another')).toBe(value)
    await settled()
    expect(await get('k', 'never asked')).toBe('another')
  })

  it('is used until 50 s when nobody can be asked, and then is no more', async () => {
    const { clock, get, settled } = kept()
    await get('k', value)
    clock.at += 49 * SECOND
    expect(await get('k', new Error('down'))).toBe(value)
    await settled()
    clock.at += SECOND
    await expect(get('k', new Error('down'))).rejects.toThrow('down')
  })
})

describe('a copy', () => {
  it('is asked for anew by one call in five seconds', async () => {
    const { clock, asked, get } = kept()
    await get('k', 'a value')
    clock.at += 20 * SECOND
    for (let n = 0; n < 10; n += 1) void get('k', new Error('down')).catch(() => {})
    expect(asked).toHaveLength(2)
    clock.at += 5001
    await get('k', new Error('down'))
    expect(asked).toHaveLength(3)
  })

  it('that is forgotten is asked for again', async () => {
    const { copies, asked, get } = kept()
    await get('k', 'a value')
    copies.forget('k')
    expect(await get('k', 'another')).toBe('another')
    expect(asked).toHaveLength(2)
  })

  it('of what was not there is replaced when it is there', async () => {
    const { clock, get } = kept()
    await get('k', null)
    clock.at += 50 * SECOND
    expect(await get('k', 'a value')).toBe('a value')
    expect(await get('k', 'never asked')).toBe('a value')
  })

  it('is not replaced by an older answer that comes late', async () => {
    const { copies, clock, get } = kept()
    const late = Promise.withResolvers<string>()
    const deps = { now: () => clock.at, waitUntil: () => {} }
    const slow = copies.get('k', () => late.promise, deps)
    clock.at += 1
    await get('k', 'newer')
    late.resolve('older')
    expect(await slow).toBe('older')
    expect(await get('k', 'never asked')).toBe('newer')
  })
})

describe('what nobody has', () => {
  it('pushes out nothing that somebody has, however much of it is made up', async () => {
    const { asked, get } = kept()
    await get('known', 'a value')
    for (let n = 0; n < 10_500; n += 1) await get(`made up ${n}`, null)
    asked.length = 0
    await get('known', 'a value')
    expect(asked).toEqual([])
  })

  it('is remembered 2,000 at a time, the oldest going first', async () => {
    const { asked, get } = kept()
    for (let n = 0; n <= 2000; n += 1) await get(`made up ${n}`, null)
    asked.length = 0
    for (const n of [2000, 1, 0]) await get(`made up ${n}`, null)
    expect(asked).toEqual(['made up 0'])
  })
})

it('10,000 of what is there are remembered, the oldest going first', async () => {
  const { asked, get } = kept()
  for (let n = 0; n <= 10_000; n += 1) await get(`known ${n}`, 'a value')
  asked.length = 0
  for (const n of [10_000, 1, 0]) await get(`known ${n}`, 'a value')
  expect(asked).toEqual(['known 0'])
})
