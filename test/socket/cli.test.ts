import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { ADMIN, outpost as command, start } from '../build/cli/run.ts'
import type { Ran } from '../build/cli/run.ts'
import { outpost } from './outpost.ts'

/** The real command line, a process each, against the real server. */

const at = outpost({ OUTPOST_ADMIN_TOKEN: ADMIN })
const url = () => `http://127.0.0.1:${at.port}`
const run = (...args: string[]) => command(args, { url: url() })

/** For its JSON. @throws when it ends with anything but 0. */
async function json<T>(...args: string[]): Promise<T> {
  const { code, out, err } = await run('--json', ...args)
  if (code !== 0) throw new Error(`${args.join(' ')}: ${code} ${err}`)
  return JSON.parse(out) as T
}

interface Made {
  readonly grant: { readonly id: string; readonly state: string; readonly expires_at: string }
  readonly token: string
}

/** Each test has a tenant of its own: the data of earlier files is still there. */
let number = 0
const newTenant = () => `cli-${process.pid}-${(number += 1)}`

function create(tenant: string, ...more: string[]): Promise<Made> {
  const who = ['--tenant', tenant, '--agent', 'bot', '--expires', '1h']
  return json('grant', 'create', ...who, '--provider', 'plain:write', ...more)
}

interface Called {
  readonly status: number
  readonly code: string
  readonly body: string
}

/** What an agent does with its token. */
async function call(
  token: string,
  method: 'GET' | 'POST',
  path: string,
  over: { readonly body?: string; readonly provider?: string } = {},
): Promise<Called> {
  const { body, provider = 'plain' } = over
  const headers = { 'x-outpost-auth': token, 'x-provider': provider, 'x-test-request-id': path }
  const sent = request(url() + path, { method, headers })
  sent.end(body)
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  const code = String(answer.headers['x-proxy-error'] ?? '')
  return { status: answer.statusCode ?? 0, code, body: await text(answer) }
}

const folder = mkdtempSync(join(tmpdir(), 'outpost-cli-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('a grant', () => {
  it('is made, used, listed, shown, renewed, rotated and revoked', async () => {
    const tenant = newTenant()
    const { grant, token } = await create(tenant, '--note', 'a note', '--max-calls', '50')
    expect(token).toMatch(/^op_[0-9A-Za-z]{43}$/)
    expect(await call(token, 'GET', '/echo/one')).toMatchObject({ status: 200 })
    expect(await call(token, 'POST', '/echo/two')).toMatchObject({ status: 200 })

    const [list, shown, renewed] = await Promise.all([
      run('grant', 'list', '--tenant', tenant),
      run('grant', 'show', grant.id),
      json<Made>('grant', 'renew', grant.id, '--expires', '30d'),
    ])
    expect(list.out).toContain(grant.id)
    expect(shown.out).toContain('a note')
    expect(list.out + shown.out).not.toContain(token)
    expect(Date.parse(renewed.grant.expires_at)).toBeGreaterThan(Date.now() + 29 * 86_400_000)

    const rotated = await json<Made>('grant', 'rotate', grant.id)
    expect(await call(token, 'POST', '/echo/three')).toMatchObject({ status: 403 })
    expect(await call(rotated.token, 'POST', '/echo/four')).toMatchObject({ status: 200 })

    const revoked = await json<Made>('grant', 'revoke', grant.id)
    expect(revoked.grant.state).toBe('revoked')
    expect(await call(rotated.token, 'POST', '/echo/five')).toMatchObject({ status: 403 })
    const paths = ['/echo/three', '/echo/five'].flatMap((path) => at.upstream.seen(path))
    expect(paths).toEqual([])
  })

  it('that is not there is exit code 5', async () => {
    expect(await run('grant', 'show', 'gr_aaaaaaAAAAAAAAAAAAAAAAAAAA')).toMatchObject({ code: 5 })
  })
})

describe('an approval', () => {
  it('is asked for, listed, given and used once; or denied', async () => {
    const tenant = newTenant()
    const { token } = await create(tenant, '--approval', 'sensitive', '--note', 'release')
    const send = (body: string) => call(token, 'POST', `/echo/${tenant}`, { body })
    const wanted = async (body: string) => {
      const { status, code, body: said } = await send(body)
      expect({ status, code }).toEqual({ status: 403, code: 'PROXY_APPROVAL_REQUIRED' })
      return /"approval_id":"([^"]+)"/.exec(said)?.[1] ?? ''
    }
    const [yes, no] = [await wanted('{"n":1}'), await wanted('{"n":2}')]
    expect(yes).not.toBe(no)
    const waiting = await run('approvals', '--tenant', tenant)
    expect(waiting.out).toContain(yes)
    expect(waiting.out).toContain(no)
    expect(waiting.out).toContain('release')

    const decided = await Promise.all([run('approve', yes), run('deny', no)])
    expect(decided.map(({ code }) => code)).toEqual([0, 0])
    expect(await send('{"n":1}')).toMatchObject({ status: 200 })
    expect(await send('{"n":2}')).toMatchObject({ status: 403, code: 'PROXY_GRANT_DENIED' })
    expect(await wanted('{"n":1}')).not.toBe(yes)
    expect(at.upstream.seen(`/echo/${tenant}`)).toHaveLength(1)
    expect(await run('approve', no)).toMatchObject({ code: 1 })
  })
})

