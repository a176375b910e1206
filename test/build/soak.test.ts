import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { BREAKS, spoilt } from '../../scripts/soak/breaks.ts'
import type { Ending } from '../../scripts/soak/client.ts'
import { digestOf, TIMEOUT_MS, wrongWith } from '../../scripts/soak/judge.ts'
import { overLimits } from '../../scripts/soak/limits.ts'
import { leakIn, trendOf } from '../../scripts/soak/memory.ts'
import type { Sample } from '../../scripts/soak/memory.ts'
import { playOf } from '../../scripts/soak/plan.ts'
import type { PlayName } from '../../scripts/soak/plays.ts'
import { Random } from '../../scripts/soak/random.ts'
import { secretsIn, sentinel } from '../../scripts/soak/sentinels.ts'

const ROOT = join(import.meta.dirname, '../..')
const BLOCK = Buffer.alloc(2 ** 23, 'block')

describe('chance', () => {
  it('is the same for the same seed, and another for another', () => {
    const numbers = (seed: number) => {
      const random = new Random(seed)
      return Array.from({ length: 5 }, () => random.next())
    }
    expect(numbers(7)).toEqual(numbers(7))
    expect(numbers(7)).not.toEqual(numbers(8))
    expect(numbers(7).every((each) => each >= 0 && each < 1)).toBe(true)
  })

  it('chooses by weight', () => {
    const random = new Random(1)
    const chosen = Array.from({ length: 1000 }, () =>
      random.weighted({ often: 9, seldom: 1, no: 0 }),
    )
    expect(chosen).not.toContain('no')
    expect(chosen.filter((each) => each === 'often').length).toBeGreaterThan(850)
  })
})

describe('what is to be spoilt', () => {
  it.each(Object.entries(BREAKS))('%s is there', (_, broken) => {
    const text = readFileSync(join(ROOT, broken.file), 'utf8')
    expect(spoilt(text, broken)).not.toBe(text)
  })

  it('is not there any more', () => {
    const broken = { spoils: '', file: 'a.ts', from: 'one', to: 'two' }
    expect(() => spoilt('three', broken)).toThrow('a.ts')
    expect(() => spoilt('one one', broken)).toThrow('a.ts')
  })
})

describe('secrets', () => {
  it.each([
    [sentinel('plain', 'x'), 'a secret (plain)'],
    [Buffer.from(sentinel('user', 'x')).toString('base64'), 'a secret in base64'],
    [Buffer.from(`a${sentinel('user', 'x')}`).toString('base64'), 'a secret in base64'],
    [Buffer.from(`ab${sentinel('user', 'x')}`).toString('base64'), 'a secret in base64'],
    [`op_${'a1B'.repeat(14)}z`, 'a token of a grant'],
  ])('are found in %s', (text, what) => {
    expect(secretsIn(`{"said":"Bearer ${text} and"}`)).toEqual([what])
  })

  it('are not what looks a little like it', () => {
    expect(secretsIn('soak-sentinel, op_short, gr_123, soak')).toEqual([])
  })
})

/** `sees` is the ending without which the play is wrong. */
function ending(over: Partial<Ending>): Ending {
  const sent = 1_000_000
  const headers = { 'x-arrival': '/read/1 1', ...over.headers }
  const none = { how: 'whole', status: 200, text: '', digest: '', bytes: 0 } as const
  return { ...none, life: 0, killed: false, sent, ended: sent + 10, ...over, headers }
}

const play = (name: PlayName) => playOf(new Random(3), name, { status: 200 })
const wrong = (name: PlayName, over: Partial<Ending>, late = false) =>
  wrongWith(ending(over), { play: play(name), path: '/read/1', block: BLOCK, late })
const own = (status: number, code: string): Partial<Ending> => ({
  status,
  headers: { 'x-proxy-error': code },
})
const right = { digest: digestOf(play('ok'), BLOCK) }
const unreachable = own(502, 'PROXY_UPSTREAM_ERROR')
const late = own(504, 'PROXY_UPSTREAM_TIMEOUT')
const timeout = { ...late, ended: 1_000_000 + TIMEOUT_MS + 100 }

