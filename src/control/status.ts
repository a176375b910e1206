import type { Host, Provider } from '../catalog.ts'
import type { SourceStanding, SourceStatus } from '../sources/status.ts'
import { VERSION } from '../version.ts'
import type { ControlDeps } from './deps.ts'
import type { Handler } from './handler.ts'
import { standings } from './standing.ts'
import type { Standings } from './standing.ts'

/**
 * The operator's view: what is compiled in, the names, never the values, of what is missing, and how
 * things stand in the objects.
 */
export interface Status extends Standings, SourceStanding {
  readonly version: string
  readonly client_ip_source: string | null
  readonly providers: readonly ProviderStatus[]
  readonly hosts: readonly HostStatus[]
}

export interface ProviderStatus {
  readonly name: string
  /** The only tenant that may call it; null: every tenant may. */
  readonly tenant: string | null
  readonly alias_of: string | null
  readonly base_url: string
  readonly mode: string
  readonly auth: string
  readonly ready: boolean
  /** Names: of secrets, of the settings of places where secrets are kept, of a client certificate. */
  readonly missing_secrets: readonly string[]
}

export interface HostStatus {
  readonly id: string
  readonly cidrs: readonly string[]
  readonly can_call_sensitive: boolean
  readonly require_grant: boolean
  readonly key: 'set' | 'missing' | 'not required'
  readonly auth_token_env: string | null
}

export const status: Handler<'status'> = ({ deps }) => statusOf(deps)

async function statusOf(deps: ControlDeps): Promise<Status> {
  const { catalog, settings, tokenProblems } = deps
  const standing = await standings(deps)
  const kept = deps.sources()
  const providers = [...catalog.providers.values()].map((each) =>
    providerStatus(each, kept.sources, deps),
  )
  const hosts = catalog.hosts.map((each) => hostStatus(each, deps))
  return {
    version: VERSION,
    client_ip_source: settings.clientIpSource,
    providers,
    hosts,
    ...standing,
    ...kept,
    problems: [
      ...(settings.clientIpSource ? [] : ['CLIENT_IP_SOURCE is not set: nobody is let in']),
      ...(settings.trustedProxies ? [] : ['TRUSTED_PROXIES has an error: nobody is let in']),
      ...(settings.publicUrl === null ? [NO_ORIGIN] : []),
      ...(hosts.length > 0 ? [] : ['hosts.yaml has no host: nobody is let in']),
      ...providers.filter(({ ready }) => !ready).map(providerProblem),
      ...(await tokenProblems()),
      ...kept.sources.flatMap(sourceProblem),
      ...hosts.filter(({ key }) => key === 'missing').map(hostProblem),
      ...(settings.access && 'problem' in settings.access ? [settings.access.problem] : []),
      ...standing.problems,
    ],
  }
}

const NO_ORIGIN =
  'PUBLIC_URL is no origin such as https://outpost.example.com: it is not used in answers'

function providerStatus(
  provider: Provider,
  sources: readonly SourceStatus[],
  { isSet, hasCertificate }: ControlDeps,
): ProviderStatus {
  const { name, tenant, alias_of, base_url, auth, forwarding, credential, mtls } = provider
  const needed = credential.secrets.filter(({ optional }) => optional !== true)
  const unset = needed.flatMap((ref) => ('env' in ref && !isSet(ref.env) ? [ref.env] : []))
  const uris = needed.flatMap((ref) => ('secret' in ref ? [ref.secret] : []))
  const unread = sources.filter(({ secret }) => uris.includes(secret))
  const settings = unread.flatMap(({ missing_settings }) => missing_settings)
  const unbound = mtls !== null && !hasCertificate(mtls) ? [mtls] : []
  const missing = [...new Set([...unset, ...settings, ...unbound])]
  return {
    name,
    tenant,
    alias_of,
    base_url,
    mode: forwarding.mode,
    auth: auth.type,
    ready: missing.length === 0,
    missing_secrets: missing,
  }
}

function hostStatus(host: Host, { keyOf }: ControlDeps): HostStatus {
  const { id, cidrs, can_call_sensitive, require_grant, auth_token_env } = host
  // The key of a host is a Worker secret: it is compared with before anything may be read.
  const present = keyOf(host) !== null
  return {
    id,
    cidrs,
    can_call_sensitive,
    require_grant,
    key: auth_token_env === null ? 'not required' : present ? 'set' : 'missing',
    auth_token_env,
  }
}

function providerProblem({ name, missing_secrets }: ProviderStatus): string {
  const verb = missing_secrets.length > 1 ? 'are' : 'is'
  return `${name}: ${missing_secrets.join(', ')} ${verb} not set: its calls get 502 PROXY_AUTH_ERROR`
}

/** One that was asked for and could not be read. What is not set is its provider's problem. */
function sourceProblem(source: SourceStatus): string[] {
  const { secret, providers, missing_settings, failure, failed_at, state } = source
  if (failure === null || (failure === 'unconfigured' && missing_settings.length > 0)) return []
  const names = providers.join(', ')
  const so = state === 'none' ? 'calls get 502 PROXY_AUTH_ERROR' : 'the last value is used'
  return [`${names}: ${secret} could not be read at ${failed_at} (${failure}): ${so}`]
}

function hostProblem({ id, auth_token_env }: HostStatus): string {
  return `host ${id}: ${auth_token_env} is not set: its calls get 401`
}
