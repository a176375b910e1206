import { z } from 'zod'

import type { AwsSigV4Auth } from '../../src/auth/config.ts'
import { statuses } from './auth-value.ts'
import { ALWAYS } from './exactly-one.ts'
import { spelled, spelledAtMostOnce, spelledOnce, spellings } from './secret-ref.ts'
import { text } from './value.ts'

const region = text({
  what: 'a region such as eu-central-1 or auto',
  test: /^[a-z0-9][a-z0-9-]{0,62}$/,
  show: true,
})

const service = text({
  what: 'a service as signatures name it, such as s3 or dynamodb',
  test: /^[a-z0-9][a-z0-9-]{0,62}$/,
  show: true,
})

export const awsSigV4 = z
  .strictObject({
    type: z.literal('aws_sigv4'),
    ...spellings('access_key_id'),
    ...spellings('secret_access_key'),
    ...spellings('session_token'),
    region: region.optional(),
    service: service.optional(),
    invalidate_on: statuses(401, 403),
  })
  .superRefine(spelledOnce('access_key_id'), ALWAYS)
  .superRefine(spelledOnce('secret_access_key'), ALWAYS)
  .superRefine(spelledAtMostOnce('session_token'), ALWAYS)
  .transform((found): AwsSigV4Auth => ({
    type: found.type,
    access_key_id: spelled(found.access_key_id_env, found.access_key_id),
    secret_access_key: spelled(found.secret_access_key_env, found.secret_access_key),
    session_token:
      found.session_token_env === undefined && !found.session_token
        ? null
        : spelled(found.session_token_env, found.session_token),
    region: found.region ?? null,
    service: found.service ?? null,
    invalidate_on: found.invalidate_on,
  }))
