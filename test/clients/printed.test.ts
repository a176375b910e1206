import type { ServerResponse } from 'node:http'
import { join } from 'node:path'

import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'

import { gitFolder } from './git_client.ts'
import { clientsOutpost } from './outpost.ts'
import { gitServer } from './servers/git.ts'
import type { GitServer } from './servers/git.ts'
import { json, upstream } from './servers/upstream.ts'
import type { Asked, TestUpstream } from './servers/upstream.ts'
import { aHome } from './settled.ts'

const KEY = 'sentinel-printed-6e0d91'
const GIT_KEY = 'sentinel-printed-git-2f77'
const at = clientsOutpost({ PRINTED_KEY: KEY, PRINTED_GIT_KEY: GIT_KEY })
const home = aHome()
const { path, git } = gitFolder()

let api: TestUpstream | undefined
let host: GitServer | undefined
let token = ''

beforeAll(async () => {
  api = await upstream(at.port('printed'), answer)
  await git('init', '-q', '--bare', '-b', 'main', 'o/r.git')
  await git('init', '-q', '-b', 'main', 'seed')
  await git('-C', 'seed', 'commit', '-q', '--allow-empty', '-m', 'first')
  await git('-C', 'seed', 'push', '-q', join(path, 'o/r.git'), 'main')
  host = await gitServer(path, at.port('printed-git'), `x-access-token:${GIT_KEY}`)
  token = await at.grant('printed', 'printed_git')
})

afterAll(() => {
  api?.close()
  host?.close()
  expect(home.filesWith(KEY)).toEqual([])
  expect(JSON.stringify(api?.asked.map(({ url, headers }) => [url, headers]))).not.toContain(token)
})

afterEach(() => {
  vi.unstubAllEnvs()
})

/** As much of each API as one call needs. */
const ANSWERS: Readonly<Record<string, object>> = {
  '/hello': { said: 'hello' },
  '/widget': {
    name: 'widget',
    'dist-tags': { latest: '1.0.0' },
    versions: { '1.0.0': { name: 'widget', version: '1.0.0', dist: {} } },
  },
  '/v1/chat/completions': { id: 'c', choices: [{ index: 0, message: { content: 'hello' } }] },
  '/v1/messages': { id: 'm', type: 'message', content: [{ type: 'text', text: 'hello' }] },
}

function answer({ url, headers }: Asked, response: ServerResponse): void {
  const found = headers.authorization === `Bearer ${KEY}` ? ANSWERS[url] : undefined
  json(response, found ? 200 : 401, found ?? {})
}

const settings = (client: string, provider = 'printed') => ({
  client,
  where: { url: at.url, provider, token },
  env: { GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0' },
})

it('curl', async () => {
  const ran = await home.run(settings('curl'), 'true')
  expect(ran).toMatchObject({ code: 0, out: '{"said":"hello"}' })
})

it('npm', async () => {
  const ran = await home.run(settings('npm'), 'npm', 'view', 'widget', 'version')
  expect(ran).toMatchObject({ code: 0, out: '1.0.0\n' })
  expect(home.filesWith(token)).toEqual([])
})

it('git', async () => {
  const ran = await home.run(
    settings('git', 'printed_git'),
    'git',
    'clone',
    '-q',
    'https://github.com/o/r.git',
  )
  expect(ran).toMatchObject({ code: 0 })
  const head = await home.run(settings('curl'), 'git', '-C', 'r', 'log', '-1', '--format=%s')
  expect(head.out).toContain('first\n')
  expect(host?.requests.length).toBeGreaterThan(0)
  expect(home.filesWith(token)).toEqual([])
})

/** What the lines for a shell put into the environment, in that of this process. */
async function exportedTo(client: string): Promise<void> {
  const { out } = await home.run(settings(client), 'env')
  for (const line of out.split('\n')) {
    const [, name, value] = /^((?:OPENAI|ANTHROPIC)_\w+)=(.*)$/.exec(line) ?? []
    if (name !== undefined) vi.stubEnv(name, value)
  }
}

it("OpenAI's SDK", async () => {
  await exportedTo('openai')
  const said = await new OpenAI().chat.completions.create({ model: 'm', messages: [] })
  expect(said.choices[0]?.message.content).toBe('hello')
})

it.each(['anthropic', 'claude-code'])("Anthropic's SDK, with what %s takes", async (client) => {
  await exportedTo(client)
  const said = await new Anthropic().messages.create({ model: 'm', max_tokens: 1, messages: [] })
  expect(said.content).toMatchObject([{ text: 'hello' }])
})
