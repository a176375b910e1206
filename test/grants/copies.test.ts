import { describe, expect, it } from 'vitest'

import { Copies } from '../../src/grants/copies.ts'

const SECOND = 1000

/** Copies of a value that a test changes, and how often it was asked for. */
function world() {
  const copies = new Copies<string | null>()
  const state = { now: 1_000_000, value: 'one' as string | null, asked: 0, down: false }
  const beside: Promise<unknown>[] = []
  const ask = async (): Promise<string | null> => {
    state.asked += 1
    if (state.down) throw new Error('down')
    return state.value
  }
  const deps = {
    now: () => state.now,
    waitUntil: (work: Promise<unknown>) => void beside.push(work),
  }
  const get = (key = 'key') => copies.get(key, ask, (value) => value === 'no', deps)
  const after = async (ms: number): Promise<string | null> => {
    state.now += ms
    const got = await get()
    await Promise.all(beside.splice(0))
    return got
  }
  return { copies, state, get, after }
}

describe('a copy', () => {
  it.each([
    ['is used for 20 s without asking', 19_999, 'one', 1],
    ['is used after that, and asked for beside the call', 20_000, 'one', 2],
    ['is used to its last moment', 49_999, 'one', 2],
    ['is asked for before it is used when it is 50 s old', 50_000, 'two', 2],
    ['is not used when the clock went back', -1, 'two', 2],
  ])('%s', async (_title, ms, value, asked) => {
    const { state, get, after } = world()
    await get()
    state.value = 'two'
    expect(await after(ms)).toBe(value)
    expect(state.asked).toBe(asked)
  })

  it('that refuses is asked for anew when it is 5 s old: what was renewed is heard of', async () => {
    const { state, get, after } = world()
    state.value = 'no'
    await get()
    state.value = 'yes'
    expect(await after(4 * SECOND)).toBe('no')
    expect(await after(SECOND)).toBe('yes')
  })

  it('is asked for by one call at a time, and by another when that takes long', async () => {
    const { state, get, after } = world()
    await get()
    state.down = true
    await after(20 * SECOND)
    await after(4 * SECOND)
    expect(state.asked).toBe(2)
    await after(2 * SECOND)
    expect(state.asked).toBe(3)
  })

  it('that nobody can renew is used as long as it may, and no longer', async () => {
    const { state, get, after } = world()
    await get()
    state.down = true
    expect(await after(49 * SECOND)).toBe('one')
    await expect(after(SECOND)).rejects.toThrow('down')
  })

  it('is forgotten when the object has said otherwise', async () => {
    const { copies, state, get } = world()
    await get()
    state.value = 'two'
    copies.forget('key')
    expect(await get()).toBe('two')
  })

  it('of what is there is not pushed out by what is made up', async () => {
    const { state, get } = world()
    await get()
    state.value = null
    for (let number = 0; number < 12_000; number += 1) await get(`made up ${number}`)
    const asked = state.asked
    await get()
    await get('made up 11999')
    expect(state.asked).toBe(asked)
    await get('made up 0')
    expect(state.asked).toBe(asked + 1)
  })
})
