import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'

import type { SourceStanding } from '../../src/sources/status.ts'
import { ELSEWHERE, OPERATORS, SECRETS } from '../fixtures/secrets.ts'
import { ENCODERS } from '../scrub/encoders.ts'
import { call, expectRefusal, FROM, only, values } from './call.ts'
import { logged } from './logged.ts'

const { changing } = env['BACKENDS']

/** What the Vault has from now on: a value, or the status that a read gets. */
async function set(kept: Record<string, string | number>): Promise<void> {
  const init = { method: 'PUT', body: JSON.stringify(kept) }
  expect((await fetch(`${changing}/_set`, init)).status).toBe(200)
}

/** What the Vault was asked for, since the last time. */
async function seen(): Promise<readonly string[]> {
  const asked: readonly string[] = await (await fetch(`${changing}/_seen`)).json()
  return asked.filter((each) => each.startsWith('GET'))
}

/** The memory of an isolate of its own. */
const isolate = (over: Record<string, unknown> = {}): Cloudflare.Env => ({ ...env, ...over })

async function standing(of: Cloudflare.Env): Promise<SourceStanding & { problems: string[] }> {
  const headers = { authorization: `Bearer ${OPERATORS.OUTPOST_VIEWER_TOKEN}` }
  const { text } = await call('/_outpost/status', { headers, isolate: of })
  return JSON.parse(text)
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return new Uint8Array(digest).toHex()
}

const KEPT = 'vault://kv/kept#key'
const mirrored = isolate()

describe('a secret that is kept in a Vault', () => {
  it('is read once for fifty first calls at once, and reaches the upstream alone', async () => {
    await set({ 'kv/data/kept#key': ELSEWHERE.vault })
    await seen()
    const here = isolate()
    const asking = { provider: 'kept', isolate: here }
    const answers = await Promise.all(Array.from({ length: 50 }, () => call('/echo', asking)))
    for (const answer of answers) {
      expect(answer.status).toBe(200)
      expect(values(only(answer), 'authorization')).toEqual([`Bearer ${ELSEWHERE.vault}`])
    }
    expect(await seen()).toEqual(['GET /v1/kv/data/kept'])
    const { sources } = await standing(here)
    expect(sources.find(({ secret }) => secret === KEPT)).toMatchObject({
      providers: ['kept'],
      missing_settings: [],
      state: 'fresh',
      failure: null,
    })
  })

  it.each(Object.keys(ENCODERS).filter((name) => !name.startsWith('UTF-16')))(
    'is taken out of an answer that repeats it: %s',
    async (as) => {
      await set({ 'kv/data/kept#key': ELSEWHERE.vault })
      const path = `/mirror?as=${encodeURIComponent(as)}`
      const { status, text } = await call(path, { provider: 'kept', isolate: mirrored })
      expect([status, text]).toEqual([200, '{"you":"sent [redacted]"}'])
    },
  )

  it('is not read for a stranger, nor for the status', async () => {
    await seen()
    const here = isolate()
    const asking = { provider: 'kept', isolate: here, from: FROM.stranger }
    expectRefusal(await call('/echo', asking), 403, 'PROXY_HOST_DENIED')
    const { sources } = await standing(here)
    expect(sources.map(({ state }) => state)).toEqual(['unread', 'unread', 'unread'])
    expect(await seen()).toEqual([])
  })

  it('that was rotated there is read anew when the upstream rejects it', async () => {
    await set({ 'kv/data/kept#key': ELSEWHERE.vault })
    const here = isolate()
    expect((await call('/echo', { provider: 'kept', isolate: here })).status).toBe(200)
    await set({ 'kv/data/kept#key': ELSEWHERE.later })
    // A value that was read just now is not read anew.
    await new Promise((resolve) => setTimeout(resolve, 5100))
    const path = `/only/${await sha256(`Bearer ${ELSEWHERE.later}`)}`
    const answer = await call(path, { provider: 'kept', isolate: here })
    expect(answer.status).toBe(200)
    expect(answer.seen.map((each) => values(each, 'authorization'))).toEqual([
      [`Bearer ${ELSEWHERE.vault}`],
      [`Bearer ${ELSEWHERE.later}`],
    ])
  })

  it('is used when the Vault is out of order, and gone when that says no', async () => {
    await set({ 'kv/data/down#key': ELSEWHERE.vault })
    const here = isolate({ SECRET_CACHE_SECONDS: '1' })
    const ask = () => call('/echo', { provider: 'down', isolate: here })
    const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
    expect((await ask()).status).toBe(200)
    await set({ 'kv/data/down#key': 503 })
    await wait(1100)
    expect((await ask()).status).toBe(200)
    const { sources, problems } = await standing(here)
    expect(sources.find(({ providers }) => providers.includes('down'))).toMatchObject({
      state: 'stale',
      failure: 'busy',
    })
    expect(problems.join('\n')).toMatch(
      /down: vault:\/\/kv\/down#key could not be read at .* \(busy\): the last value is used/,
    )
    expect(logged.join('\n')).toContain('secret vault://kv/down#key cannot be read (busy)')
    await set({ 'kv/data/down#key': 403 })
    // After the rest that follows a failure.
    await wait(5100)
    const refused = await ask()
    expectRefusal(refused, 502, 'PROXY_AUTH_ERROR')
    expect(refused.seen).toEqual([])
    await seen()
    expectRefusal(await ask(), 502, 'PROXY_AUTH_ERROR')
    expect(await seen()).toEqual([])
  })

  it('without its settings: the status names them, and the Vault is not asked', async () => {
    await seen()
    const here = isolate({ VAULT_TOKEN: '' })
    expectRefusal(await call('/echo', { provider: 'kept', isolate: here }), 502, 'PROXY_AUTH_ERROR')
    expect(await seen()).toEqual([])
    const { problems } = await standing(here)
    expect(problems).toContain('kept: VAULT_TOKEN is not set: its calls get 502 PROXY_AUTH_ERROR')
    expect(problems.join('\n')).not.toContain(KEPT)
  })

  it('with a setting that cannot be used: the status has the problem, the log the setting', async () => {
    const here = isolate({ VAULT_ADDR: 'localhost:8200' })
    expectRefusal(await call('/echo', { provider: 'kept', isolate: here }), 502, 'PROXY_AUTH_ERROR')
    const { problems } = await standing(here)
    expect(problems.join('\n')).toMatch(
      /kept: vault:\/\/kv\/kept#key could not be read at .* \(unconfigured\): calls get 502/,
    )
    expect(logged.join('\n')).toContain(
      `secret ${KEPT} cannot be read (unconfigured: VAULT_ADDR is no plain http(s) address)`,
    )
  })

  it('without two settings: both are named', async () => {
    const { problems } = await standing(isolate({ VAULT_ADDR: '', VAULT_TOKEN: '' }))
    expect(problems.join('\n')).toMatch(/kept: VAULT_ADDR, VAULT_TOKEN are not set: its calls get/)
  })
})

