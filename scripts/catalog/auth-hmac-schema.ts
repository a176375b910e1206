import { z } from 'zod'

import type { HmacSignedAuth } from '../../src/auth/scheme.ts'
import { envName, paramName, statuses } from './auth-value.ts'
import { distinctPlaces } from './distinct.ts'
import { settableHeader } from './header-name.ts'
import { choice } from './value.ts'

export const hmacSigned = z
  .strictObject({
    type: z.literal('hmac_signed'),
    key_env: envName,
    secret_env: envName,
    key_header: settableHeader.default('X-MBX-APIKEY'),
    signature_header: settableHeader.optional(),
    signature_param: paramName.default('signature'),
    timestamp_header: settableHeader.optional(),
    timestamp_param: paramName.default('timestamp'),
    digest: choice(['sha256', 'sha512']).default('sha256'),
    payload: choice(['query', 'body', 'query+body']).default('query'),
    invalidate_on: statuses(401),
  })
  .superRefine(distinctPlaces('key_header', 'signature_header', 'timestamp_header'))
  .superRefine(distinctPlaces('signature_param', 'timestamp_param'))
  .transform(
    ({ key_env, secret_env, signature_header, timestamp_header, ...rest }): HmacSignedAuth => ({
      type: rest.type,
      key: { env: key_env },
      secret: { env: secret_env },
      key_header: rest.key_header,
      signature_header: signature_header ?? null,
      signature_param: rest.signature_param,
      timestamp_header: timestamp_header ?? null,
      timestamp_param: rest.timestamp_param,
      digest: rest.digest,
      payload: rest.payload,
      invalidate_on: rest.invalidate_on,
    }),
  )
