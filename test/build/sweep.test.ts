import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, expect, it } from 'vitest'

import { sweepReplays } from '../../scripts/workerd/sweep.ts'

const NOW = Date.UTC(2026, 10, 22)
const HOUR = 3_600_000
const root = mkdtempSync(join(tmpdir(), 'outpost-sweep-'))
const folder = join(root, 'Replay')

afterEach(() => rmSync(root, { recursive: true, force: true }))

function file(name: string, hoursAgo: number): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, name), '')
  const at = new Date(NOW - hoursAgo * HOUR)
  utimesSync(join(folder, name), at, at)
}

it('removes the files of keys that are forgotten, and no others', () => {
  const id = (digit: string) => digit.repeat(64)
  file(`${id('a')}.sqlite`, 26)
  file(`${id('a')}.sqlite-shm`, 26)
  file(`${id('b')}.sqlite`, 26)
  file(`${id('b')}.sqlite-wal`, 3)
  file(`${id('c')}.sqlite`, 24)
  file('metadata.sqlite', 1000)
  expect(sweepReplays(root, NOW)).toBe(1)
  expect(readdirSync(folder).toSorted()).toEqual([
    `${id('b')}.sqlite`,
    `${id('b')}.sqlite-wal`,
    `${id('c')}.sqlite`,
    'metadata.sqlite',
  ])
})

it('has nothing to do before the first start', () => {
  expect(sweepReplays(join(root, 'nothing'), NOW)).toBe(0)
})
