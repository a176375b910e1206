import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { compileProject } from '../../scripts/compile.ts'
import { startDemo } from '../../scripts/demo-upstream.ts'
import type { Demo } from '../../scripts/demo-upstream.ts'
import { readDevVars, writeDevVars } from '../../scripts/dev-vars.ts'
import { greeting } from '../../scripts/greeting.ts'
import { build, readCompiled, serve } from '../../scripts/serve.ts'
import type { Served } from '../../scripts/serve.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const root = join(ROOT, `.outpost/test-lines-${process.pid}`)
const envFile = join(root, 'vars of "it"')

let demo: Demo | undefined

/** What is shipped, as `npm start` builds it, in a folder of its own. */
beforeAll(async () => {
  mkdirSync(root, { recursive: true })
  for (const each of ['src', 'providers', 'hosts.yaml']) {
    cpSync(join(ROOT, each), join(root, each), { recursive: true })
  }
  // Without the compile step: it has been done.
  const config = readFileSync(join(ROOT, 'wrangler.toml'), 'utf8')
  writeFileSync(join(root, 'wrangler.toml'), config.replace(/^\[build\]\n(?:[^[].*\n|\n)*/m, ''))
  expect((await compileProject({ root })).problems).toEqual([])
  writeDevVars(envFile)
  demo = await startDemo({ key: readDevVars(envFile)['DEMO_API_KEY'] ?? '' })
  await build({ root })
}, 60_000)

afterAll(async () => {
  await demo?.close()
  rmSync(root, { recursive: true, force: true })
})

async function served(host: string, name: string): Promise<{ server: Served; lines: string }> {
  const env = readDevVars(envFile)
  const server = await serve({
    root,
    port: 0,
    host,
    dataDir: join(root, name),
    env,
    output: 'keep',
  })
  const { CATALOG: catalog } = await readCompiled(root)
  const { url, peers } = server
  const said = greeting({
    catalog,
    env: { ...server.vars, ...env },
    envFile,
    url,
    peers,
    demo: true,
  })
  return { server, lines: /^export [^]*?--follow$/m.exec(said)?.[0] ?? '' }
}

/** Runs lines in a POSIX shell, in the checkout, until the last one has said so. */
async function run(lines: string, last: RegExp): Promise<string> {
  const child = spawn('sh', ['-c', lines], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'] },
    // A group of its own, so that the one that goes on can be ended too.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let printed = ''
  for (const each of [child.stdout, child.stderr]) {
    each.setEncoding('utf8').on('data', (text: string) => (printed += text))
  }
  try {
    await expect.poll(() => printed, { timeout: 30_000 }).toMatch(last)
  } finally {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL')
  }
  return printed
}

describe('the lines that npm start prints', () => {
  it.each([
    { host: '127.0.0.1', name: 'v4' },
    { host: '::1', name: 'v6' },
    { host: '0.0.0.0', name: 'any' },
  ])('do what it says of them, on $host', { timeout: 60_000 }, async ({ host, name }) => {
    const { server, lines } = await served(host, name)
    try {
      const printed = await run(lines, /POST \/orders .*a sensitive call, and access is read/)
      const statuses = Array.from(printed.matchAll(/HTTP\/1\.1 (\d{3})/g), ([, status]) => status)
      expect(statuses).toEqual(['200', '403', '201', '403'])
      expect(printed).toContain('"credential": "the real key"')
      expect(printed.match(/^data: /gm)).toHaveLength(5)
      expect(printed).toContain('PROXY_GRANT_DENIED')
      // The audit, with what happened before it was looked at.
      expect(printed).toMatch(/deny +403 .*GET \/admin\/users .*deny\[0\]/)
      expect(printed).toMatch(/grant\.created gr_/)
      expect(printed).not.toMatch(/op_[0-9A-Za-z]{43}/)
    } finally {
      await server.stop(0)
    }
  })
})
