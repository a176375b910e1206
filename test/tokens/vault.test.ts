import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import {
  acquire,
  deliver,
  EMPTY,
  fail,
  keptUntil,
  LEASE_MS,
  pause,
  reject,
} from '../../src/tokens/vault.ts'
import type { Vault } from '../../src/tokens/vault.ts'

const NOW = 1_800_000_000_000
const HOUR = 3_600_000
const token = { mint: 1, sealed: 'sealed-1', until: NOW + HOUR }
const minting: Vault = { ...EMPTY, mints: 1, lease: { mint: 1, until: NOW + LEASE_MS } }
const holding: Vault = { ...EMPTY, mints: 1, delivered: 1, token, refresh: 'sealed-r1' }

describe('acquire', () => {
  it.each([
    ['nothing is known', EMPTY, { is: 'yours', mint: 1, refresh: null }],
    ['a token is held', holding, { is: 'held', token }],
    [
      'the held token is at its end',
      { ...holding, token: { ...token, until: NOW } },
      { is: 'yours', mint: 2, refresh: 'sealed-r1' },
    ],
    ['somebody mints', minting, null],
    [
      'the lease is at its end',
      { ...minting, lease: { mint: 1, until: NOW } },
      { is: 'yours', mint: 2, refresh: null },
    ],
    [
      'a mint has just failed',
      { ...EMPTY, failure: { reason: 'HTTP 503', count: 1, until: NOW + 1 } },
      { is: 'failed', reason: 'HTTP 503' },
    ],
    [
      'a mint failed a while ago',
      { ...EMPTY, mints: 4, failure: { reason: 'HTTP 503', count: 1, until: NOW } },
      { is: 'yours', mint: 5, refresh: null },
    ],
    [
      'it is paused',
      { ...EMPTY, paused: 'grant rejected' },
      { is: 'paused', reason: 'grant rejected' },
    ],
    ['it is paused and a token is held', { ...holding, paused: 'x' }, { is: 'held', token }],
  ] as const)('when %s', (_, vault, answer) => {
    expect(acquire(vault, NOW).answer).toEqual(answer)
  })
})

describe('fail', () => {
  it('waits 1 s, then twice as long each time, 30 s at most', () => {
    let vault: Vault = EMPTY
    let now = NOW
    const waits = Array.from({ length: 7 }, () => {
      const { answer, vault: leased } = acquire(vault, now)
      if (answer?.is !== 'yours') throw new Error('no lease')
      vault = fail(leased, answer.mint, 'unreachable', now)
      const wait = (vault.failure?.until ?? 0) - now
      now += wait
      return wait
    })
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
  })

  it('is forgotten with the next token', () => {
    const failed = fail(minting, 1, 'unreachable', NOW)
    const { vault } = acquire(failed, NOW + HOUR)
    const delivered = deliver(vault, { ...token, mint: 2, refresh: null })
    expect([delivered.failure, delivered.lease]).toEqual([null, null])
  })

  it.each([
    ['fail', (vault: Vault) => fail(vault, 1, 'late', NOW)],
    ['pause', (vault: Vault) => pause(vault, 1, 'late')],
  ])('%s is nobody’s business who lost the lease', (_, end) => {
    const other: Vault = { ...minting, mints: 2, lease: { mint: 2, until: NOW + HOUR } }
    expect(end(other)).toBe(other)
    expect(end(holding)).toBe(holding)
  })
})

describe('deliver', () => {
  it('keeps the refresh token when the answer had none', () => {
    const { vault } = acquire({ ...holding, token: null }, NOW)
    const after = deliver(vault, { mint: 2, sealed: 's', until: NOW + 1, refresh: null })
    expect(after.refresh).toBe('sealed-r1')
  })

  it('comes late, and is kept: it is the only refresh token that still works', () => {
    const lost = acquire(minting, NOW + LEASE_MS).vault
    const after = deliver(lost, { ...token, refresh: 'sealed-r1' })
    expect(after).toMatchObject({ token, refresh: 'sealed-r1', lease: null })
    // Whoever took over used the old one. What becomes of that no longer matters.
    expect(pause(after, 2, 'grant rejected')).toBe(after)
  })

  it.each([
    ['is held', { ...token, mint: 2 }],
    ['was dropped', null],
  ])('comes after a later one that %s, and is left out', (_, held) => {
    const later: Vault = { ...holding, token: held, mints: 2, delivered: 2 }
    expect(deliver(later, { ...token, sealed: 'old', refresh: 'old' })).toBe(later)
  })
})

