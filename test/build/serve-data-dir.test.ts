import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { afterEach, beforeEach, expect, it } from 'vitest'

import { openDataDir } from '../../scripts/workerd/data-dir.ts'

let base = ''
const folder = () => join(base, 'a/data')
const note = () => join(folder(), 'workerd.pid')

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'outpost-data-'))
})

afterEach(() => rmSync(base, { recursive: true }))

it('is made for this user alone', async () => {
  const data = await openDataDir(folder())
  expect(statSync(data.path).mode & 0o777).toBe(0o700)
  expect(statSync(data.objects).mode & 0o777).toBe(0o700)
  data.release()
})

it('is held until it is released, and no longer', async () => {
  const first = await openDataDir(folder())
  first.claim(12345)
  await expect(openDataDir(folder())).rejects.toThrow('in use by another Outpost')
  first.release()
  expect(existsSync(note())).toBe(false)
  const second = await openDataDir(folder())
  second.release()
})

it('is not held by a process that was killed', async () => {
  const library = join(import.meta.dirname, '../../scripts/workerd/data-dir.ts')
  const script = `
    const { openDataDir } = await import(${JSON.stringify(library)})
    await openDataDir(${JSON.stringify(folder())})
    console.log('held')
    setInterval(() => {}, 1000)`
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script])
  await once(holder.stdout, 'data')
  await expect(openDataDir(folder())).rejects.toThrow('in use')
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  const data = await openDataDir(folder())
  data.release()
})

/** Looks like a workerd that was started with this configuration. */
function runningWith(config: string): ChildProcess {
  return spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', config])
}

it('ends a workerd that outlived its starter', async () => {
  const earlier = await openDataDir(folder())
  earlier.release()
  const orphan = runningWith(earlier.config)
  await once(orphan, 'spawn')
  writeFileSync(note(), String(orphan.pid))
  const ended = once(orphan, 'exit')
  const data = await openDataDir(folder())
  expect(await ended).toEqual([null, 'SIGTERM'])
  data.release()
})

it('leaves alone another process that has its number by now', async () => {
  const earlier = await openDataDir(folder())
  earlier.release()
  const stranger = runningWith('something else')
  await once(stranger, 'spawn')
  writeFileSync(note(), String(stranger.pid))
  const ended = once(stranger, 'exit')
  const data = await openDataDir(folder())
  expect(await Promise.race([ended, delay(100, 'alive')])).toBe('alive')
  stranger.kill()
  data.release()
})
