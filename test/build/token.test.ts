import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
const KEY = 'upstox:token/ä'

/** What a KV binding talks to. It is plain JavaScript, since workerd runs it as it is. */
const service = (await import(pathToFileURL(join(ROOT, 'scripts/workerd/kv-service.js')).href)) as {
  default: { fetch: (request: Request, env: unknown) => Promise<Response> }
}

let data: string

beforeEach(() => (data = mkdtempSync(join(tmpdir(), 'outpost-'))))
afterEach(() => rmSync(data, { recursive: true }))

function token(args: readonly string[], input = '') {
  const script = join(ROOT, 'scripts/token.ts')
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [script, ...args, '--data', data],
    {
      input,
      encoding: 'utf8',
    },
  )
  return { status, stdout, stderr }
}

const folder = (): string => join(data, 'kv/TOKENS')
const files = (): string[] => readdirSync(folder())

/** The folder as workerd's `disk` service shows it, for reading. */
const FILES = {
  fetch: (url: string) => {
    const name = new URL(url).pathname.slice(1)
    const found = files().includes(name) ? readFileSync(join(folder(), name), 'utf8') : null
    return Promise.resolve(new Response(found, { status: found === null ? 404 : 200 }))
  },
}

async function stored(key: string, init?: RequestInit): Promise<[number, string]> {
  const request = new Request(`http://kv/${encodeURIComponent(key)}?urlencoded=true`, init)
  const response = await service.default.fetch(request, { FILES })
  return [response.status, await response.text()]
}

describe('npm run token', () => {
  it('puts a token where the Worker finds it', async () => {
    expect(token(['set', KEY], ' sentinel-one\n').status).toBe(0)
    expect(await stored(KEY)).toEqual([200, 'sentinel-one'])
    expect(token(['set', KEY], 'sentinel-two').status).toBe(0)
    expect(await stored(KEY)).toEqual([200, 'sentinel-two'])
    expect(await stored(KEY.toUpperCase())).toEqual([404, ''])
  })

  it('writes it for this user alone, and says nothing of it', () => {
    const { stderr } = token(['set', KEY], 'sentinel-one')
    expect(stderr).toBe(`outpost: ${KEY} is set\n`)
    expect(files()).toHaveLength(1)
    expect(statSync(join(folder(), files()[0] ?? '')).mode & 0o777).toBe(0o600)
  })

  it('takes it out again, and does not mind when there is none', async () => {
    token(['set', KEY], 'sentinel-one')
    expect([token(['delete', KEY]).status, token(['delete', KEY]).status]).toEqual([0, 0])
    expect(await stored(KEY)).toEqual([404, ''])
  })

  it('says how it is used', () => {
    const { status, stdout, stderr } = token(['--help'])
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^Usage: npm run token/)
  })

  it.each([
    ['no input', ['set', KEY], 1, /standard input is empty/],
    ['no key', ['set'], 2, /^outpost: Usage/],
    ['a token as an argument', ['set', KEY, 'sentinel'], 2, /^outpost: Usage/],
    ['another command', ['get', KEY], 2, /^outpost: Usage/],
  ])('refuses %s', (_, args, status, said) => {
    const found = token(args)
    expect(found.status).toBe(status)
    expect(found.stderr).toMatch(said)
    expect(found.stderr).not.toContain('sentinel')
  })
})

describe('what is not kept is refused', () => {
  it.each([
    ['a lifetime', '?expiration_ttl=60', 501],
    ['a moment', '?expiration=1900000000', 501],
  ])('%s', async (_, query, status) => {
    const request = new Request(`http://kv/k${query}`, { method: 'PUT', body: 'x' })
    expect((await service.default.fetch(request, { FILES })).status).toBe(status)
  })

  it('a list', async () => {
    expect((await stored(''))[0]).toBe(501)
  })
})