describe('an answer', () => {
  it.each<[PlayName, string, Partial<Ending>]>([
    ['ok', 'the answer', right],
    ['ok', 'the client left', { how: 'left', status: 0 }],
    ['ok', 'the process was killed', { how: 'none', status: 0, killed: true }],
    ['reset at once', '502', unreachable],
    ['no head', '504', timeout],
    ['short body', 'a body that breaks off', { how: 'cut' }],
    ['reset in body', '502', unreachable],
    ['stalled body', 'the client left', { how: 'left' }],
  ])('to "%s" may be: %s', (name, _, over) => {
    expect(wrong(name, over)).toBeNull()
  })

  it.each<[PlayName, string, Partial<Ending>]>([
    ['ok', 'another body', { digest: 'another' }],
    ['ok', 'another status', { ...right, status: 201 }],
    ['ok', 'the answer to another call', { ...right, headers: { 'x-arrival': '/read/2 1' } }],
    ['ok', 'another body, though killed', { digest: 'another', killed: true }],
    ['ok', '502', unreachable],
    ['ok', '504', timeout],
    ['ok', 'broken off', { how: 'none', status: 0 }],
    ['ok', 'no end', { how: 'hung', status: 0, killed: true }],
    ['short body', 'a whole body', { how: 'whole' }],
    ['short chunks', '502', unreachable],
    ['reset at once', 'a connection that ends', { how: 'none', status: 0 }],
    ['reset at once', '500', own(500, 'PROXY_UPSTREAM_ERROR')],
    ['no head', '504 too soon', late],
    ['stalled body', 'a whole body', right],
  ])('to "%s" may not be: %s', (name, _, over) => {
    expect(wrong(name, over)).not.toBeNull()
  })

  it('may be a time-out where the upstream was late', () => {
    expect(wrong('ok', late, true)).toBeNull()
    expect(wrong('ok', unreachable, true)).not.toBeNull()
  })
})

describe('limits', () => {
  const window = { capacity: 5, window_ms: 1000 }
  const calls = (every_ms: number, count: number) =>
    Array.from({ length: count }, (_, at) => ({ sent: at * every_ms, arrived: at * every_ms + 1 }))

  it('are kept by calls at their pace', () => {
    expect(overLimits(calls(200, 3000), [window])).toEqual([])
  })

  it('are broken by a burst in the middle', () => {
    const burst = Array.from({ length: 8 }, () => ({ sent: 400_100, arrived: 400_101 }))
    expect(overLimits([...calls(200, 3000), ...burst], [window])).toHaveLength(1)
  })

  it('are broken by a little too many all the time', () => {
    expect(overLimits(calls(190, 3000), [window])).toHaveLength(1)
  })
})

describe('memory', () => {
  /** One a second, 200 calls each, with garbage that comes and goes. */
  const life = (kibPerCall: number, seconds = 300): Sample[] =>
    Array.from({ length: seconds }, (_, at) => ({
      calls: at * 200,
      residentMiB: 100 + Math.min(at, 60) / 2 + (at % 9) * 4 + (at * 200 * kibPerCall) / 1024,
      sockets: 10,
      files: 40,
      cpuMs: at,
    }))

  it('that is flat after its beginning is no leak', () => {
    const trend = trendOf(life(0))
    expect(trend && Math.abs(trend.kibPerThousand)).toBeLessThan(50)
    expect(trend && leakIn(trend)).toBeNull()
  })

  it('that grows with each call is one', () => {
    const trend = trendOf(life(20))
    expect(trend?.kibPerThousand).toBeCloseTo(20_000, -3)
    expect(trend && leakIn(trend)).toContain('memory grows')
  })

  it('of a short life says nothing', () => {
    expect(trendOf(life(20, 30))).toBeNull()
  })
})
