import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { gitFolder } from './git_client.ts'
import { clientsOutpost } from './outpost.ts'
import { gitServer } from './servers/git.ts'
import type { GitServer } from './servers/git.ts'

const GIT_HOST_TOKEN = 'sentinel-git-77ab20c1'
const at = clientsOutpost({ GIT_HOST_TOKEN })
const { path, run, git } = gitFolder()

let server: GitServer | undefined
let token = ''
/** As a user writes it: git shows the password only when it is asked for one. */
let remote = ''

beforeAll(async () => {
  await git('init', '-q', '--bare', '-b', 'main', 'demo.git')
  await git('-C', 'demo.git', 'config', 'http.receivepack', 'true')
  await git('-C', 'demo.git', 'config', 'uploadpack.allowFilter', 'true')
  await git('-C', 'demo.git', 'config', 'receive.certNonceSeed', 'x')
  await git('clone', '-q', 'demo.git', 'seed')
  for (const n of [1, 2, 3]) {
    writeFileSync(join(path, 'seed', `${n}.txt`), `file ${n}\n`)
    await git('-C', 'seed', 'add', '.')
    await git('-C', 'seed', 'commit', '-q', '-m', `commit ${n}`)
  }
  await git('-C', 'seed', 'push', '-q', 'origin', 'HEAD:main')
  server = await gitServer(path, at.port('git'), `x-access-token:${GIT_HOST_TOKEN}`)
  token = await at.grant('git')
  remote = `${at.url.replace('://', `://agent:${token}@`)}/p/git/demo.git`
})

afterAll(() => server?.close())

describe('git', () => {
  it('clones: asked for its password first, and the host sees the real one', async () => {
    const { code, said } = await run(['clone', '-q', remote, 'work'])
    expect(said).toBe('')
    expect(code).toBe(0)
    expect(await git('-C', 'work', 'log', '--format=%s')).toBe('commit 3\ncommit 2\ncommit 1\n')
    const wanted = Buffer.from(`x-access-token:${GIT_HOST_TOKEN}`).toString('base64')
    expect(new Set(server?.requests.map(({ headers }) => headers.authorization))).toEqual(
      new Set([`Basic ${wanted}`]),
    )
    expect(server?.requests.map(({ headers }) => headers['git-protocol'])).toContain('version=2')
  })

  it('clones without history, and without files', async () => {
    await git('clone', '-q', '--depth', '1', remote, 'shallow')
    expect(await git('-C', 'shallow', 'log', '--format=%s')).toBe('commit 3\n')
    await git('clone', '-q', '--filter=blob:none', '--no-checkout', remote, 'partial')
    await git('-C', 'partial', 'checkout', '-q', 'main')
    expect(await git('-C', 'partial', 'show', 'HEAD:2.txt')).toBe('file 2\n')
    await git('-C', 'shallow', 'fetch', '-q', '--unshallow')
    expect(await git('-C', 'shallow', 'log', '--format=%s')).toBe('commit 3\ncommit 2\ncommit 1\n')
  })

  it('speaks the older protocol too', async () => {
    await git('-c', 'protocol.version=0', 'clone', '-q', remote, 'older')
    expect(await git('-C', 'older', 'log', '--format=%s')).toMatch(/^commit 3\n/)
  })

  it('pushes a branch, and a deletion of it', async () => {
    await git('-C', 'work', 'push', '-q', 'origin', 'HEAD:refs/heads/agent')
    expect(await git('-C', 'demo.git', 'branch', '--list', 'agent')).toMatch(/agent/)
    await git('-C', 'work', 'push', '-q', 'origin', ':agent')
    expect(await git('-C', 'demo.git', 'branch', '--list', 'agent')).toBe('')
  })

  it('pushes megabytes in chunks', async () => {
    writeFileSync(join(path, 'work', 'large.bin'), randomBytes(3_000_000))
    await git('-C', 'work', 'add', '.')
    await git('-C', 'work', 'commit', '-q', '-m', 'large')
    await git('-C', 'work', 'push', '-q', 'origin', 'HEAD:refs/heads/large')
    const [head, there] = [
      ['-C', 'work', 'rev-parse', 'HEAD'],
      ['-C', 'demo.git', 'rev-parse', 'large'],
    ]
    expect(await git(...there)).toBe(await git(...head))
    const pushes = server?.requests.filter(({ url }) => url.endsWith('/git-receive-pack'))
    expect(pushes?.map(({ headers }) => headers['transfer-encoding'])).toContain('chunked')
  })

  it('fetches what is new, and sends what it has in gzip', async () => {
    await git('-C', 'seed', 'commit', '-q', '--allow-empty', '-m', 'more')
    const many = '!for n in $(seq 60); do git commit -q --allow-empty -m "own $n"; done'
    await git('-C', 'work', '-c', `alias.many=${many}`, 'many')
    await git('-C', 'seed', 'push', '-q', 'origin', 'HEAD:main')
    await git('-C', 'work', 'fetch', '-q', 'origin')
    expect(await git('-C', 'work', 'log', '-1', '--format=%s', 'origin/main')).toBe('more\n')
    expect(server?.requests.map(({ headers }) => headers['content-encoding'])).toContain('gzip')
  })
})

