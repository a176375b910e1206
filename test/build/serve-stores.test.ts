import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { standIns } from './stand-ins.ts'
import type { StandIns } from './stand-ins.ts'

/** Each builds the Worker anew, on a machine that may have other things to do. */
vi.setConfig({ testTimeout: 90_000, hookTimeout: 120_000 })

const CHECKOUT = resolve(import.meta.dirname, '../..')
const base = mkdtempSync(join(tmpdir(), 'outpost-dev-'))
const root = join(base, 'checkout')

/** Of this run alone, since all processes of the machine are looked at. */
const secret = (what: string) => `sentinel-${what}-${randomBytes(8).toString('hex')}`
const KEY = secret('key')
const ADMIN = secret('admin')
const HOST = secret('host')

const received: string[] = []
const upstream = createServer((request, response) => {
  received.push(request.headers.authorization ?? 'none')
  response.end('upstream')
})

let stand: StandIns
let running: ChildProcess | null = null

beforeAll(async () => {
  await once(upstream.listen(0, '127.0.0.1'), 'listening')
  const { port } = upstream.address() as AddressInfo
  const own = ['src', 'scripts', 'wrangler.toml', 'package.json', 'tsconfig.json']
  for (const each of own) cpSync(join(CHECKOUT, each), join(root, each), { recursive: true })
  symlinkSync(join(CHECKOUT, 'node_modules'), join(root, 'node_modules'))
  mkdirSync(join(root, 'providers'))
  const provider = (name: string, env: string) =>
    `name: ${name}\nbase_url: http://127.0.0.1:${port}\nauth: { type: bearer_static, env: ${env} }\n`
  writeFileSync(join(root, 'providers/one.yaml'), provider('one', 'ONE_KEY'))
  writeFileSync(join(root, 'providers/two.yaml'), provider('two', 'TWO_KEY'))
  writeFileSync(
    join(root, 'hosts.yaml'),
    'hosts: [{ id: here, cidrs: [127.0.0.1], auth_token_env: HERE_KEY }]\n',
  )
  stand = standIns(join(base, 'bin'))
  const item = `case "$*" in *one*) echo ${KEY};; *admin*) printf ${ADMIN};; *) exit 1;; esac`
  stand.add('op', `echo "debug: ${KEY}" >&2; ${item}`)
  stand.add('pass', `printf '${HOST}\\nnote: x\\n'`)
  stand.add('security', `echo ${KEY} >&2; exit 44`)
})

async function stop(): Promise<void> {
  const child = running
  running = null
  if (!child || child.exitCode !== null) return
  child.kill('SIGTERM')
  await once(child, 'close')
}

afterAll(async () => {
  await stop()
  upstream.close()
  rmSync(base, { recursive: true })
})

interface Started {
  readonly url: string
  readonly pid: number
  /** What it has said so far, in both places. */
  readonly said: () => string
}

const REFERENCES =
  'ONE_KEY: op://Private/one/token\nTWO_KEY: keychain://two\n' +
  'HERE_KEY: pass://outpost/here\nOUTPOST_ADMIN_TOKEN: op://Private/admin/token\n'

/** `npx outpost dev` until it serves, or says why not. */
async function dev(
  references: string,
  env: Readonly<Record<string, string>> = {},
  more: readonly string[] = [],
) {
  writeFileSync(join(root, 'workstation.yaml'), references)
  writeFileSync(
    join(root, '.dev.vars'),
    'TWO_KEY=of-the-env-file\nONE_KEY=of-the-env-file\nOUTPOST_MASTER_KEY=of-the-env-file\n',
    { mode: 0o600 },
  )
  const args = [join(root, 'scripts/outpost.js'), 'dev', '--port', '0', '--no-demo', ...more]
  const child = spawn(process.execPath, args, { cwd: root, env: { PATH: stand.path, ...env } })
  running = child
  let said = ''
  for (const each of [child.stdout, child.stderr]) {
    each.setEncoding('utf8').on('data', (text: string) => (said += text))
  }
  const found = () => /Outpost answers on (\S+)[^]*\n$/.exec(said)?.[1]
  while ((found() ?? child.exitCode) === null) await delay(50)
  return { url: found() ?? '', pid: child.pid ?? 0, code: child.exitCode, said: () => said }
}

const outpost = async (args: readonly string[], cwd: string, env: Record<string, string> = {}) => {
  const child = spawn(process.execPath, [join(root, 'scripts/outpost.js'), ...args], {
    cwd,
    env: { PATH: stand.path, ...env },
  })
  let said = ''
  for (const each of [child.stdout, child.stderr]) {
    each.setEncoding('utf8').on('data', (text: string) => (said += text))
  }
  await once(child, 'close')
  return { code: child.exitCode, said }
}

function files(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile() && !each.parentPath.includes('node_modules'))
    .map(({ parentPath, name }) => join(parentPath, name))
}

