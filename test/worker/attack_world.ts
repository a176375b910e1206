import { env } from 'cloudflare:workers'
import { afterAll } from 'vitest'

import type { Approval } from '../../src/approvals/approval.ts'
import type { Host, Provider } from '../../src/catalog.ts'
import type { Deps } from '../../src/deps.ts'
import type { GrantInput } from '../../src/grants/changes.ts'
import { opening } from '../../src/opening.ts'
import { proxy } from '../../src/proxy.ts'
import { Secret } from '../../src/secret.ts'
import { aCatalog, aHost, aProvider } from '../builders.ts'
import { asked, recording } from '../recording.ts'
import { aTenant, granted } from '../tenants/world.ts'

const HOST = aHost({ can_call_sensitive: true })

export const once = { approve: true, scope: 'once' } as const
export const hour = { approve: true, scope: '1h' } as const
export const no = { approve: false, scope: 'once' } as const

/** What goes on after the answers. A file ends when it is done, or it would be cut off. */
const begun: Promise<unknown>[] = []
afterAll(() => Promise.race([Promise.all(begun), delay(2000)]))

/** What went upstream. */
interface Sent {
  readonly url: string
  readonly at: number
  readonly headers: Headers
  readonly body: string
}

/** How a world differs from the usual one. */
export interface Otherwise {
  readonly providers?: readonly Provider[]
  readonly hosts?: readonly Host[]
  /** Of whom the objects are: another isolate of the same world. */
  readonly tenant?: ReturnType<typeof aTenant>
  readonly deps?: Partial<Deps>
}

/**
 * The request path of one isolate on the real objects: only the upstream is not there. `clock.ahead`
 * is how far its clock is ahead, ms; `hops` are the questions to objects, `reads` those for secrets.
 */
export function aWorld({ providers, hosts = [HOST], ...otherwise }: Otherwise = {}) {
  const known = otherwise.tenant ?? aTenant()
  const clock = { ahead: 0 }
  const sent: Sent[] = []
  const hops: string[] = []
  const told: unknown[] = []
  const reads: string[] = []
  const reply = { make: (): Response => new Response('{}') }
  const { deps, events } = recording(aProvider(), HOST, {
    catalog: aCatalog(providers ?? [aProvider()], hosts),
    now: () => Date.now() + clock.ahead,
    waitUntil: (work) => void begun.push(work.catch(() => {})),
    limiterOf: ({ name }, category) => env.LIMITS.getByName(`${known.name} ${name} ${category}`),
    grantLimiterOf: ({ id }) => env.LIMITS.getByName(`grant ${known.name} ${id}`),
    tenantOf: (name) => (hops.push(`tenant ${name}`), env.TENANTS.getByName(name)),
    grantIndexOf: (hash) => (hops.push('index'), env.GRANT_INDEX.getByName(hash.slice(0, 2))),
    replayOf: (name) => env.REPLAYS.getByName(name),
    notify: async (message) => void told.push(message),
    credentials: () =>
      opening((ref) => (reads.push(JSON.stringify(ref)), new Secret('sentinel-upstream'))),
    send: async (request, init) => {
      const made = new Request(request, init)
      const body = await made.clone().text()
      sent.push({ url: made.url, at: Date.now(), headers: made.headers, body })
      return reply.make()
    },
    ...otherwise.deps,
  })
  const inside = { known, clock, sent, hops, told, reads, reply, deps, events }
  return { ...acting(known, deps), ...inside }
}

/** What agents and operators do in it. */
function acting(known: ReturnType<typeof aTenant>, deps: Deps) {
  const { stub, tenant } = known
  const grant = async (over: Partial<GrantInput> = {}) => {
    const providers = [{ provider: 'api', access: 'write', allow: null, deny: [] }] as const
    const made = await granted(known, { providers: [...providers], project: null, ...over })
    await env.GRANT_INDEX.getByName(made.hash.slice(0, 2)).put(made.hash, known.name)
    return { token: made.token, id: made.grant.id }
  }
  const call = (path: string, init: RequestInit<RequestInitCfProperties> = {}, token = '') => {
    const headers = new Headers(init.headers)
    if (token !== '') headers.set('x-outpost-auth', token)
    return proxy(asked(path, { ...init, headers }), deps)
  }
  const post = (path: string, token: string, body = 'x', headers = {}) =>
    call(path, { method: 'POST', body, headers }, token).then(codeOf)
  const pending = () => tenant.approvals({ state: 'pending', limit: 100 })
  const waiting = async (): Promise<Approval> => {
    for (let tries = 0; tries < 200; tries += 1) {
      const [found] = await pending()
      if (found) return found
      await delay(10)
    }
    throw new Error('nothing waits')
  }
  const decide = async (answer: Parameters<typeof tenant.decide>[1]) => {
    const { id } = await waiting()
    await tenant.decide(id, answer, 'admin')
    return id
  }
  return { stub, tenant, grant, call, post, pending, waiting, decide }
}

/** The refusal's code, or null for an answer of the upstream's. The body is read to its end. */
export async function codeOf(response: Response): Promise<string | null> {
  await response.text()
  return response.headers.get('x-proxy-error')
}

export const delay = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