describe('what is not allowed', () => {
  it.each([
    ['a protected branch', ['+HEAD:refs/heads/main']],
    ['the deletion of it', [':refs/heads/main']],
    ['a protected branch in other letters', ['HEAD:refs/heads/MAIN']],
    ['it, beside another', ['+HEAD:refs/heads/other', '+HEAD:refs/heads/main']],
    ['a tag', ['HEAD:refs/tags/v1']],
  ])('%s: the host hears nothing of it', async (_what, refs) => {
    const before = await git('-C', 'demo.git', 'for-each-ref')
    const posts = () =>
      server?.requests.filter(({ url }) => url.endsWith('/git-receive-pack')).length
    const sent = posts()
    const { code, said } = await run(['-C', 'work', 'push', 'origin', ...refs])
    expect(code).not.toBe(0)
    expect(said).toMatch(/HTTP 403|returned error: 403/)
    expect(posts()).toBe(sent)
    expect(await git('-C', 'demo.git', 'for-each-ref')).toBe(before)
  })

  it('a grant to read clones, and cannot push', async () => {
    const reader = await at.grant({ provider: 'git', access: 'read' })
    const url = remote.replace(token, reader)
    await git('clone', '-q', url, 'read')
    const { code, said } = await run(['-C', 'read', 'push', 'origin', 'HEAD:refs/heads/read'])
    expect(code).not.toBe(0)
    expect(said).toMatch(/403/)
  })

  it('no key, and a wrong one', async () => {
    const nobody = await run(['clone', remote.replace(`agent:${token}@`, ''), 'none'])
    expect(nobody.said).toMatch(/could not read Username|terminal prompts disabled/)
    const wrong = await run(['clone', remote.replace(token, `op_${'x'.repeat(43)}`), 'none'])
    expect(wrong.code).not.toBe(0)
    expect(server?.requests.every(({ headers }) => !headers.authorization?.includes('b3Bf'))).toBe(
      true,
    )
  })
})

it('a person sees the refs, and git waits for the decision', async () => {
  const body = JSON.stringify({
    agent: 'client',
    providers: [{ provider: 'git', access: 'write' }],
    expires_in: 600,
    approval: 'sensitive',
    approval_hold_seconds: 30,
  })
  const made = await at.admin('/grants', { method: 'POST', body })
  const { token: asking } = (await made.json()) as { token: string }
  const pushing = run([
    '-C',
    'work',
    'push',
    remote.replace(token, asking),
    'HEAD~1:refs/heads/asked',
  ])
  const seen: unknown[] = []
  let over = false
  void pushing.finally(() => (over = true))
  while (!over) {
    const pending = await at.admin('/approvals?state=pending')
    const { approvals } = (await pending.json()) as {
      approvals: { id: string; operation: string }[]
    }
    for (const { id, operation } of approvals) {
      seen.push(operation)
      await at.admin(`/approvals/${id}/approve`, { method: 'POST', body: '{}' })
    }
    await delay(100)
  }
  expect(await pushing).toMatchObject({ code: 0 })
  expect(seen).toEqual(['git push', 'git push refs/heads/asked'])
})

describe('how a key is given', () => {
  it('by a credential helper', async () => {
    const helper = `credential.helper=!f() { echo username=agent; echo password=${token}; }; f`
    const url = remote.replace(`agent:${token}@`, '')
    await git('-c', helper, 'clone', '-q', url, 'helped')
    expect(await git('-C', 'helped', 'log', '--format=%s')).toMatch(/commit 1\n$/)
  })

  it('by a header that git sends at once', async () => {
    const url = remote.replace(`agent:${token}@`, '')
    const before = server?.requests.length ?? 0
    await git('-c', `http.extraHeader=X-Outpost-Auth: ${token}`, 'ls-remote', url)
    expect(server?.requests.length).toBe(before + 2)
  })
})

it('the record names what was asked', async () => {
  const names = (await at.audit()).flatMap(({ operation, decision }) =>
    typeof operation === 'string' ? [`${String(decision)} ${operation}`] : [],
  )
  expect([...new Set(names)].toSorted()).toEqual([
    'allow git fetch',
    'allow git push',
    'allow git push :refs/heads/agent',
    'allow git push refs/heads/agent',
    'allow git push refs/heads/asked',
    'allow git push refs/heads/large',
    'deny git push',
    'deny git push :refs/heads/main',
    'deny git push refs/heads/MAIN',
    'deny git push refs/heads/main',
    'deny git push refs/heads/main refs/heads/other',
    'deny git push refs/tags/v1',
  ])
})
