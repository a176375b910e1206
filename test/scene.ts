import type { LimiterStub } from '../src/admission.ts'
import type { Host, Provider } from '../src/catalog.ts'
import type { Deps } from '../src/deps.ts'
import type { Grant } from '../src/grants/grant.ts'
import { tokenHash } from '../src/grants/token.ts'
import type { Pause } from '../src/pauses/pause.ts'
import { proxy } from '../src/proxy.ts'
import type { Entered, TenantStub } from '../src/tenants/stubs.ts'
import { aHost, aProvider, aRule, aTenant } from './builders.ts'
import { asked, NOW, recording } from './recording.ts'

const TOKEN = `op_${'t'.repeat(43)}`
const HASH = await tokenHash(TOKEN)
const WINDOW = { capacity: 9, window_ms: 1000 }

export function aGrant(over: Partial<Grant> = {}): Grant {
  return {
    id: 'gr_1',
    tenant: 'acme',
    project: 'web',
    agent: 'ci',
    providers: [{ provider: 'api', access: 'write', allow: null, deny: [] }],
    cidrs: ['203.0.113.0/24'],
    created: NOW - 1000,
    expires: NOW + 1,
    revoked: null,
    max_calls: 9,
    rate_limits: [WINDOW],
    approval: 'none',
    approval_hold_seconds: 0,
    note: '',
    tokens: [{ hash: HASH, created: NOW - 1000, until: null }],
    ...over,
  }
}

/** A grant for one provider. */
export function granting(
  provider: string,
  over: Partial<Grant['providers'][number]> = {},
): Pick<Grant, 'providers'> {
  return { providers: [{ provider, access: 'write', allow: null, deny: [], ...over }] }
}

/** Of an allowlist. */
export const ALLOWED = aRule(['*'], '/ok/**')

/** One call under a grant, and how the world is that it is made in. */
export interface Scene {
  readonly grant?: Partial<Grant> | null
  readonly index?: string | null
  readonly host?: Partial<Host>
  readonly provider?: Parameters<typeof aProvider>[0]
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly pauses?: readonly Pause[]
  /** What the tenant's object says at the door, one answer after the other. */
  readonly enter?: readonly (Entered | Error)[]
  readonly decision?: 'approved' | 'denied' | 'pending'
  readonly grantLimiter?: Partial<LimiterStub>
  readonly limiter?: Partial<LimiterStub>
}

function tenantIn(scene: Scene, trail: string[]): TenantStub {
  const answers = [...(scene.enter ?? [])]
  const grant = scene.grant === null ? null : aGrant(scene.grant)
  return aTenant(trail, {
    look: async () => (trail.push('look'), { grant, pauses: scene.pauses ?? [] }),
    enter: async () => {
      trail.push('gate')
      const answer = answers.shift() ?? { is: 'in', opened: 1, approval: null }
      if (answer instanceof Error) throw answer
      return answer
    },
    decision: async () => (trail.push('wait'), scene.decision ?? null),
  })
}

/** Makes the call, and returns what was done for it. */
export async function play(scene: Scene) {
  const provider: Provider = aProvider({
    max_body_bytes: 4,
    ...scene.provider,
    forwarding: {
      deny: ['/denied/**'],
      rate_limits: { default: [WINDOW] },
      ...scene.provider?.forwarding,
    },
  })
  const host = aHost({ can_call_sensitive: true, ...scene.host })
  const { deps, trail, sent, events } = recording(provider, host)
  const notice = (stub: LimiterStub, over: Partial<LimiterStub> = {}) => ({ ...stub, ...over })
  const tenant = tenantIn(scene, trail)
  const all: Deps = {
    ...deps,
    tenantOf: () => tenant,
    grantIndexOf: () => ({
      find: async () => (trail.push('index'), scene.index === undefined ? 'acme' : scene.index),
      put: async () => {},
      remove: async () => {},
    }),
    grantLimiterOf: (grant) => notice(deps.grantLimiterOf(grant), scene.grantLimiter),
    limiterOf: (...of) => notice(deps.limiterOf(...of), scene.limiter),
    notify: async () => void trail.push('tell'),
    send: async (request, init) => {
      trail.push('send')
      const going = new Request(request, init)
      sent.push(going.clone())
      await going.text()
      return new Response('{}')
    },
  }
  const { method = 'GET', path = '/a', headers } = scene
  const body = aBody(path === '/big' ? 5 : 4, () => trail.push('body'))
  const init = { method, headers: { 'x-outpost-auth': TOKEN, ...headers } }
  const response = await proxy(asked(path, method === 'POST' ? { ...init, body } : init), all)
  return { response, trail, sent, events }
}

/** Says when it is read. */
function aBody(bytes: number, read: () => void): ReadableStream {
  return new ReadableStream({
    type: 'bytes',
    pull(controller) {
      read()
      controller.enqueue(new Uint8Array(bytes).fill(97))
      controller.close()
    },
  })
}
