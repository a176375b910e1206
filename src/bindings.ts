import { waitUntil } from 'cloudflare:workers'

import type { LimiterStub } from './admission.ts'
import { HoldRoom } from './approvals/holds.ts'
import { Recorder } from './audit/recorder.ts'
import type { SecretPlace } from './auth/scheme.ts'
import { signerIn } from './auth/signer.ts'
import type { Signer } from './auth/signer.ts'
import { MemoryCache } from './cache.ts'
import type { Catalog, Provider } from './catalog.ts'
import { certificateIn, certified } from './certificate.ts'
import { AccessVerifier } from './control/access.ts'
import type { ControlDeps } from './control/deps.ts'
import type { Deps } from './deps.ts'
import { CATALOG } from './generated/catalog.ts'
import { OPENAPI } from './generated/openapi.ts'
import { Copies } from './grants/copies.ts'
import type { Grant } from './grants/grant.ts'
import type { GrantIndex } from './grants/object.ts'
import type { Window } from './limits/bucket.ts'
import { KnownCooldowns } from './limits/cooldowns.ts'
import type { Limiter } from './limits/object.ts'
import { verdictOf, windowsText } from './limits/wire.ts'
import { opening } from './opening.ts'
import type { Registry } from './registry/object.ts'
import type { Replay } from './replay/object.ts'
import { Secret } from './secret.ts'
import { readSettings, text } from './settings.ts'
import type { Settings, Variables } from './settings.ts'
import { schemeOf } from './sources/backend.ts'
import { Sources } from './sources/bindings.ts'
import { sourceStanding } from './sources/status.ts'
import type { Tenant } from './tenants/object.ts'
import { namespaceOf, sealsIn, storeIn } from './tokens/bindings.ts'
import { tokenProblems } from './tokens/status.ts'
import { tokensFor } from './tokens/tokens.ts'
import type { TokenDeps } from './tokens/tokens.ts'
import { ulid } from './ulid.ts'

