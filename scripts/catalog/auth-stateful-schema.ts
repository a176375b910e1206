import { z } from 'zod'

import type {
  BearerRedisAuth,
  ClientCredentialsAuth,
  RefreshTokenAuth,
} from '../../src/auth/scheme.ts'
import { envName, headerKeys, line, statuses } from './auth-value.ts'
import { endpointUrl } from './base-url.ts'
import { ALWAYS, exactlyOne } from './exactly-one.ts'
import { checked, choice, list, text, whole } from './value.ts'

const tokenUrl = checked('the URL of the token endpoint', endpointUrl)
const clientAuth = choice(['post', 'basic']).default('post')
const code = text({ what: 'a code' })
const jsonPath = text({
  what: 'dotted keys such as errors[].code',
  test: /^[\w-]+(?:\[\])?(?:\.[\w-]+(?:\[\])?)*$/,
  show: true,
})

const bodyCodes = z.strictObject({ json_path: jsonPath, codes: list(code) })

/** The names are Redis's for the sake of files that serve the older Outpost too. */
export const bearerRedis = z
  .strictObject({
    type: z.enum(['bearer_redis', 'bearer_kv']),
    redis_key: line.optional(),
    key: line.optional(),
    env_seed: envName.optional(),
    ...headerKeys('Authorization', 'Bearer '),
    invalidate_on: statuses(401),
    invalidate_on_body_codes: bodyCodes.optional(),
  })
  .superRefine(exactlyOne('redis_key', 'key'), ALWAYS)
  .transform(({ redis_key, key, env_seed, ...rest }): BearerRedisAuth => ({
    type: 'bearer_redis',
    key: redis_key ?? key ?? '',
    seed: env_seed === undefined ? null : { env: env_seed, optional: true },
    header: rest.header,
    prefix: rest.prefix,
    body_codes: rest.invalidate_on_body_codes ?? null,
    invalidate_on: rest.invalidate_on,
  }))

const tokenEndpoint = {
  client_id_env: envName,
  token_url: tokenUrl,
  client_auth: clientAuth,
  scope: line.optional(),
  redis_key: line.optional(),
  ...headerKeys('Authorization', 'Bearer '),
  ttl_fallback: whole(1).default(3600),
  invalidate_on: statuses(401),
}

/** RFC 6749 §4.4. */
export const clientCredentials = z
  .strictObject({
    type: z.literal('oauth2_client_credentials'),
    ...tokenEndpoint,
    client_secret_env: envName,
    audience: line.optional(),
  })
  .transform(({ client_id_env, client_secret_env, ...rest }): ClientCredentialsAuth => ({
    ...rest,
    client_id: { env: client_id_env },
    client_secret: { env: client_secret_env },
    scope: rest.scope ?? null,
    audience: rest.audience ?? null,
    redis_key: rest.redis_key ?? null,
  }))

/** RFC 6749 §6, beginning with the refresh token that an operator got once. */
export const refreshToken = z
  .strictObject({
    type: z.literal('oauth2_refresh_token'),
    ...tokenEndpoint,
    client_secret_env: envName.optional(),
    refresh_token_env: envName,
  })
  .transform(
    ({ client_id_env, client_secret_env, refresh_token_env, ...rest }): RefreshTokenAuth => ({
      ...rest,
      client_id: { env: client_id_env },
      client_secret: client_secret_env === undefined ? null : { env: client_secret_env },
      refresh_token: { env: refresh_token_env },
      scope: rest.scope ?? null,
      redis_key: rest.redis_key ?? null,
    }),
  )
