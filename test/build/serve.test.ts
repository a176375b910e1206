import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'

import { build, serve } from '../../scripts/serve.ts'
import type { ServeOptions, Served } from '../../scripts/serve.ts'

const root = mkdtempSync(join(tmpdir(), 'outpost-serve-'))
const config = join(root, '.outpost/data/workerd.capnp')
const upstream = createServer((_request, response) => response.end('upstream'))
const upstreamPort = () => (upstream.address() as AddressInfo).port

let running: Served[] = []

beforeAll(async () => {
  cpSync(join(import.meta.dirname, 'fixtures/toy'), root, { recursive: true })
  upstream.listen(0)
  await Promise.all([once(upstream, 'listening'), build({ root })])
})

afterEach(async () => {
  await Promise.all(running.map((each) => each.stop(0)))
  running = []
})

afterAll(() => {
  upstream.close()
  rmSync(root, { recursive: true })
})

async function run(options: Partial<ServeOptions> = {}): Promise<Served> {
  const needs = { secrets: [], baseUrls: [] }
  const served = await serve({ root, port: 0, env: {}, needs, output: 'keep', ...options })
  running.push(served)
  return served
}

interface Shown {
  readonly env: Readonly<Record<string, unknown>>
  readonly headers: Readonly<Record<string, string>>
  readonly clientIp: string
}

async function shown({ url }: Served, headers: Record<string, string> = {}): Promise<Shown> {
  const response = await fetch(`${url}/show`, { headers })
  return (await response.json()) as Shown
}

describe('what the Worker gets', () => {
  it('has the named secrets, the settings and the variables, and nothing else', async () => {
    const served = await run({
      needs: { secrets: ['SET', 'EMPTY', 'UNSET', 'CLIENT_IP_SOURCE'], baseUrls: [] },
      env: { SET: 'sentinel', EMPTY: '', OTHER: 'no', CLIENT_IP_SOURCE: 'none', QUOTED: 'no' },
    })
    const { env } = await shown(served)
    expect(env).toMatchObject({
      SET: 'sentinel',
      EMPTY: null,
      UNSET: null,
      CLIENT_IP_SOURCE: 'workerd',
      OUTPOST_DOMAIN: 'in.the.file',
      OUTPOST_ADMIN_TOKEN: null,
      QUOTED: 'a "quoted" \\ back\nslash é',
      NESTED: { deep: [1, 2] },
    })
    expect(env).not.toHaveProperty('OTHER')
    expect(readFileSync(config, 'utf8')).not.toContain('sentinel')
  })

  it('has a setting of the environment over that of wrangler.toml', async () => {
    const { env } = await shown(await run({ env: { OUTPOST_DOMAIN: 'in.the.environment' } }))
    expect(env).toMatchObject({ OUTPOST_DOMAIN: 'in.the.environment' })
  })

  it('has the peer from the socket, and no header in which a client claims an address', async () => {
    const forged = {
      'cf-connecting-ip': '9.9.9.9',
      'CF-Connecting-IPv6': '::9',
      'true-client-ip': '9.9.9.9',
      'X-Real-IP': '9.9.9.9',
      'CF-Worker': 'other.example',
    }
    const { headers, clientIp } = await shown(await run(), {
      ...forged,
      'x-forwarded-for': '9.9.9.9',
    })
    expect(clientIp).toMatch(/^127\.0\.0\.1:\d+$/)
    expect(Object.keys(headers)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^cf-|^true-client|^x-real/)]),
    )
    expect(headers).toMatchObject({ 'x-forwarded-for': '9.9.9.9' })
  })

  it('gives back log lines as they were written', async () => {
    const served = await run()
    await fetch(`${served.url}/log?line=${encodeURIComponent('{"a":"b c"}')}`)
    await expect.poll(served.output).toBe('{"a":"b c"}\n')
  })
})

describe('where the Worker can go', () => {
  it.each([
    { names: [], calls: '127.0.0.1', status: 502 },
    { names: ['http://127.0.0.1:1/x'], calls: '127.0.0.1', status: 200 },
    { names: ['http://127.0.0.1:1/x'], calls: '127.0.0.2', status: 502 },
    { names: ['http://127.0.0.1:1/x'], calls: '[::1]', status: 502 },
    { names: ['http://localhost'], calls: '[::1]', status: 200 },
  ])('calls to $calls, providers name $names: $status', async ({ names, calls, status }) => {
    const served = await run({ needs: { secrets: [], baseUrls: names } })
    const url = encodeURIComponent(`http://${calls}:${upstreamPort()}/`)
    const response = await fetch(`${served.url}/fetch?url=${url}`)
    expect(response.status).toBe(status)
  })
})

