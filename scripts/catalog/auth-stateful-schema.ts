import { z } from 'zod'

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

/** Validated, so that a file is right already when the scheme comes; see `isBuilt`. */
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

/** RFC 6749 §4.4. */
export const clientCredentials = z.strictObject({
  type: z.literal('oauth2_client_credentials'),
  client_id_env: envName,
  client_secret_env: envName,
  token_url: tokenUrl,
  client_auth: clientAuth,
  scope: line.optional(),
  audience: line.optional(),
  redis_key: line.optional(),
  ...headerKeys('Authorization', 'Bearer '),
  ttl_fallback: whole(1).default(3600),
  invalidate_on: statuses(401),
})

/** RFC 6749 §6, beginning with the refresh token that an operator got once. */
export const refreshToken = z.strictObject({
  type: z.literal('oauth2_refresh_token'),
  client_id_env: envName,
  client_secret_env: envName.optional(),
  refresh_token_env: envName,
  token_url: tokenUrl,
  client_auth: clientAuth,
  scope: line.optional(),
  redis_key: line.optional(),
  ...headerKeys('Authorization', 'Bearer '),
  ttl_fallback: whole(1).default(3600),
  invalidate_on: statuses(401),
})
