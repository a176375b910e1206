import type { SecretRef } from '../src/auth/scheme.ts'
import type { Catalog, Host, Provider } from '../src/catalog.ts'
import { readSettings } from '../src/settings.ts'
import { backendOf } from '../src/sources/index.ts'
import { SHORTEST_KEY } from '../src/tokens/seal.ts'
import { DEMO_URL } from './demo-upstream.ts'
import { firstCalls } from './first-calls.ts'
import { partNames } from './workerd/certificates.ts'

type Env = Readonly<Record<string, string>>

export interface Started {
  readonly catalog: Catalog
  /** What the Worker has: secrets, settings and the variables of wrangler.toml. */
  readonly env: Env
  readonly envFile: string
  /** By name, what prints those that a store of this machine keeps. */
  readonly commands?: ReadonlyMap<string, string>
  readonly url: string
  readonly peers: readonly string[]
  /** Whether something answers where the provider `demo` points. */
  readonly demo: boolean
}

/** What `npm start` says once it answers. For the operator's terminal: it names unset variables. */
export function greeting(started: Started): string {
  const { url, peers } = started
  const ready = readyProviders(started)
  const lines = [
    `Outpost answers on ${url}`,
    `providers: ${ready.map(({ name }) => name).join(', ') || 'none is ready'}`,
    ...unserved(started),
    ...notReady(started).map((each) => `not ready: ${each}`),
    ...privatePeersLine(peers),
    'also there: /docs (how to call), /providers (for callers), /_outpost/status (for the operator)',
    ...callLines(started),
  ]
  return `${lines.join('\n')}\n`
}

/** Calls to copy, where whoever reads this is on the machine that they are for. */
export function callLines(started: Omit<Started, 'peers'>): readonly string[] {
  const { url } = started
  if (!['127.0.0.1', '[::1]', 'localhost'].includes(new URL(url).hostname)) return []
  const byDemo = (one: Provider) => (one.base_url === DEMO_URL ? 0 : 1)
  const ready = readyProviders(started).toSorted((a, b) => byDemo(a) - byDemo(b))
  return firstCalls({ ...started, ready })
}

function readyProviders(started: Omit<Started, 'peers'>): readonly Provider[] {
  return Array.from(started.catalog.providers.values()).filter(
    (provider) =>
      unsetSecrets(provider, started.env).length === 0 && !isUnserved(provider, started),
  )
}

/** The provider `demo` of this repository, without the server that it is for. */
function isUnserved({ base_url }: Provider, { demo }: { readonly demo: boolean }): boolean {
  return base_url === DEMO_URL && !demo
}

function unserved(started: Started): readonly string[] {
  return Array.from(started.catalog.providers.values())
    .filter((provider) => isUnserved(provider, started))
    .map(({ name }) => `${name}: nothing serves it (--no-demo)`)
}

/** Everything that will be refused for want of a variable. */
function notReady({ catalog: { providers, hosts }, env }: Started): readonly string[] {
  const calls = Array.from(providers.values(), (provider) => ({
    who: `provider ${provider.name}`,
    unset: unsetSecrets(provider, env),
    effect: 'calls to it fail with 502',
  }))
  const callers = hosts.map((host) => ({
    who: `host ${host.id}`,
    unset: unsetKey(host, env),
    effect: 'its calls are refused with 401',
  }))
  const { access } = readSettings(env)
  const problem = access && 'problem' in access ? ` (${access.problem})` : ''
  const byToken = isSet(env, 'OUTPOST_ADMIN_TOKEN') || isSet(env, 'OUTPOST_VIEWER_TOKEN')
  const operator = {
    who: 'control plane',
    unset: byToken || (access && problem === '') ? [] : ['OUTPOST_ADMIN_TOKEN'],
    effect: `/_outpost/ stays closed${problem}`,
  }
  return [...calls, ...callers, operator]
    .filter(({ unset }) => unset.length > 0)
    .map(({ who, unset, effect }) => `${who}, ${unset.join(' and ')} not set: ${effect}`)
}

function unsetSecrets({ credential, mtls }: Provider, env: Env): readonly string[] {
  const { chain, key } = partNames(mtls ?? '')
  const secrets = [
    ...credential.secrets.flatMap((ref) => (ref.optional === true ? [] : missingFor(ref, env))),
    ...(mtls === null ? [] : [chain, key].filter((name) => !isSet(env, name))),
  ]
  const sealed = (env['OUTPOST_MASTER_KEY']?.trim() ?? '').length >= SHORTEST_KEY
  return credential.mints && !sealed
    ? [...secrets, `OUTPOST_MASTER_KEY (of ${SHORTEST_KEY} characters or more)`]
    : secrets
}

function unsetKey({ auth_token_env: name }: Host, env: Env): readonly string[] {
  return name === null || isSet(env, name) ? [] : [name]
}

/** As the Worker sees it: blanks are nothing. */
function isSet(env: Env, name: string): boolean {
  return (env[name] ?? '').trim() !== ''
}

/** The variables without which a secret cannot be had: its own, or the settings of its place. */
function missingFor(ref: SecretRef, env: Env): readonly string[] {
  if ('env' in ref) return isSet(env, ref.env) ? [] : [ref.env]
  if (!('secret' in ref)) return []
  return backendOf(ref.secret)?.missing((name) => isSet(env, name)) ?? []
}

/** The demo's own is on loopback, and needs no saying. */
function privatePeersLine(peers: readonly string[]): readonly string[] {
  const known = ['127.0.0.1/32', '::1/128']
  const others = peers.filter((peer) => !known.includes(peer))
  return others.length > 0 ? [`private addresses that can be called: ${others.join(', ')}`] : []
}