describe('what a setting has the Worker call', () => {
  const APPROVAL_WEBHOOK_URL = 'http://127.0.0.1:1/hook'

  it.each([
    { setting: 'none', env: {}, status: 502 },
    { setting: 'a webhook of this machine', env: { APPROVAL_WEBHOOK_URL }, status: 200 },
    {
      setting: 'a webhook that is no URL',
      env: { APPROVAL_WEBHOOK_URL: '127.0.0.1' },
      status: 502,
    },
  ])('can be reached: $setting', async ({ env, status }) => {
    const served = await run({ env })
    const url = encodeURIComponent(`http://127.0.0.1:${upstreamPort()}/`)
    expect((await fetch(`${served.url}/fetch?url=${url}`)).status).toBe(status)
  })
})

describe('the data directory', () => {
  it('is for one at a time', async () => {
    await run()
    await expect(run()).rejects.toThrow(/is in use by another Outpost/)
  })

  it('keeps what objects stored when workerd is killed', async () => {
    const next = async ({ url }: Served) => (await fetch(`${url}/next`)).json()
    const first = await run()
    const before = Number(await next(first))
    process.kill(first.pid, 'SIGKILL')
    expect(await first.ended).toBe('SIGKILL')
    expect(await next(await run())).toBe(before + 1)
  })

  it('can be read by nobody else, and names objects as before a renaming', async () => {
    await run()
    const modes = [config, join(config, '..'), join(config, '../objects')].map(
      (path) => statSync(path).mode & 0o777,
    )
    expect(modes).toEqual([0o600, 0o700, 0o700])
    expect(readFileSync(config, 'utf8')).toContain('className = "Counter", uniqueKey = "Tally"')
  })
})

describe('starting and ending', () => {
  it('says that the port is taken', async () => {
    await expect(run({ port: upstreamPort() })).rejects.toThrow(
      `port ${upstreamPort()} on 127.0.0.1 is already in use`,
    )
    await run()
  })

  it('says that the host is not an address of this machine', async () => {
    await expect(run({ host: '192.0.2.1' })).rejects.toThrow('not an address of this machine')
  })

  it('says why the Worker did not start', async () => {
    const bundle = join(root, 'dist/worker.js')
    const good = readFileSync(bundle)
    writeFileSync(bundle, 'throw new Error("at start")')
    await expect(run()).rejects.toThrow(/did not start .*at start/s)
    writeFileSync(bundle, good)
  })

  it('says what the build complained of', async () => {
    writeFileSync(join(root, 'broken'), '')
    await expect(build({ root })).rejects.toThrow('broken on purpose')
    rmSync(join(root, 'broken'))
  })

  it('lets open calls finish', async () => {
    const served = await run()
    const response = await fetch(`${served.url}/slow`)
    const [body] = await Promise.all([response.text(), served.stop()])
    expect(body).toBe('one two three')
    expect(await served.ended).toBe('exit code 0')
  })

  it('lets what was left for later be done', async () => {
    const served = await run()
    await (await fetch(`${served.url}/later`)).text()
    await served.stop()
    expect(served.output()).toMatch(/^later \d+$/m)
    expect(await served.ended).toBe('exit code 0')
  })

  it('ends at once when that is asked for', async () => {
    const served = await run()
    await (await fetch(`${served.url}/later`)).text()
    await served.stop(100)
    expect(served.output()).not.toContain('later')
  })

  it('starts where one was killed', async () => {
    const served = await run()
    process.kill(served.pid, 'SIGKILL')
    await served.ended
    await (await run()).stop()
  })

  it.runIf(process.platform === 'linux')('ends workerd when the starter is killed', async () => {
    const pid = await startedAndKilled()
    await expect.poll(() => isAlive(pid), { timeout: 3000 }).toBe(false)
  })
})

/** The workerd of a process of its own that was killed as soon as it served. */
async function startedAndKilled(): Promise<number> {
  const library = join(import.meta.dirname, '../../scripts/serve.ts')
  const script = `
    const { serve } = await import(${JSON.stringify(library)})
    const needs = { secrets: [], baseUrls: [] }
    const { pid } = await serve({ root: ${JSON.stringify(root)}, port: 0, env: {}, needs })
    console.log(pid)`
  const starter = spawn(process.execPath, ['--input-type=module', '-e', script])
  const [printed] = (await once(starter.stdout, 'data')) as [Buffer]
  starter.kill('SIGKILL')
  await once(starter, 'exit')
  return Number(printed)
}

/** One that nobody waited for (Z) has ended. */
function isAlive(pid: number): boolean {
  try {
    return /^State:\t[^ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
