import { describe, expect, it, vi } from 'vitest'

import type { SecretPlace } from '../../src/auth/scheme.ts'
import { Secret } from '../../src/secret.ts'
import { SourceError } from '../../src/sources/backend.ts'
import { Keeper } from '../../src/sources/keeper.ts'
import type { Got } from '../../src/sources/keeper.ts'

const HERE: SecretPlace = { secret: 'test://place' }
const START = Date.UTC(2026, 10, 25)

/** A keeper over a place that says what it is told to, or waits. */
function world(first: string | SourceError) {
  const state = {
    now: START,
    says: first,
    reads: 0,
    hold: null as PromiseWithResolvers<void> | null,
  }
  const told: string[] = []
  const keeper = new Keeper({
    now: () => state.now,
    times: { fresh_ms: 300_000, stale_ms: 3_600_000 },
    waitUntil: () => {},
    warn: (message) => void told.push(message),
    read: async () => {
      state.reads += 1
      await state.hold?.promise
      if (state.says instanceof SourceError) throw state.says
      return state.says
    },
  })
  return { keeper, state, told }
}

/** What a Secret holds cannot be asked for; whether it is this one can. */
function isOf(got: Got | undefined, text: string): boolean {
  return got instanceof Secret && got.equals(text)
}

const tick = () => new Promise((resolve) => setTimeout(resolve, 1))

describe('reads', () => {
  it('are shared: fifty calls at once are one read', async () => {
    const { keeper, state } = world('one')
    state.hold = Promise.withResolvers()
    const calls = Array.from({ length: 50 }, () => keeper.get(HERE))
    await tick()
    state.hold.resolve()
    expect((await Promise.all(calls)).every((got) => isOf(got, 'one'))).toBe(true)
    expect(state.reads).toBe(1)
    expect(isOf(keeper.peek(HERE), 'one')).toBe(true)
  })

  it('are looked for by those who wait at growing pauses, of a quarter of a second at most', async () => {
    const { keeper, state } = world('one')
    state.hold = Promise.withResolvers()
    const first = keeper.get(HERE)
    const pauses = vi.spyOn(globalThis, 'setTimeout')
    const second = keeper.get(HERE)
    await new Promise((resolve) => setTimeout(resolve, 900))
    state.hold.resolve()
    expect(isOf(await first, 'one') && isOf(await second, 'one')).toBe(true)
    const waits = pauses.mock.calls.map(([, ms]) => ms).filter((ms) => ms !== 900)
    pauses.mockRestore()
    expect(waits.length).toBeGreaterThan(5)
    expect(waits).toEqual([10, 20, 40, 80, 160, 250, 250, 250].slice(0, waits.length))
  })

  it('fail together: fifty calls at once are one failure', async () => {
    const { keeper, state, told } = world(new SourceError('unreachable'))
    const calls = Array.from({ length: 50 }, () => keeper.get(HERE))
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['unreachable']))
    expect([state.reads, told.length]).toEqual([1, 1])
  })

  it('are made anew beside a call, near the end', async () => {
    const { keeper, state } = world('one')
    await keeper.get(HERE)
    Object.assign(state, { now: START + 250_000, says: 'two' })
    expect(isOf(keeper.peek(HERE), 'one')).toBe(true)
    await tick()
    expect([isOf(keeper.peek(HERE), 'two'), state.reads]).toEqual([true, 2])
  })

  it('are waited for at the end, and no value outlives it while the place answers', async () => {
    const { keeper, state } = world('one')
    await keeper.get(HERE)
    Object.assign(state, { now: START + 300_000, says: 'two' })
    expect(keeper.peek(HERE)).toBeUndefined()
    expect(isOf(await keeper.get(HERE), 'two')).toBe(true)
  })

  it('of an empty value find nothing', async () => {
    expect(await world(' \n').keeper.get(HERE)).toBe('missing')
  })

  it('that throw something else are failures, too', async () => {
    const { keeper, state } = world('x')
    state.hold = Promise.withResolvers()
    state.hold.reject(new TypeError('sentinel'))
    expect(await keeper.get(HERE)).toBe('unreachable')
  })

  it('that never end are taken over by a later call', async () => {
    const { keeper, state } = world('one')
    state.hold = Promise.withResolvers()
    void keeper.get(HERE)
    await tick()
    Object.assign(state, { now: START + 20_000, hold: null })
    expect(isOf(await keeper.get(HERE), 'one')).toBe(true)
  })

  it('that hang are not waited for while there is an old value', async () => {
    const { keeper, state } = world('one')
    await keeper.get(HERE)
    Object.assign(state, { now: START + 300_000, hold: Promise.withResolvers() })
    const before = Date.now()
    expect(isOf(await keeper.get(HERE), 'one')).toBe(true)
    expect(Date.now() - before).toBeLessThan(5000)
    state.now += 2000
    expect(isOf(keeper.peek(HERE), 'one')).toBe(true)
  })
})

