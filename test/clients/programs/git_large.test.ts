import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, it } from 'vitest'

import { cpuMs, residentMiB } from '../../../scripts/bench/process-usage.ts'
import { gitFolder } from '../git_client.ts'
import { clientsOutpost } from '../outpost.ts'
import { gitServer } from '../servers/git.ts'
import type { GitServer } from '../servers/git.ts'

const MIB = 1024 * 1024
/** What the worker may hold more of while a repository of any size goes through. */
const MOST_MORE_MIB = 96

const GIT_HOST_TOKEN = 'sentinel-git-large-77ab20c1'
const at = clientsOutpost({ GIT_HOST_TOKEN })
const { path, git } = gitFolder()

let server: GitServer | undefined
let remote = ''
let direct = ''

/** To make a repository costs more than to send it. */
const CONFIG = '[core]\ncompression = 0\nbigFileThreshold = 1m\n[pack]\nwindow = 0\n'

beforeAll(async () => {
  writeFileSync(join(path, '.gitconfig'), CONFIG)
  await git('init', '-q', '--bare', '-b', 'main', 'big.git')
  await git('-C', 'big.git', 'config', 'http.receivepack', 'true')
  await git('init', '-q', '-b', 'main', 'seed')
  await commit('seed', 20)
  await git('-C', 'seed', 'push', '-q', join(path, 'big.git'), 'main')
  server = await gitServer(path, at.port('git-large'), `x-access-token:${GIT_HOST_TOKEN}`)
  const token = await at.grant('git-large')
  remote = `${at.url.replace('://', `://agent:${token}@`)}/p/git-large/big.git`
  direct = `http://x-access-token:${GIT_HOST_TOKEN}@127.0.0.1:${at.port('git-large')}/big.git`
}, 120_000)

afterAll(() => server?.close())

/** Files of 10 MiB that nothing can make smaller. */
async function commit(folder: string, files: number): Promise<void> {
  for (let n = 0; n < files; n += 1) {
    writeFileSync(
      join(path, folder, `${randomBytes(4).toString('hex')}.bin`),
      randomBytes(10 * MIB),
    )
  }
  await git('-C', folder, 'add', '.')
  await git('-C', folder, 'commit', '-q', '-m', 'large')
}

/** Seconds, CPU time of workerd, and the most memory that it had. */
async function measured(what: string, work: () => Promise<unknown>) {
  const pid = at.pid()
  const before = { cpu: cpuMs(pid) ?? 0, memory: residentMiB(pid) ?? 0, at: performance.now() }
  let most = before.memory
  const watch = setInterval(() => {
    most = Math.max(most, residentMiB(pid) ?? 0)
  }, 50)
  await work()
  clearInterval(watch)
  const seconds = (performance.now() - before.at) / 1000
  const cpu = ((cpuMs(pid) ?? 0) - before.cpu) / 1000
  const more = most - before.memory
  process.stderr.write(
    `${what}: ${seconds.toFixed(1)} s, workerd ${cpu.toFixed(2)} s of CPU, ${more.toFixed(0)} MiB more\n`,
  )
  return { seconds, more }
}

it('clones 200 MiB without holding it', { timeout: 120_000 }, async () => {
  await measured('direct clone', () => git('clone', '-q', direct, 'direct'))
  const { more } = await measured('clone', () => git('clone', '-q', remote, 'work'))
  expect(await git('-C', 'work', 'rev-parse', 'HEAD')).toBe(
    await git('-C', 'seed', 'rev-parse', 'HEAD'),
  )
  expect(more).toBeLessThan(MOST_MORE_MIB)
})

it('pushes 60 MiB without holding it', { timeout: 120_000 }, async () => {
  await commit('work', 6)
  await measured('direct push', () =>
    git('-C', 'work', 'push', '-q', direct, 'HEAD:refs/heads/direct'),
  )
  await commit('work', 6)
  const { more } = await measured('push', () =>
    git('-C', 'work', 'push', '-q', 'origin', 'HEAD:refs/heads/large'),
  )
  expect(await git('-C', 'big.git', 'rev-parse', 'large')).toBe(
    await git('-C', 'work', 'rev-parse', 'HEAD'),
  )
  expect(more).toBeLessThan(MOST_MORE_MIB)
})
