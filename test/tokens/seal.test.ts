import { describe, expect, it } from 'vitest'

import { sealsOf } from '../../src/tokens/seal.ts'
import type { Purpose } from '../../src/tokens/seal.ts'
import vectors from './seal_vectors.json'

const MASTER = 'sentinel-master-key-of-more-than-32-characters'
const NEXT = 'sentinel-master-key-number-two-of-more-than-32'
const purpose: Purpose = { provider: 'github', vault: 'token github 00ff', kind: 'access' }

describe('a seal', () => {
  it.each(['', 'x', 'a token', 'é😀\0\n', 'long '.repeat(20_000)])(
    'opens as it was: %#',
    async (text) => {
      const { seal, open } = await sealsOf(MASTER, null)
      const sealed = await seal(text, purpose)
      expect(sealed).toMatch(/^v1\.[\w-]{8}\.[\w-]{16}\.[\w-]+$/)
      expect(await open(sealed, purpose)).toBe(text)
    },
  )

  it('is another one each time', async () => {
    const { seal } = await sealsOf(MASTER, null)
    const all = await Promise.all(Array.from({ length: 50 }, () => seal('same', purpose)))
    expect(new Set(all.map((each) => each.split('.')[2])).size).toBe(50)
  })

  it.each([
    ['provider', { ...purpose, provider: 'gitlab' }],
    ['vault', { ...purpose, vault: 'token github 00fe' }],
    ['kind', { ...purpose, kind: 'refresh' }],
  ] as const)('does not open for another %s', async (_, other) => {
    const { seal, open } = await sealsOf(MASTER, null)
    expect(await open(await seal('secret', purpose), other)).toBeNull()
  })

  it('does not open when any character of it is another', async () => {
    const { seal, open } = await sealsOf(MASTER, null)
    const sealed = await seal('secret', purpose)
    for (let at = 0; at < sealed.length - 1; at += 1) {
      for (const other of ['A', 'B', '.', '']) {
        const changed = sealed.slice(0, at) + other + sealed.slice(at + 1)
        if (changed !== sealed) expect(await open(changed, purpose), changed).toBeNull()
      }
    }
  })

  it.each(['', 'v1', 'v1...', 'v2.aaaaaaaa.aaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaaaaaaaaaa', 'secret'])(
    '%j is none',
    async (text) => {
      expect(await (await sealsOf(MASTER, null)).open(text, purpose)).toBeNull()
    },
  )
})

describe('rotation', () => {
  it('opens what the previous key sealed, and seals with the current one', async () => {
    const before = await sealsOf(MASTER, null)
    const during = await sealsOf(NEXT, MASTER)
    const after = await sealsOf(NEXT, null)
    const old = await before.seal('secret', purpose)
    expect(await during.open(old, purpose)).toBe('secret')
    expect(await after.open(old, purpose)).toBeNull()
    const young = await during.seal('secret', purpose)
    expect(await after.open(young, purpose)).toBe('secret')
    expect(await before.open(young, purpose)).toBeNull()
  })
})

/** So that a later version opens what this one sealed. Made by another implementation. */
describe('vectors', () => {
  it.each(vectors.seals)('$sealed', async ({ master, sealed, text, provider, vault, kind }) => {
    const { open } = await sealsOf(master, null)
    const of: Purpose = { provider, vault, kind: kind === 'refresh' ? 'refresh' : 'access' }
    expect(await open(sealed, of)).toBe(text)
  })
})
