import { readFileSync } from 'node:fs'
import { relative } from 'node:path'

import type { Catalog, Provider } from '../src/catalog.ts'
import { placeOf } from '../src/identity.ts'
import type { Caller } from '../src/identity.ts'
import { decide } from '../src/policy/decide.ts'
import type { Decision, Denial } from '../src/policy/decide.ts'
import { REFUSALS } from '../src/refusal.ts'
import { readSettings } from '../src/settings.ts'
import { DEMO_URL } from './demo-upstream.ts'
import { readDevVars } from './dev-vars.ts'

type Env = Readonly<Record<string, string>>

/** A server that answers, for somebody on its own machine who has called nothing yet. */
export interface Reachable {
  readonly catalog: Catalog
  /** What the Worker has: secrets, settings and the variables of wrangler.toml. */
  readonly env: Env
  readonly envFile: string
  /** On loopback. */
  readonly url: string
  /** The providers that can be called, in the order in which to propose them. */
  readonly ready: readonly Provider[]
}

/** One call to propose. */
interface Sample {
  readonly method: string
  readonly path: string
  /** Of curl, before the address. */
  readonly flags: string
  /** What to say of it when policy allows it; `sensitive` is policy's word too. */
  readonly allowed: (host: string, sensitive: boolean) => string
}

const SHOW_HEAD = String.raw`-iw '\n'`

