import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'

import { afterAll, beforeAll, expect, it } from 'vitest'

import { clientsOutpost } from './outpost.ts'

const run = promisify(execFile)

const NPM_TOKEN = 'npm_sentinel7f31c9a04b'
const at = clientsOutpost({ NPM_TOKEN })
const home = mkdtempSync(join(tmpdir(), 'outpost-npm-'))

/** Nothing of the person's who runs the tests: no settings, no cache. */
async function npm(cwd: string, ...args: readonly string[]): Promise<string> {
  const env = {
    PATH: process.env['PATH'],
    HOME: home,
    // Where it has been before, npm does not ask again.
    npm_config_cache: join(cwd, 'cache'),
    npm_config_userconfig: join(home, '.npmrc'),
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_update_notifier: 'false',
    npm_config_fetch_retries: '0',
  }
  const { stdout } = await run('npm', args, { cwd, env })
  return stdout
}

const WIDGET = { name: '@acme/widget', version: '1.0.0', description: 'of the test' }

interface Seen {
  readonly method: string
  readonly url: string
  readonly authorization: string | undefined
}

const seen: Seen[] = []
let tarball = Buffer.alloc(0)
let published: unknown
let server: Server | undefined

beforeAll(async () => {
  const folder = join(home, 'widget')
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), JSON.stringify(WIDGET))
  await npm(folder, 'pack', '--silent')
  tarball = readFileSync(join(folder, 'acme-widget-1.0.0.tgz'))
  server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((done) => {
    server?.listen(at.port('npm'), '127.0.0.1', done)
  })
})

afterAll(() => {
  server?.close()
  rmSync(home, { recursive: true, force: true })
})

/** https://github.com/npm/registry/blob/main/docs/REGISTRY-API.md */
async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = '', url = '', headers } = request
  seen.push({ method, url, authorization: headers.authorization })
  if (headers.authorization !== `Bearer ${NPM_TOKEN}`) {
    response.writeHead(401).end('{}')
  } else if (method === 'PUT') {
    published = await json(request)
    response.writeHead(201).end('{"ok":true}')
  } else if (url.endsWith('.tgz')) {
    response.setHeader('content-type', 'application/octet-stream')
    response.end(tarball)
  } else if (url.toLowerCase() === '/registry/@acme%2fwidget') {
    response.setHeader('content-type', 'application/vnd.npm.install-v1+json')
    response.setHeader('content-encoding', 'gzip')
    response.end(gzipSync(JSON.stringify(packument())))
  } else {
    response.writeHead(404).end('{"error":"not_found"}')
  }
}

function packument() {
  const base = `http://127.0.0.1:${at.port('npm')}/registry`
  const dist = {
    tarball: `${base}/@acme/widget/-/widget-1.0.0.tgz`,
    integrity: `sha512-${createHash('sha512').update(tarball).digest('base64')}`,
    shasum: createHash('sha1').update(tarball).digest('hex'),
  }
  return {
    name: WIDGET.name,
    'dist-tags': { latest: '1.0.0' },
    versions: { '1.0.0': { ...WIDGET, dist } },
  }
}

/** A project whose registry is the proxy, with a grant where the registry's token would be. */
async function project(): Promise<{ readonly folder: string; readonly token: string }> {
  const token = await at.grant('npm')
  const registry = `${at.url}/p/npm/`
  const lines = [`registry=${registry}`, `${registry.replace(/^http:/, '')}:_authToken=${token}`]
  const folder = mkdtempSync(join(home, 'project-'))
  writeFileSync(join(folder, '.npmrc'), lines.join('\n'))
  writeFileSync(join(folder, 'package.json'), '{"name":"tests","version":"1.0.0"}')
  seen.length = 0
  return { folder, token }
}

it('npm view shows a scoped package, with the tarball at the proxy', async () => {
  const { folder } = await project()
  const shown = await npm(folder, 'view', '@acme/widget', 'dist.tarball')
  expect(shown.trim()).toBe(`${at.url}/p/npm/@acme/widget/-/widget-1.0.0.tgz`)
  expect(seen.map(({ url }) => url)).toEqual(['/registry/@acme%2fwidget'])
})

it('npm install gets it through the proxy, which has the token', async () => {
  const { folder, token } = await project()
  await npm(folder, 'install', '@acme/widget')
  const installed = readFileSync(join(folder, 'node_modules/@acme/widget/package.json'), 'utf8')
  expect(JSON.parse(installed)).toEqual(WIDGET)
  expect(seen.map(({ url }) => url)).toEqual([
    '/registry/@acme%2fwidget',
    '/registry/@acme/widget/-/widget-1.0.0.tgz',
  ])
  expect(new Set(seen.map(({ authorization }) => authorization))).toEqual(
    new Set([`Bearer ${NPM_TOKEN}`]),
  )
  const lock = readFileSync(join(folder, 'package-lock.json'), 'utf8')
  expect(lock).toContain(`${at.url}/p/npm/@acme/widget/-/widget-1.0.0.tgz`)
  expect(lock).not.toContain(token)
  await expect.poll(async () => JSON.stringify(await at.audit())).toContain('/@acme%2fwidget')
})

it('npm publish is a write', async () => {
  const { folder } = await project()
  const reader = await at.grant({ provider: 'npm', access: 'read' })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ ...WIDGET, version: '1.0.1' }))
  await npm(folder, 'publish', '--access', 'public')
  expect(published).toMatchObject({ _id: '@acme/widget' })
  const rc = readFileSync(join(folder, '.npmrc'), 'utf8')
  writeFileSync(join(folder, '.npmrc'), rc.replace(/op_\w+/, reader))
  await expect(npm(folder, 'publish', '--access', 'public')).rejects.toThrow(/E403/)
})
