import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, it } from 'vitest'

import { greeting } from '../../scripts/greeting.ts'
import type { Started } from '../../scripts/greeting.ts'
import type { Catalog, Host, Provider } from '../../src/catalog.ts'

const folder = mkdtempSync(join(tmpdir(), "outpost's "))
const envFile = join(folder, '.dev.vars')

beforeAll(() => writeFileSync(envFile, '# comment\nLOCAL=sentinel\nQUOTED="sentinel"\n'))
afterAll(() => rmSync(folder, { recursive: true }))

function provider(name: string, ...secrets: string[]): [string, Provider] {
  const credential = { secrets: [...secrets.map((env) => ({ env })), { value: 'literal' }] }
  return [name, { name, credential } as unknown as Provider]
}

function host(id: string, auth_token_env: string | null): Host {
  return { id, auth_token_env } as unknown as Host
}

function said(changes: Partial<Started> = {}, key: string | null = 'LOCAL'): string {
  const catalog: Catalog = {
    providers: new Map([provider('demo', 'DEMO'), provider('two', 'A', 'B'), provider('open')]),
    hosts: [host('local', key), host('fleet', 'FLEET'), host('anyone', null)],
    plugins: new Map(),
  }
  const env = { DEMO: 'sentinel', LOCAL: 'sentinel', QUOTED: 'sentinel', A: 'sentinel' }
  const url = 'http://127.0.0.1:8788'
  return greeting({ catalog, env, envFile, url, peers: ['127.0.0.1/32'], demo: true, ...changes })
}

it('says what is ready, and which variables are missing for the rest', () => {
  const lines = said().split('\n')
  expect(lines.slice(0, 5)).toEqual([
    'Outpost answers on http://127.0.0.1:8788',
    'providers: demo, open',
    'not ready: provider two, B not set: calls to it fail with 502',
    'not ready: host fleet, FLEET not set: its calls are refused with 401',
    'not ready: control plane, OUTPOST_ADMIN_TOKEN not set: /_outpost/ stays closed',
  ])
})

it('never says a secret', () => {
  expect(said()).not.toContain('sentinel')
  expect(said({}, 'QUOTED')).not.toContain('sentinel')
})

it('names private addresses that are not loopback', () => {
  expect(said()).not.toContain('private addresses')
  expect(said({ peers: ['127.0.0.1/32', '10.1.2.3/32'] })).toContain('name: 10.1.2.3/32\n')
})

it('gives a line that loads the key into a shell, whatever the path', () => {
  const line =
    said()
      .split('\n')
      .find((each) => each.startsWith('export ')) ?? ''
  const printed = execFileSync('sh', ['-c', `${line}; echo "$LOCAL"`], { encoding: 'utf8' })
  expect(printed).toBe('sentinel\n')
})

it.each([
  { why: 'no demo upstream', changes: { demo: false }, calls: 0 },
  { why: 'another address', changes: { url: 'http://10.0.0.1:1' }, calls: 0 },
  { why: 'loopback', changes: {}, calls: 3 },
])('gives $calls calls to copy: $why', ({ changes, calls }) => {
  expect(said(changes).match(/^curl /gm) ?? []).toHaveLength(calls)
})

it('sends no key when the host asks for none, and quotes what zsh would expand', () => {
  const text = said({ url: 'http://[::1]:1' }, null)
  expect(text).not.toContain('X-Outpost-Auth')
  expect(text).toContain("'http://[::1]:1/hello'")
})
