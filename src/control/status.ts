import type { Host, Provider } from '../catalog.ts'
import { VERSION } from '../version.ts'
import type { ControlDeps } from './deps.ts'
import type { Handler } from './handler.ts'
import { standings } from './standing.ts'
import type { Standings } from './standing.ts'

/**
 * The operator's view: what is compiled in, the names, never the values, of what is missing, and how
 * things stand in the objects.
 */
export interface Status extends Standings {
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
  const { catalog, settings, isSet, tokenProblems } = deps
  const standing = await standings(deps)
  const providers = [...catalog.providers.values()].map((each) => providerStatus(each, isSet))
  const hosts = catalog.hosts.map((each) => hostStatus(each, isSet))
  return {
    version: VERSION,
    client_ip_source: settings.clientIpSource,
    providers,
    hosts,
    ...standing,
    problems: [
      ...(settings.clientIpSource ? [] : ['CLIENT_IP_SOURCE is not set: nobody is let in']),
      ...(settings.trustedProxies ? [] : ['TRUSTED_PROXIES has an error: nobody is let in']),
      ...(hosts.length > 0 ? [] : ['hosts.yaml has no host: nobody is let in']),
      ...providers.filter(({ ready }) => !ready).map(providerProblem),
      ...(await tokenProblems()),
      ...hosts.filter(({ key }) => key === 'missing').map(hostProblem),
      ...(settings.access && 'problem' in settings.access ? [settings.access.problem] : []),
      ...standing.problems,
    ],
  }
}

function providerStatus(provider: Provider, isSet: (name: string) => boolean): ProviderStatus {
  const { name, tenant, alias_of, base_url, auth, forwarding, credential } = provider
  const missing = credential.secrets.flatMap((ref) =>
    'env' in ref && ref.optional !== true && !isSet(ref.env) ? [ref.env] : [],
  )
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

function hostStatus(host: Host, isSet: (name: string) => boolean): HostStatus {
  const { id, cidrs, can_call_sensitive, require_grant, auth_token_env } = host
  const present = auth_token_env !== null && isSet(auth_token_env)
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
  return `${name}: ${missing_secrets.join(', ')} is not set: its calls get 502 PROXY_AUTH_ERROR`
}

function hostProblem({ id, auth_token_env }: HostStatus): string {
  return `host ${id}: ${auth_token_env} is not set: its calls get 401`
}