/** Of every process that can be seen: those in whose `cmdline` or `environ` the text stands. */
function processesWith(text: string, what: 'cmdline' | 'environ'): readonly string[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/${what}`, 'latin1').includes(text)
    } catch {
      return false // ended, or another user's
    }
  })
}

const call = ({ url }: Pick<Started, 'url'>, provider: string) =>
  fetch(`${url}/p/${provider}/x`, { headers: { 'x-outpost-auth': HOST } })

describe('outpost dev', () => {
  let server: Started

  beforeAll(async () => {
    server = await dev(REFERENCES)
  })
  afterAll(stop)

  it('has the Worker use what stores of this machine keep, and nobody else see it', async () => {
    expect((await call(server, 'one')).status).toBe(200)
    expect(received).toEqual([`Bearer ${KEY}`])
    // Not the value of the env file: the reference says that it is kept elsewhere.
    expect((await call(server, 'two')).status).toBe(502)

    expect(server.said()).toContain(
      [
        'outpost: from 1Password, by workstation.yaml: ONE_KEY, OUTPOST_ADMIN_TOKEN',
        'outpost: from pass, by workstation.yaml: HERE_KEY',
        'outpost: from .dev.vars: OUTPOST_MASTER_KEY',
        'outpost: TWO_KEY is not set: keychain://two: Keychain has no such item: look at its name, or make it',
        '',
      ].join('\n'),
    )
    expect(server.said()).toContain('not ready: provider two, TWO_KEY not set')
    expect(server.said()).toContain('export HERE_KEY="$(pass show -- outpost/here | head -n 1)"\n')

    const line = /^export HERE_KEY=.*$/m.exec(server.said())?.[0]
    const shown = execFileSync('sh', ['-c', `${line}; printf %s "$HERE_KEY"`], {
      env: { PATH: stand.path },
      encoding: 'utf8',
    })
    expect(shown).toBe(HOST)

    for (const each of [KEY, ADMIN, HOST]) {
      expect(files(root).filter((file) => readFileSync(file, 'latin1').includes(each))).toEqual([])
      expect(server.said()).not.toContain(each)
      if (process.platform !== 'linux') continue
      expect(processesWith(each, 'cmdline')).toEqual([])
      const names = processesWith(each, 'environ').map((pid) =>
        readFileSync(`/proc/${pid}/comm`, 'utf8').trim(),
      )
      expect(names).toEqual(['workerd'])
    }
    expect(stand.runs().toSorted()).toEqual([
      'op <read> <--no-newline> <op://Private/admin/token>',
      'op <read> <--no-newline> <op://Private/one/token>',
      'pass <show> <--> <outpost/here>',
      'pass <show> <--> <outpost/here>',
      'security <find-generic-password> <-s> <two> <-w>',
    ])
  })

  it("has the command line find the operator's token in the same place", async () => {
    const url = ['--url', server.url]
    expect(await outpost([...url, 'status'], root)).toMatchObject({ code: 0 })
    // A folder in which somebody else may have written.
    const elsewhere = join(base, 'elsewhere')
    mkdirSync(elsewhere)
    writeFileSync(
      join(elsewhere, 'workstation.yaml'),
      'OUTPOST_ADMIN_TOKEN: op://Private/one/token\n',
    )
    expect(await outpost([...url, 'status'], elsewhere)).toMatchObject({ code: 0 })
    // What is set in the environment counts, and is not asked for.
    const before = stand.runs().length
    const wrong = { OUTPOST_ADMIN_TOKEN: 'wrong' }
    expect(await outpost([...url, 'status'], root, wrong)).toMatchObject({ code: 4 })
    expect(await outpost(['--url', 'https://192.0.2.1', 'status'], root)).toMatchObject({
      code: 4,
      said: expect.stringContaining("no operator's token: set OUTPOST_ADMIN_TOKEN"),
    })
    expect(stand.runs()).toHaveLength(before)

    writeFileSync(join(root, 'workstation.yaml'), 'OUTPOST_ADMIN_TOKEN: keychain://none\n')
    const refused = await outpost([...url, 'status'], root)
    expect(refused.code).toBe(4)
    expect(refused.said).toBe(
      "outpost: no operator's token: keychain://none: Keychain has no such item: look at its name, or make it\n",
    )
  })
})

describe('outpost dev, when something is in the wrong place', () => {
  /** [what is wrong, workstation.yaml, the environment, exit code, what is said, options] */
  it.each([
    [
      'a value in the file of references',
      `ONE_KEY: ${KEY}\n`,
      {},
      1,
      'workstation.yaml:1:10  ONE_KEY: expected a reference',
      [],
    ],
    [
      'a reference in the environment',
      '',
      { ONE_KEY: 'op://Private/one/token' },
      2,
      'ONE_KEY in the environment is a reference to a store',
      [],
    ],
    [
      'the URI of a secret in the environment',
      '',
      { ONE_KEY: 'vault://kv/one#token' },
      2,
      'ONE_KEY in the environment is the URI of a secret, no value: write it into the provider',
      [],
    ],
    [
      'one there, when the file is not to be read',
      `ONE_KEY: ${KEY}\n`,
      { ONE_KEY: 'op://Private/one/token' },
      2,
      'ONE_KEY in the environment is a reference to a store',
      ['--no-workstation'],
    ],
    ['a file that is not there', '', {}, 2, 'there is no file', ['--workstation', 'none.yaml']],
  ])(
    'does not start with %s, and asks nobody',
    async (_what, references, env, code, sentence, options) => {
      const before = stand.runs().length
      const ended = await dev(references, env, options)
      expect(ended.code).toBe(code)
      expect(ended.said()).toContain(sentence)
      expect(ended.said()).not.toContain('sentinel')
      expect(stand.runs()).toHaveLength(before)
    },
  )
})

it('is a name of its own only where it comes first', async () => {
  expect(await outpost(['--json', 'dev'], root)).toMatchObject({ code: 2 })
  expect(await outpost(['--help'], root)).toMatchObject({
    code: 0,
    said: expect.stringContaining('dev '),
  })
})
