import { z } from 'zod'

import type {
  BearerRedisAuth,
  ClientCredentialsAuth,
  RefreshTokenAuth,
} from '../../src/auth/config.ts'
import { headerKeys, jsonPath, line, statuses } from './auth-value.ts'
import { endpointUrl } from './base-url.ts'
import { ALWAYS, AT_KEY, atMostOne, exactlyOne } from './exactly-one.ts'
import { envName, spelled, spelledAtMostOnce, spelledOnce, spellings } from './secret-ref.ts'
import { checked, choice, list, text, whole } from './value.ts'

const tokenUrl = checked('the URL of the token endpoint', endpointUrl)
const clientAuth = choice(['post', 'basic']).default('post')
const code = text({ what: 'a code' })
const { seed: seedMap } = spellings('seed')

const bodyCodes = z.strictObject({ json_path: jsonPath, codes: list(code) })

/** The names are Redis's for the sake of files that serve the older Outpost too. */
export const bearerRedis = z
  .strictObject({
    type: z.enum(['bearer_redis', 'bearer_kv']),
    redis_key: line.optional(),
    key: line.optional(),
    env_seed: envName.optional(),
    seed: seedMap.optional(),
    ...headerKeys('Authorization', 'Bearer '),
    invalidate_on: statuses(401),
    invalidate_on_body_codes: bodyCodes.optional(),
  })
  .superRefine(exactlyOne('redis_key', 'key'), ALWAYS)
  .superRefine(atMostOne('env_seed', 'seed'), ALWAYS)
  .transform(({ redis_key, key, env_seed, seed, ...rest }): BearerRedisAuth => ({
    type: 'bearer_redis',
    key: redis_key ?? key ?? '',
    seed: env_seed === undefined && !seed ? null : { ...spelled(env_seed, seed), optional: true },
    header: rest.header,
    prefix: rest.prefix,
    body_codes: rest.invalidate_on_body_codes ?? null,
    invalidate_on: rest.invalidate_on,
  }))

const tokenEndpoint = {
  ...spellings('client_id'),
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
    ...spellings('client_secret'),
    audience: line.optional(),
  })
  .superRefine(spelledOnce('client_id'), ALWAYS)
  .superRefine(spelledOnce('client_secret'), ALWAYS)
  .transform(({ client_id_env, client_secret_env, ...rest }): ClientCredentialsAuth => ({
    ...rest,
    client_id: spelled(client_id_env, rest.client_id),
    client_secret: spelled(client_secret_env, rest.client_secret),
    scope: rest.scope ?? null,
    audience: rest.audience ?? null,
    redis_key: rest.redis_key ?? null,
  }))

/** RFC 6749 §6, beginning with the refresh token that an operator got once. */
export const refreshToken = z
  .strictObject({
    type: z.literal('oauth2_refresh_token'),
    ...tokenEndpoint,
    ...spellings('client_secret'),
    ...spellings('refresh_token'),
  })
  .superRefine(spelledOnce('client_id'), ALWAYS)
  .superRefine(spelledAtMostOnce('client_secret'), ALWAYS)
  .superRefine(spelledOnce('refresh_token'), ALWAYS)
  .superRefine(withoutPrevious('client_id', 'client_secret', 'refresh_token'), ALWAYS)
  .transform(
    ({ client_id_env, client_secret_env, refresh_token_env, ...rest }): RefreshTokenAuth => ({
      ...rest,
      client_id: spelled(client_id_env, rest.client_id),
      client_secret:
        client_secret_env === undefined && !rest.client_secret
          ? null
          : spelled(client_secret_env, rest.client_secret),
      refresh_token: spelled(refresh_token_env, rest.refresh_token),
      scope: rest.scope ?? null,
      redis_key: rest.redis_key ?? null,
    }),
  )

/** The newest refresh token is kept under the first one's name: with another it would be lost. */
function withoutPrevious(...names: readonly string[]) {
  return (found: Readonly<Record<string, unknown>>, context: z.RefinementCtx): void => {
    for (const name of names) {
      const ref = found[name]
      if (typeof ref !== 'object' || ref === null || !('previous' in ref)) continue
      const message =
        'oauth2_refresh_token has no previous value: set the new one in place of the old'
      context.addIssue({ code: 'custom', path: [name, 'previous'], message, params: AT_KEY })
    }
  }
}