describe('reject', () => {
  it('drops the token that is held', () => {
    expect(reject(holding, 1, NOW)).toMatchObject({ another: true, vault: { token: null } })
  })

  it('leaves alone the one that came after it', () => {
    const later: Vault = { ...holding, token: { ...token, mint: 2 }, mints: 2 }
    expect(reject(later, 1, NOW)).toEqual({ another: true, vault: later })
  })

  it('drops five in ten minutes', () => {
    const drops = [1, 2, 3, 4, 5].map((n) => NOW - n)
    expect(reject({ ...holding, drops }, 1, NOW)).toMatchObject({
      another: false,
      vault: { token },
    })
    const older = [...drops.slice(0, 4), NOW - 10 * 60_000]
    expect(reject({ ...holding, drops: older }, 1, NOW).another).toBe(true)
  })
})

it.each([
  ['a day after the last use', { ...holding, refresh: null }, HOUR + 24 * HOUR],
  ['400 days where it has a refresh token', holding, HOUR + 400 * 24 * HOUR],
  ['400 days when paused', { ...EMPTY, paused: 'x' }, 400 * 24 * HOUR],
] as const)('is kept %s', (_, vault, ms) => {
  expect(keptUntil(vault, NOW) - NOW).toBe(ms)
})

/** A world of minters around one vault, and what must hold in it whatever happens. */
class World {
  vault: Vault = EMPTY
  now = NOW
  newest = 0
  readonly #minters: { readonly mint: number; leased: number; done: boolean }[] = []

  wait(): void {
    this.now += 7000
  }

  acquire(): void {
    const { answer, vault } = acquire(this.vault, this.now)
    this.vault = vault
    // Answered now, or by the end of a lease that is still running.
    if (!answer) expect(vault.lease?.until ?? 0).toBeGreaterThan(this.now)
    if (answer?.is !== 'yours') return
    const others = this.#minters.filter(({ leased, done }) => !done && leased > this.now)
    expect(others, 'two leases').toEqual([])
    expect(answer.refresh).toBe(this.#newestRefresh())
    this.#minters.push({ mint: answer.mint, leased: this.now + LEASE_MS, done: false })
  }

  deliver(which: number): void {
    const mint = this.#end(which)
    if (mint === null) return
    this.vault = deliver(this.vault, {
      mint,
      sealed: `s${mint}`,
      until: this.now + HOUR,
      refresh: `r${mint}`,
    })
    if (mint < this.newest) return
    this.newest = mint
    // A late delivery ends the lease of whoever took over.
    for (const other of this.#minters) other.leased = 0
    expect(acquire(this.vault, this.now).answer).toMatchObject({ token: { sealed: `s${mint}` } })
    expect(this.vault.refresh).toBe(this.#newestRefresh())
  }

  fail(which: number): void {
    const mint = this.#end(which)
    if (mint !== null) this.vault = fail(this.vault, mint, 'x', this.now)
  }

  reject(which: number): void {
    this.vault = reject(this.vault, which % (this.#minters.length + 1), this.now).vault
    expect(this.vault.refresh).toBe(this.#newestRefresh())
  }

  #end(which: number): number | null {
    const minter = this.#minters[which % this.#minters.length]
    if (!minter || minter.done) return null
    minter.done = true
    return minter.mint
  }

  #newestRefresh(): string | null {
    return this.newest === 0 ? null : `r${this.newest}`
  }
}

it('whatever happens: one lease at a time, everybody is answered, no delivery is lost', () => {
  const step = fc.record({
    what: fc.constantFrom('acquire', 'wait', 'deliver', 'fail', 'reject'),
    which: fc.nat(3),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const world = new World()
      for (const { what, which } of steps) world[what](which)
    }),
    { numRuns: 1000 },
  )
})
