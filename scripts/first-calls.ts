import type { Catalog, Provider } from '../src/catalog.ts'
import { placeOf } from '../src/identity.ts'
import type { Caller } from '../src/identity.ts'
import { decide } from '../src/policy/decide.ts'
import type { Decision, Denial } from '../src/policy/decision.ts'
import { REFUSALS } from '../src/refusal.ts'
import { readSettings } from '../src/settings.ts'
import { DEMO_URL } from './demo-upstream.ts'
import { firstGrant, followLine, grantLines } from './first-grant.ts'
import { keyLine, shellWord } from './first-key.ts'
import type { Kept } from './first-key.ts'

/** A server that answers, for somebody on its own machine who has called nothing yet. */
export interface Reachable extends Kept {
  readonly catalog: Catalog
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
  const parts = [withKey(tried.find(isAllowed), key, server)]
  const isAdmin = Boolean(server.env['OUTPOST_ADMIN_TOKEN']?.trim())
  if (isAdmin) parts.push(withGrant(parts[0]?.trials[0], caller, server))
  const trials = parts.flatMap((part) => part.trials)
  if (trials.length === 0) {
    return ['', `no call to propose from this machine: ${reasonOf(tried)}`]
  }
  return [
    '',
    'Try it, in another terminal, from this folder:',
    '',
    `export OUTPOST_URL=${shellWord(server.url)}`,
    ...parts.flatMap(({ lines }) => lines),
    '',
    ...trials.map((each, index) => {
      const which = trials.length === 1 ? 'It' : `The ${ORDINALS[index]}`
      return `${which} ${outcome(each)}.`
    }),
    isAdmin
      ? 'The audit has each of them, and why it ended so; it goes on until Ctrl-C.'
      : 'No grant to try: OUTPOST_ADMIN_TOKEN is not set.',
  ]
}

/** Lines to copy, and the calls among them. */
interface Part {
  readonly lines: readonly string[]
  readonly trials: readonly Trial[]
}

const NOTHING: Part = { lines: [], trials: [] }

function withKey(trials: readonly Trial[] | undefined, key: string | null, server: Kept): Part {
  if (!trials) return NOTHING
  const lines = trials.map((trial) => curl(trial, key))
  return { trials, lines: key === null ? lines : [keyLine(key, server), ...lines] }
}

/** What an agent with a grant can do that was not shown by key: be refused, best of all. */
function withGrant(shown: Trial | undefined, caller: Caller, server: Reachable): Part {
  for (const provider of shown ? [shown.provider] : server.ready) {
    const grant = firstGrant(provider.name, caller.tenant)
    const all = trialOf(provider, { ...caller, grant, agent: grant.agent }, server)
    const allowed = all.find(({ decision }) => decision.allow)
    if (!allowed) continue
    const refused = all.filter(isRefusedByGrant).slice(0, 1)
    const trials = shown && refused.length > 0 ? refused : [allowed, ...refused]
    const lines = trials.map((trial) => curl(trial, 'OUTPOST_TOKEN'))
    return { trials, lines: [...grantLines(grant, server), ...lines, followLine(grant)] }
  }
  return NOTHING
}

function isRefusedByGrant({ decision }: Trial): boolean {
  return !decision.allow && decision.code === 'PROXY_GRANT_DENIED'
}

const ORDINALS = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth']

function isAllowed(trials: readonly Trial[]): boolean {
  return trials.some(({ decision }) => decision.allow)
}

/** `key`: the variable of the shell that has it. */
function curl({ provider, sample }: Trial, key: string | null): string {
  const send = key === null ? '' : `-H "X-Outpost-Auth: $${key}" `
  return `curl ${sample.flags} ${send}"$OUTPOST_URL/p/${provider.name}${sample.path}"`
}

interface Trial {
  readonly caller: Caller
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
  const nobody = {
    grant: null,
    project: null,
    agent: null,
    shown: [],
    keys: [],
    pauses: [],
    carriers: { headers: [], params: [] },
  }
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

/** A call that needs a body to be decided is none to show. */
const UNREAD: Decision = {
  allow: false,
  code: 'PROXY_BAD_REQUEST',
  message: '',
  rule: 'unreadable',
  reason: 'it depends on the body',
  sensitive: false,
  operation: null,
}

function trialOf(provider: Provider, caller: Caller, { url }: Reachable): readonly Trial[] {
  const request = fromHere(url)
  const asked = (method: string, path: string): Decision => {
    const named = { by: 'header', name: provider.name } as const
    const decision = decide(caller, provider, { method, path, query: '', named, request }, null)
    return decision.allow === null ? UNREAD : decision
  }
  const samples = provider.base_url === DEMO_URL ? DEMO : [readOf(provider, asked)]
  return samples.map((sample) => ({
    caller,
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

function outcome({ sample, decision, provider, caller: { host, grant } }: Trial): string {
  const who = grant ? 'has a grant to read, and ' : ''
  if (decision.allow) return who + sample.allowed(host?.id ?? '', decision.permit.sensitive)
  return `${who}is refused (${REFUSALS[decision.code]}): ${because(decision, provider)}`
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