describe('the audit', () => {
  const tenant = newTenant()
  const read = `/echo/read/${tenant}`
  const written = `/echo/write/${tenant}`
  let token = ''

  beforeAll(async () => {
    ;({ token } = await create(tenant))
    await Promise.all([call(token, 'GET', read), call(token, 'POST', written)])
    await delay(1300) // until they are recorded
  })

  it('shows what was done, to people and to programs', async () => {
    const [table, events] = await Promise.all([
      run('audit', '--tenant', tenant),
      json<{ events: { kind: string; path?: string }[] }>('audit', '--tenant', tenant),
    ])
    for (const each of [read, written, 'grant.created']) expect(table.out).toContain(each)
    expect(events.events.map(({ kind }) => kind).toSorted()).toEqual(['call', 'closed', 'control'])
    expect(table.out).not.toContain(token)
  })

  it('goes on with what comes', async () => {
    const going = start(['audit', '--tenant', tenant, '--follow'], { url: url() })
    await going.until(read)
    await call(token, 'POST', `/echo/followed/${tenant}`)
    await going.until(`/echo/followed/${tenant}`)
    going.child.kill('SIGINT')
    expect(await going.ended).toMatchObject({ code: 0 })
  })

  it('is verified by the server, and by anybody who has the export', async () => {
    const file = join(folder, 'chain.ndjson')
    const [verified, exported] = await Promise.all([
      run('audit', '--tenant', tenant, '--verify'),
      run('audit', '--tenant', tenant, '--export', file),
    ])
    expect(verified).toMatchObject({ code: 0 })
    expect(verified.out).toMatch(/^ok: /)
    expect(exported).toMatchObject({ code: 0 })
    expect(await verifyAudit(file, tenant)).toMatchObject({ code: 0 })

    const forged = join(folder, 'forged.ndjson')
    writeFileSync(forged, readFileSync(file, 'utf8').replace(read, `${read.slice(0, -1)}x`))
    const { code, out } = await verifyAudit(forged, tenant)
    expect(code).toBe(1)
    expect(out).toContain('not what was recorded')
  })
})

async function verifyAudit(file: string, tenant: string): Promise<Ran> {
  const script = join(import.meta.dirname, '../../scripts/verify-audit.ts')
  const child = spawn(process.execPath, [script, file, '--tenant', tenant])
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
  if (child.exitCode === null) await once(child, 'close')
  return { code: child.exitCode, out, err }
}

describe('the kill switch', () => {
  it('stops a tenant', async () => {
    const tenant = newTenant()
    const { token } = await create(tenant)
    const note = `incident ${tenant}`
    const paused = await run('pause', '--tenant', tenant, '--note', note)
    expect(paused).toMatchObject({ code: 0 })
    expect(await call(token, 'POST', '/echo/paused')).toMatchObject({ code: 'PROXY_PAUSED' })
    expect(at.upstream.seen('/echo/paused')).toEqual([])
    expect((await run('status')).out).toContain(note)
    expect((await run('resume', '--tenant', tenant)).out).not.toContain(note)
  })

  it('that is taken back stops nobody', async () => {
    const tenant = newTenant()
    const { token } = await create(tenant)
    for (const what of ['pause', 'resume']) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await run(what, '--tenant', tenant)).toMatchObject({ code: 0 })
    }
    expect(await call(token, 'POST', '/echo/resumed')).toMatchObject({ status: 200 })
  })
})

describe('simulate', () => {
  it('says what would become of a call, and sends nothing', async () => {
    const { grant } = await create(newTenant())
    const of = (method: string, path: string) =>
      run('simulate', method, path, '--grant', grant.id, '--host', 'local', '--provider', 'plain')
    const [allowed, denied] = await Promise.all([
      of('POST', '/echo/simulated'),
      of('GET', '/admin/x'),
    ])
    expect(allowed).toMatchObject({ code: 0, out: expect.stringMatching(/^ALLOW/) as string })
    expect(denied).toMatchObject({ code: 1, out: expect.stringMatching(/^DENY /) as string })
    expect(at.upstream.seen('/echo/simulated')).toEqual([])
  })
})

describe('a stored token', () => {
  it('is set, used, deleted, and never shown', async () => {
    const { token } = await create(newTenant(), '--provider', 'stored')
    const key = 'stored:token/one'
    const secret = 'sentinel-stored-token-77e0'
    const set = await command(['token', 'set', key], { url: url(), input: `${secret}\n` })
    expect(set).toMatchObject({ code: 0 })
    const answer = await call(token, 'GET', '/echo/stored', { provider: 'stored' })
    expect(answer).toMatchObject({ status: 200 })
    const [received] = at.upstream.seen('/echo/stored')
    const sent = received?.headers.find(([name]) => name.toLowerCase() === 'authorization')
    expect(sent?.[1]).toBe(`Bearer ${secret}`)
    const deleted = await run('token', 'delete', key)
    expect(deleted).toMatchObject({ code: 0 })
    expect(JSON.stringify([set, deleted, answer])).not.toContain(secret)
    expect(await run('token', 'set', 'no:such/key', '--file', '/dev/null')).not.toMatchObject({
      code: 0,
    })
  })
})

describe('status', () => {
  it('has the tenants and what they hold', async () => {
    const tenant = newTenant()
    await create(tenant)
    const { out } = await run('status')
    expect(out).toMatch(new RegExp(`${tenant} +1 active, 0 expired, 0 revoked`))
  })
})
