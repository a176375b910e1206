import { describe, expect, it } from 'vitest'

import { opening } from '../../src/opening.ts'
import { Secret } from '../../src/secret.ts'
import { aProvider, aRule } from '../builders.ts'
import { aWorld, codeOf, delay } from './attack_world.ts'

const CACHED = aRule(['GET'], '/secret/**', { cache_ttl: 300, sensitive: true })
const pause = { scope: { all: true }, since: 0, by: 'admin', note: '' } as const

type World = ReturnType<typeof aWorld>
const ENDINGS: readonly [string, string, (w: World, id: string) => Promise<unknown>][] = [
  ['revoked', 'PROXY_GRANT_DENIED', (w, id) => w.tenant.changeGrant(id, { is: 'revoke' }, 'admin')],
  ['paused', 'PROXY_PAUSED', (w) => w.tenant.pause(pause)],
]

describe.each(ENDINGS)('a grant that is %s', (_title, code, end) => {
  it('gets no kept answer of a sensitive GET, at once', async () => {
    const w = aWorld({ providers: [aProvider({ forwarding: { allow: [CACHED] } })] })
    const { token, id } = await w.grant()
    const ask = () => w.call('/secret/a', {}, token)
    await codeOf(await ask())
    await delay(50)
    const kept = await ask()
    expect([kept.headers.get('x-proxy-cache'), await kept.text()]).toEqual(['HIT', '{}'])
    await end(w, id)
    const again = await ask()
    expect([again.headers.get('x-proxy-cache'), await codeOf(again)]).toEqual([null, code])
    expect(w.sent).toHaveLength(1)
  })

  it('gets no answer again for its Idempotency-Key, at once', async () => {
    const w = aWorld()
    const { token, id } = await w.grant()
    const headers = { 'idempotency-key': crypto.randomUUID() }
    const ask = () => w.call('/a', { method: 'POST', body: 'x', headers }, token)
    await codeOf(await ask())
    await delay(100)
    expect((await ask()).headers.get('x-proxy-cache')).toBe('IDEMPOTENT-HIT')
    await end(w, id)
    expect(await codeOf(await ask())).toBe(code)
  })

  it('makes no read that has waited longer for its turn, though its copy was good', async () => {
    const w = aWorld()
    const { token, id } = await w.grant()
    await codeOf(await w.call('/a', {}, token))
    await end(w, id)
    const limited = (late: number) => {
      const take = async () => {
        w.clock.ahead += late
        return { admitted: true, turn: 0, wait_ms: 0, levels: [] } as const
      }
      const none = async () => {}
      const limiter = { take, leave: none, refund: none, cool: async () => 0 }
      Object.assign(w.deps, {
        limiterOf: () => ({ ...limiter, cooldownUntil: async () => 0 }),
      })
    }
    const forwarding = { rate_limits: { default: [{ capacity: 1, window_ms: 1000 }] } }
    Object.assign(w.deps.catalog, { providers: new Map([['api', aProvider({ forwarding })]]) })
    limited(4900)
    expect(await codeOf(await w.call('/a', {}, token))).toBeNull()
    limited(30_000)
    expect(await codeOf(await w.call('/a', {}, token))).toBe(code)
    expect(w.sent).toHaveLength(2)
  })

  it('makes no second attempt after a rejected credential', async () => {
    const w = aWorld()
    const { token, id } = await w.grant()
    Object.assign(w.deps, {
      credentials: () => ({
        ...opening(() => new Secret('sentinel-upstream')),
        reject: async () => (await end(w, id), true),
      }),
    })
    w.reply.make = () => new Response('', { status: 401 })
    const response = await w.call('/a', { method: 'DELETE' }, token)
    expect([response.status, w.sent.length]).toEqual([401, 1])
  })
})

describe('an object that cannot be asked', () => {
  it('is no yes to a sensitive call, and no secret is read', async () => {
    const w = aWorld()
    const { token } = await w.grant()
    expect(await codeOf(await w.call('/a', {}, token))).toBeNull()
    const before = w.reads.length
    const down = () => Promise.reject(new Error('down'))
    Object.assign(w.deps, { tenantOf: () => ({ enter: down, look: down, record: down }) })
    expect(await w.post('/a', token)).toBe('PROXY_UPSTREAM_ERROR')
    expect([w.reads.length, w.sent.length]).toEqual([before, 1])
  })
})

describe('refusals of one caller', () => {
  it('beyond a hundred in 10 s are counted, and do not fill the ledger', async () => {
    const w = aWorld()
    const { token } = await w.grant()
    await codeOf(await w.call('/a', {}, token))
    const { tenant } = w
    const before = (await tenant.counts()).records
    await w.tenant.pause(pause)
    Object.assign(w.clock, { ahead: 56_000 })
    const long = `/x${'a'.repeat(1500)}`
    const codes = await Promise.all(
      Array.from({ length: 300 }, () => w.call(long, {}, token).then(codeOf)),
    )
    expect(new Set(codes)).toEqual(new Set(['PROXY_PAUSED']))
    w.clock.ahead += 10_001
    await codeOf(await w.call(long, {}, token))
    await delay(1500)
    const { records } = await tenant.export(before, 1000)
    expect(records.filter(({ kind }) => kind === 'call').length).toBeLessThanOrEqual(102)
    const counts = records.flatMap((each) =>
      each.kind === 'refusals' ? [each.refusals.counts] : [],
    )
    expect(counts).toEqual([{ PROXY_PAUSED: 200 }])
  })
})
