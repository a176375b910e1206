import type { SecretPlace } from '../auth/scheme.ts'
import type { Provider } from '../catalog.ts'
import type { Permit } from '../policy/decision.ts'
import type { Secret } from '../secret.ts'
import { text } from '../settings.ts'
import type { Settings, Variables } from '../settings.ts'
import { asking } from './ask.ts'
import { SourceError } from './backend.ts'
import type { Backend, Reading, Session } from './backend.ts'
import { callSources } from './call_sources.ts'
import type { CallSources, SourceDeps, Sourced } from './call_sources.ts'
import { Keeper } from './keeper.ts'
import { Rotation } from './rotations.ts'

/** What the runtime gives. */
export interface SourcesHost {
  readonly env: Variables
  readonly settings: Settings
  readonly backendOf: (uri: string) => Backend | undefined
  readonly find: (place: SecretPlace) => Secret | null
  readonly now: () => number
  readonly send: (request: Request, signal: AbortSignal) => Promise<Response>
  readonly waitUntil: (work: Promise<unknown>) => void
  readonly warn: (message: string) => void
}

/** The secrets of an isolate that are kept outside of the Worker, or have a value from before. */
export class Sources {
  readonly keeper: Keeper
  readonly #host: SourcesHost
  readonly #deps: SourceDeps
  readonly #known = new WeakMap<Provider, Sourced | 'none'>()

  constructor(host: SourcesHost) {
    const { env, settings, now, waitUntil, warn, find } = host
    this.#host = host
    this.keeper = new Keeper({
      now,
      waitUntil,
      warn,
      times: { fresh_ms: settings.secretCacheMs, stale_ms: settings.secretStaleMs },
      read: readerIn(host),
    })
    const isElsewhere = (place: SecretPlace) =>
      'secret' in place || ('env' in place && storedIn(env, place.env) !== null)
    this.#deps = { now, find, isElsewhere, keeper: this.keeper }
  }

  /** Of one call; null when all of the provider's secrets are Worker secrets, or none. */
  of({ provider, call, caller }: Permit): CallSources | null {
    const sourced = this.sourced(provider)
    if (!sourced) return null
    const repeatable = !call.request.body || provider.credential.reads_body === true
    const agent = `${caller.tenant} ${caller.id}`
    return callSources(sourced, { agent, repeatable }, this.#deps)
  }

  /** What is known of a provider; null as above. */
  sourced(provider: Provider): Sourced | null {
    let known = this.#known.get(provider)
    if (!known) this.#known.set(provider, (known = this.#look(provider)))
    return known === 'none' ? null : known
  }

  now(): number {
    return this.#deps.now()
  }

  isElsewhere(place: SecretPlace): boolean {
    return this.#deps.isElsewhere(place)
  }

  /** The settings and variables that are not set and without which a place cannot be read. */
  missing(place: SecretPlace): readonly string[] {
    const { env } = this.#host
    const isSet = (name: string) => text(env, name) !== '' || storedIn(env, name) !== null
    if ('env' in place) return isSet(place.env) ? [] : [place.env]
    if (!('secret' in place)) return []
    return this.#host.backendOf(place.secret)?.missing(isSet) ?? []
  }

  #look({ credential }: Provider): Sourced | 'none' {
    const refs = credential.secrets
    const rotates = refs.some(({ previous }) => previous)
    const some = rotates || refs.some((ref) => this.#deps.isElsewhere(ref))
    return some ? { refs, rotation: rotates ? new Rotation() : null } : 'none'
  }
}

/** The binding of a secret in Cloudflare's Secrets Store. */
interface StoredSecret {
  readonly get: () => Promise<unknown>
}

/** null: what has that name is none. */
export function storedIn(env: Variables, name: string): StoredSecret | null {
  const bound = Object.hasOwn(env, name) ? env[name] : undefined
  const isOne = typeof bound === 'object' && bound !== null && 'get' in bound
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a provider names it as its secret
  return isOne && typeof bound.get === 'function' ? (bound as StoredSecret) : null
}

/** Reads a place; each backend has one map of sessions in an isolate. */
function readerIn(host: SourcesHost): (place: SecretPlace) => Promise<string> {
  const { env, backendOf, now } = host
  const ask = asking(host.send)
  const sessions = new Map<Backend, Map<string, Session>>()
  return async (place) => {
    if ('env' in place) return readStored(storedIn(env, place.env))
    const backend = 'secret' in place ? backendOf(place.secret) : undefined
    if (!backend || !('secret' in place)) throw new SourceError('unconfigured')
    const isSet = (name: string) => text(env, name) !== ''
    const missing = backend.missing(isSet)
    if (missing.length > 0) {
      throw new SourceError('unconfigured', { why: `${missing.join(', ')} not set` })
    }
    const mine = sessions.get(backend) ?? new Map<string, Session>()
    sessions.set(backend, mine)
    // A setting that it does not declare, it does not get.
    const setting: Reading['setting'] = (name) =>
      (backend.settings.includes(name) && text(env, name)) || null
    return backend.read(place.secret, { setting, ask, now: now(), sessions: mine })
  }
}

/**
 * Whether a binding's error says that there is no such secret. The types of the runtime promise that
 * `get` throws then, and no page says what: miniflare's is `Secret "name" not found`.
 */
const SAYS_MISSING = /\bnot found\b|\bdoes(?: not|n't) exist\b|\bno such secret\b/i

/** https://developers.cloudflare.com/secrets-store/integrations/workers/ */
async function readStored(stored: StoredSecret | null): Promise<string> {
  if (!stored) throw new SourceError('missing')
  const value = await stored.get().catch((error: unknown) => {
    const isMissing = error instanceof Error && SAYS_MISSING.test(error.message)
    throw new SourceError(isMissing ? 'missing' : 'unreachable')
  })
  if (value === null || value === undefined) throw new SourceError('missing')
  if (typeof value !== 'string') throw new SourceError('malformed', { why: 'not text' })
  return value
}