const DEMO: readonly Sample[] = [
  {
    method: 'GET',
    path: '/hello',
    flags: SHOW_HEAD,
    allowed: () =>
      'is allowed (200), and shows what the upstream received: a key that you did not send',
  },
  { method: 'GET', path: '/admin/users', flags: SHOW_HEAD, allowed: () => 'is allowed (200)' },
  {
    method: 'POST',
    path: '/orders',
    flags: `${SHOW_HEAD} -d item=book`,
    allowed: (host, sensitive) =>
      `changes something (201): ${sensitive ? `the host \`${host}\` in hosts.yaml may make sensitive calls` : 'the provider does not call that sensitive'}`,
  },
  {
    method: 'GET',
    path: '/events',
    flags: '-N',
    allowed: () => 'is a stream: five events, each shown when it is sent',
  },
]

/**
 * Lines to copy, one after the other or all at once, into any shell, and what each will do; or why
 * no call from this machine would come through. All of it is asked of policy itself.
 */
export function firstCalls(server: Reachable): readonly string[] {
  const door = doorOf(server)
  if ('why' in door) return ['', door.why]
  const { caller, key } = door
  const tried = server.ready.map((provider) => trialOf(provider, caller, server))
  const found = tried.find((each) => each.some(({ decision }) => decision.allow))
  if (!found) return ['', `no call to propose from this machine: ${reasonOf(tried)}`]
  const send = key === null ? '' : `-H "X-Outpost-Auth: $${key}" `
  return [
    '',
    'Try it, in another terminal, from this folder:',
    '',
    ...(key === null ? [] : [keyLine(key, server)]),
    ...found.map(
      ({ provider, sample }) =>
        `curl ${sample.flags} ${send}-H "X-Provider: ${provider.name}" ${shellWord(server.url + sample.path)}`,
    ),
    '',
    ...found.map((each, index) => {
      const which = found.length === 1 ? 'It' : `The ${ORDINALS[index]}`
      return `${which} ${outcome(each, caller)}.`
    }),
  ]
}

const ORDINALS = ['first', 'second', 'third', 'fourth']

interface Trial {
  readonly provider: Provider
  readonly sample: Sample
  readonly decision: Decision
}

/** The caller that somebody on this machine is, or why nobody is let in from here. */
type Door = { readonly caller: Caller; readonly key: string | null } | { readonly why: string }

function doorOf({ catalog, env, url }: Reachable): Door {
  const settings = readSettings({ ...env, CLIENT_IP_SOURCE: 'workerd' })
  const { address, host } = placeOf(fromHere(url), { catalog, settings, keyOf: () => null })
  const here = peerOf(url)
  const refused = (why: string, status = 403) => ({
    why: `calls from this machine are refused (${status}): ${why}`,
  })
  if (!settings.trustedProxies) return refused('TRUSTED_PROXIES has an error')
  if (address === null) {
    return refused(`TRUSTED_PROXIES has ${here}, and so X-Forwarded-For has to say who calls`)
  }
  if (!host) return refused(`no host in hosts.yaml has ${here}`)
  const key = host.auth_token_env
  if (key !== null && !env[key]?.trim()) return refused(`${key} is not set`, 401)
  const nobody = { grant: null, project: null, agent: null, shown: [], pauses: [] }
  const tenant = host.tenant ?? 'default'
  const grantRequired = settings.requireGrant
  return { caller: { ...nobody, host, id: `host ${host.id}`, tenant, address, grantRequired }, key }
}

/** A request as workerd hands it to the Worker when a process of this machine sends it. */
function fromHere(url: string): Request {
  const peer = peerOf(url)
  const clientIp = `${peer.includes(':') ? `[${peer}]` : peer}:1`
  return Object.assign(new Request(url), { cf: { clientIp } })
}

function peerOf(url: string): string {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '')
  return host === 'localhost' ? '127.0.0.1' : host
}

function trialOf(provider: Provider, caller: Caller, { url }: Reachable): readonly Trial[] {
  const request = fromHere(url)
  const asked = (method: string, path: string): Decision =>
    decide(caller, provider, {
      method,
      path,
      query: '',
      named: { by: 'header', name: provider.name },
      request,
    })
  const samples = provider.base_url === DEMO_URL ? DEMO : [readOf(provider, asked)]
  return samples.map((sample) => ({
    provider,
    sample,
    decision: asked(sample.method, sample.path),
  }))
}

/** A GET that the rules of a provider allow, or the one of its root. */
function readOf(
  { base_url, forwarding }: Provider,
  asked: (method: string, path: string) => Decision,
): Sample {
  const named = forwarding.allow.map(({ pattern }) => pattern.replace(/\/\*\*$/, '') || '/')
  const plain = named.filter((path) => /^[\w./-]+$/.test(path))
  const path = ['/', ...plain].find((each) => asked('GET', each).allow) ?? '/'
  return {
    method: 'GET',
    path,
    flags: SHOW_HEAD,
    allowed: () => `goes to ${base_url}${path} with the credential; what it says comes back`,
  }
}

function outcome({ sample, decision, provider }: Trial, { host }: Caller): string {
  if (decision.allow) return sample.allowed(host?.id ?? '', decision.permit.sensitive)
  return `is refused (${REFUSALS[decision.code]}): ${because(decision, provider)}`
}

function because({ code, rule, reason }: Denial, { name }: Provider): string {
  if (code === 'PROXY_PATH_DENIED') return `${reason} (${rule} of the provider ${name})`
  if (code === 'PROXY_SENSITIVE_DENIED') return `it is a sensitive call, and ${rule} is not true`
  if (code === 'PROXY_GRANT_REQUIRED') {
    return `${rule} is true, so it takes a grant: npx outpost grant create --help`
  }
  return reason
}

function reasonOf(tried: readonly (readonly Trial[])[]): string {
  const first = tried[0]?.[0]
  if (!first || first.decision.allow) return 'no provider is ready'
  return because(first.decision, first.provider)
}

/** Puts the key into a variable of the shell without showing it. */
function keyLine(name: string, { envFile, env }: Reachable): string {
  const file = relative(process.cwd(), envFile)
  if (fromFile(envFile)[name] !== env[name]) {
    return `# ${name}: use the value that npm start was given`
  }
  const lines = readFileSync(envFile, 'utf8').split('\n')
  const plain = lines.filter((line) => line.startsWith(`${name}=`))
  if (plain.length !== 1 || plain[0] !== `${name}=${env[name]}`) {
    return `# ${name}: use its value in ${file}`
  }
  return `export ${name}="$(sed -n 's/^${name}=//p' ${shellWord(file)})"`
}

function fromFile(envFile: string): Env {
  try {
    return readDevVars(envFile)
  } catch {
    return {}
  }
}

function shellWord(text: string): string {
  return /^[\w./:-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