describe('a place that fails', () => {
  it('is outlived by the value, and told of once in ten minutes', async () => {
    const { keeper, state, told } = world('one')
    await keeper.get(HERE)
    state.says = new SourceError('unreachable')
    for (let at = 300_000; at <= 3_600_000; at += 60_000) {
      state.now = START + at
      expect(isOf(await keeper.get(HERE), 'one')).toBe(true)
    }
    expect(told.length).toBe(6)
    expect(told[0]).toBe('secret test://place cannot be read (unreachable): the last value is used')
    state.now = START + 3_660_000
    expect(await keeper.get(HERE)).toBe('unreachable')
    expect(keeper.standing(HERE)).toMatchObject({ state: 'none', failure: 'unreachable' })
  })

  it.each(['denied', 'missing'] as const)('%s: the value is gone at once', async (kind) => {
    const { keeper, state, told } = world('one')
    await keeper.get(HERE)
    Object.assign(state, { now: START + 300_000, says: new SourceError(kind) })
    expect(await keeper.get(HERE)).toBe(kind)
    expect(keeper.peek(HERE)).toBe(kind)
    expect(told).toEqual([`secret test://place cannot be read (${kind}): calls are refused`])
    expect(keeper.standing(HERE).read_at).toBeNull()
  })

  it('is told of again when it fails in another way, or its value may not be used any more', async () => {
    const { keeper, state, told } = world('one')
    await keeper.get(HERE)
    const failures = ['busy', 'unreachable', 'busy', 'denied'] as const
    for (const [index, kind] of failures.entries()) {
      Object.assign(state, {
        now: START + 300_000 + 60_000 * index,
        says: new SourceError(kind, { why: 'a word' }),
      })
      await keeper.get(HERE)
    }
    expect(told.map((line) => line.slice('secret test://place cannot be read '.length))).toEqual([
      '(busy: a word): the last value is used',
      '(unreachable: a word): the last value is used',
      '(denied: a word): calls are refused',
    ])
  })

  it('is not asked by every call', async () => {
    const { keeper, state } = world(new SourceError('busy'))
    for (let at = 0; at < 60_000; at += 100) {
      state.now = START + at
      expect(await keeper.get(HERE)).toBe('busy')
    }
    // At 0, 5, 15 and 35 seconds.
    expect(state.reads).toBe(4)
  })
})

describe('a value that an upstream rejects', () => {
  it('is read anew, once for all who have it', async () => {
    const { keeper, state } = world('one')
    const used = await keeper.get(HERE)
    if (!(used instanceof Secret)) throw new Error('not read')
    Object.assign(state, { now: START + 5000, says: 'two' })
    const calls = await Promise.all(Array.from({ length: 50 }, () => keeper.renew(HERE, used)))
    expect(calls.every((got) => isOf(got, 'two'))).toBe(true)
    expect(isOf(await keeper.renew(HERE, used), 'two')).toBe(true)
    expect(state.reads).toBe(2)
  })

  it.each([
    ['a token', 'one\n'],
    ['a private key', `${'k'.repeat(3000)}\nsecond line\r\n`],
  ])('is the same object when it is the same value: %s', async (_title, value) => {
    const { keeper, state } = world(value)
    const used = await keeper.get(HERE)
    state.now = START + 5000
    expect(used instanceof Secret && (await keeper.renew(HERE, used))).toBe(used)
    expect(state.reads).toBe(2)
  })

  it('is not read anew when it was read just now, nor while the place fails', async () => {
    const { keeper, state } = world('one')
    const used = await keeper.get(HERE)
    if (!(used instanceof Secret)) throw new Error('not read')
    state.now = START + 4999
    expect(await keeper.renew(HERE, used)).toBe(used)
    Object.assign(state, { now: START + 5000, says: new SourceError('busy') })
    expect(await keeper.renew(HERE, used)).toBe(used)
    expect(await keeper.renew(HERE, used)).toBe(used)
    expect(state.reads).toBe(2)
  })
})
