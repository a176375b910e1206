import type { Auth } from '../../src/auth/config.ts'
import type { SecretPlace, SecretRef } from '../../src/auth/scheme.ts'
import { opening } from '../../src/opening.ts'
import { proxy } from '../../src/proxy.ts'
import { Secret } from '../../src/secret.ts'
import { readSettings } from '../../src/settings.ts'
import { SourceError } from '../../src/sources/backend.ts'
import type { Backend, SourceFailure } from '../../src/sources/backend.ts'
import { Sources } from '../../src/sources/bindings.ts'
import { sourceStanding } from '../../src/sources/status.ts'
import { aCatalog, aHost, aProvider } from '../builders.ts'
import { asked, NOW, recording } from '../recording.ts'

export const KEY = 'kept://acme/key'
export const OLD = 'kept://acme/old'
export const OTHER = '198.51.100.7'

export function bearer(secret: SecretRef, invalidate_on: readonly number[] = [401]): Auth {
  return {
    type: 'bearer_static',
    secret,
    header: 'Authorization',
    prefix: 'Bearer ',
    invalidate_on,
  }
}

export interface Isolate {
  readonly auth: Auth
  /** Worker secrets, settings and bindings. */
  readonly env?: Readonly<Record<string, unknown>>
}

/**
 * The request path of one isolate, whose secrets are in `kept`: a value, or how reading it fails. The
 * upstream accepts the bearer tokens of `accepts`, and says `otherwise` to others; a path of `always`
 * has that status whoever asks. A read takes `takes` ms of its clock. Whoever comes from `OTHER` is another agent.
 */
export function anIsolate({ auth, env = {} }: Isolate) {
  const kept = new Map<string, string>()
  const always: Readonly<Record<string, number>> = {}
  const state = {
    now: NOW,
    accepts: [] as readonly string[],
    otherwise: 401,
    delay: 0,
    takes: 0,
    always,
  }
  const reads: string[] = []
  const told: string[] = []
  const tried: string[] = []
  const work: Promise<unknown>[] = []
  const variables = { KEPT_TOKEN: 'sentinel-kept-token', ...env }
  const find = (place: SecretPlace) => {
    const text = 'env' in place ? variables[place.env as 'KEPT_TOKEN'] : null
    return typeof text === 'string' ? new Secret(text) : null
  }
  const backend: Backend = {
    scheme: 'kept',
    settings: ['KEPT_TOKEN'],
    problem: () => null,
    missing: (isSet) => (isSet('KEPT_TOKEN') ? [] : ['KEPT_TOKEN']),
    read: async (uri) => {
      reads.push(uri)
      state.now += state.takes
      await new Promise((resolve) => setTimeout(resolve, state.delay))
      const value = kept.get(uri) ?? 'missing'
      if (isFailure(value)) throw new SourceError(value)
      return value
    },
  }
  const sources = new Sources({
    env: variables,
    settings: readSettings({}),
    backendOf: (uri) => (uri.startsWith('kept://') ? backend : undefined),
    find,
    now: () => state.now,
    send: () => Promise.reject(new Error('nobody asks in this world')),
    waitUntil: (each) => void work.push(each),
    warn: (message) => void told.push(message),
  })
  const provider = aProvider({ auth })
  const host = aHost({ can_call_sensitive: true })
  const { deps, events, trail } = recording(provider, host, {
    catalog: aCatalog([provider], [host, { ...host, id: 'other', cidrs: [`${OTHER}/32`] }]),
    now: () => state.now,
    waitUntil: (each) => void work.push(each.catch(() => {})),
    credentials: (permit) => opening(find, undefined, sources.of(permit)),
    send: async (request, init) => {
      const sent = new Request(request, init)
      await sent.clone().text()
      const token = (sent.headers.get('authorization') ?? '').replace('Bearer ', '')
      tried.push(token)
      const judged = state.accepts.includes(token) ? 200 : state.otherwise
      return new Response('{}', { status: state.always[new URL(sent.url).pathname] ?? judged })
    },
  })
  const call = async (path = '/a', init: RequestInit<RequestInitCfProperties> = {}) => {
    const response = await proxy(asked(path, init), deps)
    const { status, headers } = response
    return { status, headers, text: await response.text() }
  }
  const standing = () => sourceStanding([provider], sources)
  return { call, kept, state, reads, told, tried, events, trail, deps, standing, work }
}

function isFailure(value: string): value is SourceFailure {
  return ['unconfigured', 'unreachable', 'denied', 'missing', 'malformed', 'busy'].includes(value)
}
