import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { clientsOutpost } from '../outpost.ts'
import { githubServer } from '../servers/github.ts'
import type { GithubServer } from '../servers/github.ts'
import { tlsFront } from '../servers/tls_front.ts'
import type { TlsFront } from '../servers/tls_front.ts'

const HOST = 'github.outpost.test'
const GITHUB_TEST_TOKEN = 'sentinel-github-19e0c7aa'
const at = clientsOutpost({ GITHUB_TEST_TOKEN })
const home = mkdtempSync(join(tmpdir(), 'outpost-gh-'))

let github: GithubServer | undefined
let front: TlsFront | undefined
let token = ''

beforeAll(async () => {
  const ports = { api: at.port('github-api'), uploads: at.port('github-uploads') }
  github = await githubServer(ports, GITHUB_TEST_TOKEN)
  front = await tlsFront(HOST, at.url)
  token = await at.grant('github', 'github-uploads', 'github-git')
})

afterAll(() => {
  github?.close()
  front?.close()
  rmSync(home, { recursive: true, force: true })
})

/** GitHub's own command line, told of nothing but the host and its key. */
function gh(...args: readonly string[]): Promise<{ code: number; said: string }> {
  return new Promise((done, fail) => {
    const child = spawn('gh', args, {
      cwd: home,
      env: {
        PATH: process.env['PATH'],
        HOME: home,
        GH_HOST: HOST,
        GH_ENTERPRISE_TOKEN: token,
        GH_NO_UPDATE_NOTIFIER: '1',
        GH_PROMPT_DISABLED: '1',
        ...front?.env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        said += chunk.toString()
      })
    }
    child.on('error', fail)
    child.on('close', (code) => done({ code: code ?? -1, said }))
  })
}

describe("GitHub's command line", () => {
  it('api', async () => {
    expect(await gh('api', 'user', '--jq', '.login')).toEqual({ code: 0, said: 'machine-user\n' })
    expect(github?.asked.at(-1)).toMatchObject({ method: 'GET', url: '/user' })
  })

  it('repo view', async () => {
    const { code, said } = await gh('repo', 'view', 'o/r')
    expect(said).toContain('A repository of the tests')
    expect(said).toContain('Read me')
    expect(code).toBe(0)
    expect(github?.asked.map(({ url }) => url)).toContain('/graphql')
  })

  it('issue list', async () => {
    const { code, said } = await gh('issue', 'list', '-R', 'o/r')
    expect(said).toContain('The first issue of the tests')
    expect(code).toBe(0)
  })

  it('a key that is none', async () => {
    const before = github?.asked.length
    const right = token
    token = `op_${'x'.repeat(43)}`
    const { code, said } = await gh('api', 'user')
    token = right
    expect(code).not.toBe(0)
    expect(said).toContain('PROXY_AUTH_REQUIRED')
    expect(github?.asked.length).toBe(before)
  })
})
