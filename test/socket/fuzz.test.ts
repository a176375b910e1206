import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { arrivalFaults } from '../../scripts/fuzz/arrival-oracle.ts'
import { KINDS } from '../../scripts/fuzz/case.ts'
import type { Case } from '../../scripts/fuzz/case.ts'
import { faultsAlone } from '../../scripts/fuzz/judge.ts'
import { caseOf } from '../../scripts/fuzz/make.ts'
import { Run } from '../../scripts/fuzz/run.ts'
import { World } from '../../scripts/fuzz/world.ts'

/** Cases that were found, or that nothing may break again: docs/fuzzing.md. */
const CORPUS = JSON.parse(
  readFileSync(join(import.meta.dirname, '../fuzz/corpus.json'), 'utf8'),
) as readonly (Case & { readonly name: string })[]

const world = new World()
beforeAll(() => world.open(), 60_000)
afterAll(() => world.close())

describe('a case that is kept', () => {
  it.each(CORPUS)('$name', async (tried) => {
    expect(await faultsAlone(world, tried)).toEqual([])
  })
})

it('a few cases of each class that follow from a seed', { timeout: 60_000 }, async () => {
  const said: string[] = []
  const wanted = { seed: 1, kinds: KINDS, runs: 0, until: Infinity }
  const run = new Run(world, { ...wanted, say: (line) => said.push(line) })
  for (const kind of KINDS) await run.some(kind, kind === 'crowd' ? 2 : 25)
  expect(said).toEqual([])
  expect(run.tally.calls).toBeGreaterThan(100)
})

it('a fault is seen: an upstream is held against another request than that which it got', async () => {
  const [trial] = await world.run(caseOf(1, 'upstream', 1))
  if (!trial?.asked) throw new Error('no trial')
  expect(arrivalFaults(trial)).toEqual([])
  const other = { ...trial, asked: { ...trial.asked, target: '/other', method: 'PATCH' } }
  expect(arrivalFaults(other)).toEqual(['another method', 'another path or query'])
})
