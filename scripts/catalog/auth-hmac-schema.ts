import { z } from 'zod'

import type { HmacSignedAuth } from '../../src/auth/config.ts'
import { paramName, statuses } from './auth-value.ts'
import { distinctPlaces } from './distinct.ts'
import { ALWAYS } from './exactly-one.ts'
import { settableHeader } from './header-name.ts'
import { spelled, spelledOnce, spellings } from './secret-ref.ts'
import { choice } from './value.ts'

export const hmacSigned = z
  .strictObject({
    type: z.literal('hmac_signed'),
    ...spellings('key'),
    ...spellings('secret'),
    key_header: settableHeader.default('X-MBX-APIKEY'),
    signature_header: settableHeader.optional(),
    signature_param: paramName.default('signature'),
    timestamp_header: settableHeader.optional(),
    timestamp_param: paramName.default('timestamp'),
    digest: choice(['sha256', 'sha512']).default('sha256'),
    payload: choice(['query', 'body', 'query+body']).default('query'),
    invalidate_on: statuses(401),
  })
  .superRefine(spelledOnce('key'), ALWAYS)
  .superRefine(spelledOnce('secret'), ALWAYS)
  .superRefine(distinctPlaces('key_header', 'signature_header', 'timestamp_header'))
  .superRefine(distinctPlaces('signature_param', 'timestamp_param'))
  .transform((found): HmacSignedAuth => ({
    type: found.type,
    key: spelled(found.key_env, found.key),
    secret: spelled(found.secret_env, found.secret),
    key_header: found.key_header,
    signature_header: found.signature_header ?? null,
    signature_param: found.signature_param,
    timestamp_header: found.timestamp_header ?? null,
    timestamp_param: found.timestamp_param,
    digest: found.digest,
    payload: found.payload,
    invalidate_on: found.invalidate_on,
  }))