describe('a secret in a Secrets Store', () => {
  /** As Miniflare has it: https://developers.cloudflare.com/secrets-store/integrations/workers/ */
  interface Emulated {
    readonly 'SecretsStoreSecret::admin_api': () => Promise<
      Disposable & { readonly create: (value: string) => Promise<string> }
    >
  }

  it('is a secret like another, by the name of its binding', async () => {
    const early = isolate()
    expectRefusal(
      await call('/echo', { provider: 'shelf', isolate: early }),
      502,
      'PROXY_AUTH_ERROR',
    )
    using admin = await (env['SHELF_KEY'] as Emulated)['SecretsStoreSecret::admin_api']()
    await admin.create(ELSEWHERE.shelf)
    const here = isolate()
    const answer = await call('/echo', { provider: 'shelf', isolate: here })
    expect(values(only(answer), 'authorization')).toEqual([`Bearer ${ELSEWHERE.shelf}`])
    const { sources } = await standing(here)
    expect(sources.find(({ secret }) => secret === 'SHELF_KEY')).toMatchObject({
      providers: ['shelf'],
      state: 'fresh',
    })
  })
})

describe('a secret with a value from before', () => {
  it('is tried with the other one, and the status says which is live', async () => {
    const here = isolate()
    const ask = async (token: string, init = {}) =>
      call(`/only/${await sha256(`Bearer ${token}`)}`, {
        provider: 'turned',
        isolate: here,
        ...init,
      })
    const live = async () =>
      (await standing(here)).rotations.find(({ provider }) => provider === 'turned')
    const old = await ask(SECRETS.TURNED_OLD)
    expect([old.status, old.seen.length]).toEqual([200, 2])
    expect(await live()).toMatchObject({ live: 'previous', since: expect.any(String) })
    const again = await ask(SECRETS.TURNED_OLD, { method: 'POST', body: 'x' })
    expect([again.status, again.seen.length]).toEqual([200, 1])
    const then = await ask(SECRETS.TURNED_NEW)
    expect([then.status, then.seen.length]).toEqual([200, 2])
    expect(await live()).toMatchObject({ live: 'current' })
    const turned = { provider: 'turned', isolate: here }
    const { text } = await call('/mirror?say=@', turned)
    expect(text).toBe('[redacted]')
    const neither = await ask('neither')
    expect([neither.status, neither.seen.length]).toEqual([401, 2])
    expect(await live()).toMatchObject({ live: 'current' })
  })
})
