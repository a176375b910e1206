import { readFileSync } from 'node:fs'
import { relative } from 'node:path'

import type { Catalog, Host, Provider } from '../src/catalog.ts'

type Env = Readonly<Record<string, string>>

export interface Started {
  readonly catalog: Catalog
  readonly env: Env
  readonly envFile: string
  readonly url: string
  readonly peers: readonly string[]
  /** Whether something answers where the provider `demo` points. */
  readonly demo: boolean
}

/** What `npm start` says once it answers. For the operator's terminal: it names unset variables. */
export function greeting(started: Started): string {
  const { catalog, env, url, peers } = started
  const lines = [
    `Outpost answers on ${url}`,
    `providers: ${readyProviders(catalog, env).join(', ') || 'none is ready'}`,
    ...notReady(catalog, env).map((each) => `not ready: ${each}`),
    ...privatePeersLine(peers),
    ...(isLoopback(url) ? firstCalls(started) : []),
  ]
  return `${lines.join('\n')}\n`
}

function readyProviders({ providers }: Catalog, env: Env): readonly string[] {
  return Array.from(providers.values())
    .filter((provider) => unsetSecrets(provider, env).length === 0)
    .map(({ name }) => name)
}

/** Everything that will be refused for want of a variable. */
function notReady({ providers, hosts }: Catalog, env: Env): readonly string[] {
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
  const operator = {
    who: 'control plane',
    unset: env['OUTPOST_ADMIN_TOKEN'] ? [] : ['OUTPOST_ADMIN_TOKEN'],
    effect: '/_outpost/ stays closed',
  }
  return [...calls, ...callers, operator]
    .filter(({ unset }) => unset.length > 0)
    .map(({ who, unset, effect }) => `${who}, ${unset.join(' and ')} not set: ${effect}`)
}

function unsetSecrets({ credential }: Provider, env: Env): readonly string[] {
  return credential.secrets.flatMap((ref) => ('env' in ref && !env[ref.env] ? [ref.env] : []))
}

function unsetKey({ auth_token_env: name }: Host, env: Env): readonly string[] {
  return name === null || env[name] ? [] : [name]
}

/** The demo's own is on loopback, and needs no saying. */
function privatePeersLine(peers: readonly string[]): readonly string[] {
  const known = ['127.0.0.1/32', '::1/128']
  const others = peers.filter((peer) => !known.includes(peer))
  return others.length > 0 ? [`private addresses that providers name: ${others.join(', ')}`] : []
}

function isLoopback(url: string): boolean {
  return ['127.0.0.1', '[::1]', 'localhost'].includes(new URL(url).hostname)
}

/** Lines to copy, one after the other or all at once, into any shell. */
function firstCalls({ catalog, env, envFile, url, demo }: Started): readonly string[] {
  const local = catalog.hosts.find(({ id }) => id === 'local')
  if (!demo || !local) return []
  const key = local.auth_token_env
  const headers = [
    ...(key === null ? [] : [`-H "X-Outpost-Auth: $${key}"`]),
    '-H "X-Provider: demo"',
  ]
  const call = (what: string) => `curl -iw '\\n' ${headers.join(' ')} ${what}`
  return [
    '',
    'Try it, in another terminal, from this folder:',
    '',
    ...(key === null ? [] : [keyLine(key, envFile, env)]),
    call(shellWord(`${url}/hello`)),
    call(shellWord(`${url}/admin/users`)),
    call(`-d item=book ${shellWord(`${url}/orders`)}`),
    '',
    'The first is allowed (200), and shows what the upstream received: a key that you did not send.',
    'The second is refused (403): providers/demo.yaml denies /admin/**.',
    'The third changes something (201): the host `local` in hosts.yaml may make sensitive calls.',
  ]
}

/** Puts the key into a variable of the shell without showing it. */
function keyLine(name: string, envFile: string, env: Env): string {
  const file = relative(process.cwd(), envFile)
  const plain = readFileSync(envFile, 'utf8').split(/\r?\n/).includes(`${name}=${env[name]}`)
  if (!plain) return `export ${name}=…   (its value is in your environment or in ${file})`
  return `export ${name}="$(sed -n 's/^${name}=//p' ${shellWord(file)})"`
}

function shellWord(text: string): string {
  return /^[\w./:-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
