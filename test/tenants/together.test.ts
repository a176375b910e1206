import { describe, expect, it } from 'vitest'

import { Together } from '../../src/tenants/together.ts'

/** Answers in capitals; a disk that is done when it is told to be. */
function bench(answer = async (all: readonly string[]) => all.map((each) => each.toUpperCase())) {
  const batches: string[][] = []
  const disk: (() => void)[] = []
  const together = new Together(
    (all: readonly string[]) => {
      batches.push([...all])
      return answer(all)
    },
    () => new Promise<void>((resolve) => disk.push(resolve)),
  )
  const written = async () => {
    disk.shift()?.()
    await settled()
  }
  return { together, batches, written }
}

/** Whatever can go on without the disk has gone on. */
const settled = () => new Promise<void>((resolve) => setTimeout(resolve, 0))

describe('Together', () => {
  it('answers one who comes alone at once, and before anybody else could come', async () => {
    const { together, batches } = bench()
    const answer = together.ask('a')
    expect(batches).toEqual([['a']])
    expect(await answer).toBe('A')
  })

  it('keeps those who come meanwhile, in their order, and each gets its own answer', async () => {
    const { together, batches, written } = bench()
    const all = ['a', 'b', 'c', 'd'].map((each) => together.ask(each))
    await settled()
    expect(batches).toEqual([['a']])
    await written()
    expect(batches).toEqual([['a'], ['b', 'c', 'd']])
    expect(await Promise.all(all)).toEqual(['A', 'B', 'C', 'D'])
    await written()
    void together.ask('e')
    expect(batches).toEqual([['a'], ['b', 'c', 'd'], ['e']])
  })

  it('tells all of one batch that it failed, and goes on', async () => {
    const { together, written } = bench(async (all) => {
      if (all.includes('bad')) throw new Error('the disk is full')
      return [...all]
    })
    const first = together.ask('a')
    const failed = Promise.allSettled([together.ask('b'), together.ask('bad')])
    expect(await first).toBe('a')
    await written()
    expect((await failed).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(await together.ask('c')).toBe('c')
  })

  it.each([
    ['answers too few', async () => []],
    [
      'throws at once',
      () => {
        throw new Error('at once')
      },
    ],
  ])('one that %s fails, and does not hang', async (_title, answer) => {
    const { together } = bench(answer)
    await expect(together.ask('a')).rejects.toThrow()
    await expect(together.ask('b')).rejects.toThrow()
  })
})