/** JSON in one line for every reader: some split lines at U+2028, and terminals obey U+009B. */
function asciiJson(json: string): string {
  return json.replaceAll(
    /[\u007f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** Turns a Worker's bindings into the plain functions that the request path wants. Once per `env`. */
export function bind(env: Variables): ControlDeps {
  let deps = bound.get(env)
  if (!deps) bound.set(env, (deps = newDeps(env)))
  return deps
}

const bound = new WeakMap<Variables, ControlDeps>()

function newDeps(env: Variables): ControlDeps {
  const secret = secretsOf(env)
  const tokens = tokenDeps(env)
  const settings = readSettings(env)
  const sources = sourcesOf(env, settings, secret)
  return {
    catalog: CATALOG,
    settings,
    now: () => Date.now(),
    waitUntil,
    newId: ulid,
    keyOf: ({ auth_token_env }) =>
      auth_token_env === null ? null : secret({ env: auth_token_env }),
    operators: {
      admin: secret({ env: 'OUTPOST_ADMIN_TOKEN' }),
      viewer: secret({ env: 'OUTPOST_VIEWER_TOKEN' }),
    },
    access: accessOf(settings),
    isSet: (name) => secret({ env: name }) !== null || sources.isElsewhere({ env: name }),
    credentials: (permit) =>
      opening(secret, tokensFor(permit.provider, tokens), sources.of(permit)),
    sources: () => sourceStanding([...CATALOG.providers.values()], sources),
    tokenProblems: () => tokenProblems([...CATALOG.providers.values()], tokens),
    signerOf: signers(CATALOG),
    send: (request, init, certificate) =>
      certificate === null ? fetch(request, init) : certified(env, certificate)(request, init),
    hasCertificate: (binding) => certificateIn(env, binding) !== null,
    cache: new MemoryCache(),
    cooldowns: new KnownCooldowns(),
    limiterOf: ({ name }, category) => limiterIn(env, `${name} ${category}`),
    grantLimiterOf: ({ tenant, id }) => limiterIn(env, `grant ${tenant} ${id}`),
    replayOf: (name) => objects<Replay>(env, 'REPLAYS').getByName(name),
    tenantOf: (name) => objects<Tenant>(env, 'TENANTS').getByName(name),
    grantIndexOf: (hash) => objects<GrantIndex>(env, 'GRANT_INDEX').getByName(hash.slice(0, 2)),
    grantCopies: new Copies(),
    pauseCopies: new Copies(),
    notify: notifierIn(env),
    holds: new HoldRoom(),
    recorder: new Recorder(),
    warn,
    // oxlint-disable-next-line no-console -- beside the records, to be kept where they are not
    printHead: (tenant, head) => {
      const line = JSON.stringify({ audit_head: { tenant, ...head } })
      // oxlint-disable-next-line no-console -- beside the records, to be kept where they are not
      console.log(asciiJson(line))
    },
    // oxlint-disable-next-line no-console -- the console is where log shipping reads the record
    write: (event) => console.log(asciiJson(event)),
    ...controlled(env),
  }
}

// oxlint-disable-next-line no-console -- for the operator, beside the record
const warn = (message: string): void => console.error(message)

function sourcesOf(
  env: Variables,
  settings: Settings,
  find: (place: SecretPlace) => Secret | null,
): Sources {
  return new Sources({
    env,
    settings,
    find,
    backendOf: (uri) => CATALOG.backends[schemeOf(uri) ?? ''],
    now: () => Date.now(),
    send: (request, signal) => fetch(request, { signal }),
    waitUntil,
    warn,
  })
}

/** What only operators reach. */
function controlled(env: Variables) {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- wrangler.toml binds it
  const tokens = env['TOKENS'] as KVNamespace
  return {
    openapi: OPENAPI,
    random: (count: number) => crypto.getRandomValues(new Uint8Array(count)),
    registry: () => objects<Registry>(env, 'REGISTRY').getByName('tenants'),
    standingOf: ({ name }: Provider, category: string, windows: readonly Window[]) =>
      objects<Limiter>(env, 'LIMITS').getByName(`${name} ${category}`).standing(windows),
    usedOf: ({ tenant, id }: Grant) =>
      objects<Limiter>(env, 'LIMITS').getByName(`grant ${tenant} ${id}`).used(),
    tokensPut: (key: string, value: string) => tokens.put(key, value),
    tokensDelete: (key: string) => tokens.delete(key),
  }
}

/**
 * Tells the address in APPROVAL_WEBHOOK_URL, which may be a secret by itself, so nothing is said of
 * it when it fails: a message that nobody got neither blocks nor allows anything.
 */
function notifierIn(env: Variables): Deps['notify'] {
  const url = text(env, 'APPROVAL_WEBHOOK_URL')
  if (!/^https?:\/\//i.test(url)) return null
  return async (message) => {
    const { signal, clear } = deadline(WEBHOOK_MS)
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(message),
        redirect: 'manual',
        signal,
      })
      await response.body?.cancel()
    } catch {
      // Told to nobody: `outpost approvals` still lists it.
    } finally {
      clear()
    }
  }
}

const WEBHOOK_MS = 5000

function deadline(ms: number) {
  const stop = new AbortController()
  const timer = setTimeout(() => stop.abort(), ms)
  return { signal: stop.signal, clear: () => clearTimeout(timer) }
}

/** Its keys are kept as long as the isolate lives. */
function accessOf({ access }: Settings): AccessVerifier | null {
  if (!access || 'problem' in access) return null
  return new AccessVerifier(access, {
    now: () => Date.now(),
    send: (request, signal) => fetch(request, { signal }),
    waitUntil,
  })
}

function tokenDeps(env: Variables): TokenDeps {
  return {
    now: () => Date.now(),
    send: (request, signal) => fetch(request, { signal }),
    waitUntil,
    vaultOf: namespaceOf(env),
    seals: sealsIn(env),
    read: storeIn(env),
    warm: new Map(),
    reported: new Set(),
  }
}

function limiterIn(env: Variables, name: string): LimiterStub {
  const object = objects<Limiter>(env, 'LIMITS').getByName(name)
  return {
    take: async ({ windows, patience, quota = null }) =>
      verdictOf(await object.ask(windowsText(windows), patience, quota), windows),
    leave: (turn) => object.leave(turn),
    cool: (wait_ms) => object.cool(wait_ms),
    cooldownUntil: () => object.cooldownUntil(),
    refund: (turn) => object.refund(turn),
  }
}

/** A namespace of Durable Objects, as `wrangler.toml` binds it. */
function objects<T extends Rpc.DurableObjectBranded>(
  env: Variables,
  name: string,
): DurableObjectNamespace<T> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- wrangler.toml ties name and class
  return env[name] as DurableObjectNamespace<T>
}

/** Reads a secret when it is asked for. One object per secret, so that work done with it can be kept. */
function secretsOf(env: Variables): (place: SecretPlace) => Secret | null {
  const byName = new Map<string, Secret>()
  const literals = new WeakMap<SecretPlace, Secret>()
  return (ref) => {
    if ('value' in ref) {
      const known = literals.get(ref) ?? new Secret(ref.value)
      literals.set(ref, known)
      return known
    }
    if (!('env' in ref)) return null
    const value = Object.hasOwn(env, ref.env) ? env[ref.env] : undefined
    if (typeof value !== 'string' || value.trim() === '') return null
    const known = byName.get(ref.env) ?? new Secret(value)
    byName.set(ref.env, known)
    return known
  }
}

/** Signers, and the plugins behind them, are made when a provider is first called. */
function signers({ plugins, schemes }: Catalog): (provider: Provider) => Signer {
  const made = new WeakMap<Provider, Signer>()
  return (provider) => {
    const { auth } = provider
    const Plugin = auth.type === 'plugin' ? plugins.get(auth.module) : undefined
    const signer =
      made.get(provider) ??
      signerIn(schemes, auth, Plugin && auth.type === 'plugin' ? new Plugin(auth.config) : null)
    made.set(provider, signer)
    return signer
  }
}
