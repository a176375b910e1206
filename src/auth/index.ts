import { apiKeyHeader } from './api_key_header.ts'
import { apiKeyPath } from './api_key_path.ts'
import { apiKeyQuery } from './api_key_query.ts'
import { awsSigV4 } from './aws_sigv4.ts'
import { basicAuth } from './basic_auth.ts'
import { bearerRedis } from './bearer_redis.ts'
import { bearerStatic } from './bearer_static.ts'
import type { Auth } from './config.ts'
import { customHeaders } from './custom_headers.ts'
import { exchange } from './exchange.ts'
import { gcpServiceAccount } from './gcp_service_account.ts'
import { githubApp } from './github_app.ts'
import { hmacSigned } from './hmac_signed.ts'
import { jwtBearer } from './jwt_bearer.ts'
import { mtls } from './mtls.ts'
import { none } from './none.ts'
import { clientCredentials } from './oauth2_client_credentials.ts'
import { refreshToken } from './oauth2_refresh_token.ts'
import type { Plugin } from './plugin.ts'
import { queryParams } from './query_params.ts'
import { signerIn } from './signer.ts'
import type { Schemes, Signer } from './signer.ts'

/** All of them. A Worker has those that its providers name: `src/generated/catalog.ts`. */
export const SCHEMES: Schemes = {
  none,
  bearer_static: bearerStatic,
  api_key_header: apiKeyHeader,
  api_key_query: apiKeyQuery,
  api_key_path: apiKeyPath,
  basic_auth: basicAuth,
  mtls,
  hmac_signed: hmacSigned,
  custom_headers: customHeaders,
  bearer_redis: bearerRedis,
  oauth2_client_credentials: clientCredentials,
  oauth2_refresh_token: refreshToken,
  aws_sigv4: awsSigV4,
  gcp_service_account: gcpServiceAccount,
  github_app: githubApp,
  jwt_bearer: jwtBearer,
  exchange,
  query_params: queryParams,
}

/** A signer, for the build and for tests. */
export function signerOf(auth: Auth, plugin: Plugin | null): Signer {
  return signerIn(SCHEMES, auth, plugin)
}
