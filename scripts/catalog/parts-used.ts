import type { BuiltIn } from '../../src/auth/signer.ts'
import type { Provider } from '../../src/catalog.ts'
import type { Protocols } from '../../src/protocols/table.ts'

/** A part of the Worker that is compiled in when a provider needs it: its file in `src`, and its name there. */
export interface Part {
  readonly file: string
  readonly name: string
}

const auth = (file: string, name: string): Part => ({ file: `auth/${file}.ts`, name })

/** Held to `src/auth/index.ts` by a test. */
export const SCHEME_PARTS: Readonly<Record<BuiltIn['type'], Part>> = {
  none: auth('none', 'none'),
  bearer_static: auth('bearer_static', 'bearerStatic'),
  api_key_header: auth('api_key_header', 'apiKeyHeader'),
  api_key_query: auth('api_key_query', 'apiKeyQuery'),
  api_key_path: auth('api_key_path', 'apiKeyPath'),
  basic_auth: auth('basic_auth', 'basicAuth'),
  mtls: auth('mtls', 'mtls'),
  hmac_signed: auth('hmac_signed', 'hmacSigned'),
  custom_headers: auth('custom_headers', 'customHeaders'),
  bearer_redis: auth('bearer_redis', 'bearerRedis'),
  oauth2_client_credentials: auth('oauth2_client_credentials', 'clientCredentials'),
  aws_sigv4: auth('aws_sigv4', 'awsSigV4'),
  oauth2_refresh_token: auth('oauth2_refresh_token', 'refreshToken'),
  gcp_service_account: auth('gcp_service_account', 'gcpServiceAccount'),
  github_app: auth('github_app', 'githubApp'),
  jwt_bearer: auth('jwt_bearer', 'jwtBearer'),
  exchange: auth('exchange', 'exchange'),
  query_params: auth('query_params', 'queryParams'),
}

/** What a protocol is in, and which providers need it. */
export const PROTOCOL_PARTS: Readonly<
  Record<keyof Protocols, Part & { readonly isUsed: (provider: Provider) => boolean }>
> = {
  git: { file: 'protocols/git.ts', name: 'git', isUsed: ({ git }) => git !== null },
  graphql: {
    file: 'protocols/graphql.ts',
    name: 'graphql',
    isUsed: ({ graphql }) => graphql !== null,
  },
  mcp: { file: 'protocols/mcp.ts', name: 'mcp', isUsed: ({ mcp }) => mcp !== null },
  aws: { file: 'protocols/aws.ts', name: 'aws', isUsed: (each) => each.auth.type === 'aws_sigv4' },
}
