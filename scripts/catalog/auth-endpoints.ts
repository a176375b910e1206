import type { Auth, GcpServiceAccountAuth } from '../../src/auth/config.ts'

/** An address that a scheme asks beside the provider's own. */
export interface Endpoint {
  /** The key of `auth` that it stands at. */
  readonly key: string
  readonly url: string
  /** What of it answers with a credential: a URL, with `*` for a segment. */
  readonly mints: string
}

/** Every address that a credential, or what is made of one, is sent to before the first call. */
export function endpointsOf(auth: Auth): readonly Endpoint[] {
  if (auth.type === 'gcp_service_account') return googleOf(auth)
  if (auth.type === 'exchange') return [{ key: 'url', url: auth.url, mints: auth.url }]
  if (auth.type === 'github_app') {
    const { api_url: url } = auth
    return [{ key: 'api_url', url, mints: `${url}/app/installations/*/access_tokens` }]
  }
  return 'token_url' in auth
    ? [{ key: 'token_url', url: auth.token_url, mints: auth.token_url }]
    : []
}

function googleOf({
  audience,
  token_url,
  iam_url,
  impersonate,
}: GcpServiceAccountAuth): readonly Endpoint[] {
  if (audience !== null) return []
  const first = { key: 'token_url', url: token_url, mints: token_url }
  if (impersonate === null) return [first]
  const mints = `${iam_url}/v1/projects/*/serviceAccounts/*:generateAccessToken`
  return [first, { key: 'iam_url', url: iam_url, mints }]
}
