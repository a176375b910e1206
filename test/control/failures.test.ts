import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'

import { bind } from '../../src/bindings.ts'
import { control } from '../../src/control/app.ts'
import type { ControlDeps } from '../../src/control/deps.ts'
import { ENDPOINTS, served } from '../../src/control/endpoints.ts'
import type { Operation } from '../../src/control/endpoints.ts'
import { tokenHash } from '../../src/grants/token.ts'
import { ADMIN, pathOf } from './asking.ts'
import type { Json } from './asking.ts'
import { aGrant, fresh, granted } from './builders.ts'

const LOST = 'sentinel of an internal error'

/** An object whose every method is lost, or those of these names. */
function failing<T extends object>(stub: T, methods: readonly string[] | null = null): T {
  return new Proxy(stub, {
    get: (target, name) =>
      methods === null || methods.includes(String(name))
        ? () => Promise.reject(new Error(LOST))
        : (...given: unknown[]) =>
            (Reflect.get(target, name) as (...all: unknown[]) => unknown)(...given),
  })
}

const whole = bind(env)
const lost: ControlDeps = {
  ...whole,
  tenantOf: (name) => failing(whole.tenantOf(name)),
  grantIndexOf: (hash) => failing(whole.grantIndexOf(hash)),
  registry: () => failing(whole.registry()),
  standingOf: () => Promise.reject(new Error(LOST)),
}

interface Sent {
  readonly params?: Record<string, string>
  readonly body?: unknown
}

async function asking(name: Operation, deps: ControlDeps, { params = {}, body }: Sent = {}) {
  const request = new Request(`https://proxy.test${pathOf(name, { params })}`, {
    method: ENDPOINTS[name].method,
    headers: { ...ADMIN, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const response = await control(request, deps)
  const text = await response.text()
  expect(text).not.toContain(LOST)
  return { status: response.status, json: (text ? JSON.parse(text) : {}) as Json }
}

const BODIES: Readonly<Record<string, unknown>> = {
  createGrant: aGrant(),
  renewGrant: { expires_in: 60 },
  putToken: { value: 'x' },
  pause: { all: true },
  resume: { all: true },
  simulate: { grant: `gr_${'a'.repeat(26)}`, provider: 'plain', method: 'GET', path: '/' },
}

function prefixOf(name: Operation): string {
  if (name.endsWith('Access') || name === 'accessRequest') return 'ar_'
  return name.includes('pp') || name === 'deny' ? 'ap_' : 'gr_'
}

describe('objects that cannot be asked', () => {
  const names = served().flatMap(([name, { who }]) => (who === 'operator' ? [name] : []))

  it.each(names.filter((name) => name !== 'status'))(
    '%s: 502, and no word of why',
    async (name) => {
      const params = {
        id: (await granted())['grant'].id.replace('gr_', prefixOf(name)),
        key: 'stored:token/one',
      }
      const { status, json } = await asking(name, lost, { params, body: BODIES[name] })
      expect([status, json['error'].code]).toEqual([502, 'PROXY_UPSTREAM_ERROR'])
    },
  )

  it('the status says which, and the rest all the same', async () => {
    const { status, json } = await asking('status', lost)
    expect(status).toBe(200)
    expect(json).toMatchObject({ tenants: [], pauses: [], limits: [] })
    expect(json['providers'].length).toBeGreaterThan(5)
    expect(json['problems']).toEqual(
      expect.arrayContaining([
        'the list of tenants cannot be read',
        'tenant default cannot be asked',
        'the limiter of plain, default, cannot be asked',
      ]),
    )
  })

  it('a token is not stored when that cannot be recorded', async () => {
    const stored: string[] = []
    const deps: ControlDeps = {
      ...whole,
      tenantOf: (name) => failing(whole.tenantOf(name), ['note']),
      tokensPut: async (key) => void stored.push(key),
    }
    const params = { key: 'stored:token/one' }
    expect((await asking('putToken', deps, { params, body: { value: 'x' } })).status).toBe(502)
    expect(stored).toEqual([])
  })

  it('a pause is kept where it could be set, and says where it could not', async () => {
    const [one, other] = [fresh('tenant'), fresh('tenant')]
    await granted({ tenant: one })
    await granted({ tenant: other })
    const deps: ControlDeps = {
      ...whole,
      tenantOf: (name) => (name === one ? failing(whole.tenantOf(name)) : whole.tenantOf(name)),
    }
    const { status, json } = await asking('pause', deps, { body: { provider: 'gone' } })
    expect([status, json['error'].metadata]).toEqual([502, { tenants: [one] }])
    expect(await env.TENANTS.getByName(other).pauses()).toHaveLength(1)
    expect((await asking('resume', whole, { body: { provider: 'gone' } })).status).toBe(200)
  })
})

describe('a grant that is made, and a step fails', () => {
  /** Every token that is made is known, so that it can be tried. */
  async function tokensOf(
    broken: (deps: ControlDeps, tenant: string) => ControlDeps,
    tenant: string,
  ) {
    const hashes: string[] = []
    const deps: ControlDeps = {
      ...whole,
      grantIndexOf: (hash) => (hashes.push(hash), whole.grantIndexOf(hash)),
    }
    const body = aGrant({ tenant })
    const { status, json } = await asking('createGrant', broken(deps, tenant), { body })
    expect([status, json['token']]).toEqual([502, undefined])
    return hashes
  }

  it.each<[string, (deps: ControlDeps) => ControlDeps]>([
    ['the registry', (deps) => ({ ...deps, registry: () => failing(deps.registry()) })],
    [
      'the index',
      (deps) => ({ ...deps, grantIndexOf: (hash) => failing(deps.grantIndexOf(hash)) }),
    ],
    ['the tenant', (deps) => ({ ...deps, tenantOf: (name) => failing(deps.tenantOf(name)) })],
  ])('%s: nothing is granted', async (_title, broken) => {
    const tenant = fresh('tenant')
    const hashes = await tokensOf(broken, tenant)
    expect((await env.TENANTS.getByName(tenant).grants({ limit: 10 })).grants).toEqual([])
    for (const hash of hashes) {
      expect((await env.TENANTS.getByName(tenant).look(hash)).grant).toBeNull()
    }
  })

  it('a rotation leaves the token that there was', async () => {
    const { grant, token } = await granted()
    const deps: ControlDeps = {
      ...whole,
      tenantOf: (name) => failing(whole.tenantOf(name), ['changeGrant']),
    }
    expect((await asking('rotateGrant', deps, { params: { id: grant.id } })).status).toBe(502)
    const look = await env.TENANTS.getByName(grant.tenant).look(await tokenHash(token))
    expect(look.grant?.tokens).toHaveLength(1)
  })

  it('pauses that the tenant begins with come before it', async () => {
    const tenant = fresh('tenant')
    await asking('pause', whole, { body: { provider: 'plain' } })
    const deps: ControlDeps = {
      ...whole,
      tenantOf: (name) => failing(whole.tenantOf(name), ['pause']),
    }
    expect((await asking('createGrant', deps, { body: aGrant({ tenant }) })).status).toBe(502)
    expect((await env.TENANTS.getByName(tenant).grants({ limit: 10 })).grants).toEqual([])
    await asking('resume', whole, { body: { provider: 'plain' } })
  })
})
