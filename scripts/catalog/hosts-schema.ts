import { z } from 'zod'

import type { Host } from '../../src/catalog.ts'
import { cidr } from './cidr.ts'
import { AT_KEY } from './exactly-one.ts'
import { providerName } from './provider-name.ts'
import { tenantName } from './schema.ts'
import { envName } from './secret-ref.ts'
import { checked, flag, given, list, text } from './value.ts'

const range = checked('an address or a range such as 10.0.1.0/24', cidr)

const hostShape = {
  id: text({ what: 'a name', test: /^\P{Cc}{1,128}$/u, show: true }),
  cidrs: list(range),
  can_call_sensitive: flag.optional(),
  /** What `can_call_sensitive` was called before. */
  can_trade: flag.optional(),
  auth_token_env: envName.optional(),
  description: text({ what: 'text' }).default(''),
  providers: z.array(providerName).optional(),
  tenant: tenantName.optional(),
  require_grant: flag.default(false),
}

type Found = z.infer<z.ZodObject<typeof hostShape>>

const host = z.preprocess(
  // `providers: null` looks like "none" and would mean "all".
  (found) => given(found, [], ['providers']),
  z
    .strictObject(hostShape)
    .superRefine(checkRights)
    .refine(({ cidrs }) => cidrs.length > 0, { path: ['cidrs'], error: 'expected a range or more' })
    .transform((found): Host => ({
      id: found.id,
      cidrs: [...new Set(found.cidrs)],
      can_call_sensitive: found.can_call_sensitive ?? found.can_trade ?? false,
      auth_token_env: found.auth_token_env ?? null,
      description: found.description,
      providers: found.providers ?? null,
      tenant: found.tenant ?? null,
      require_grant: found.require_grant,
    })),
)

/** `hosts.yaml` with its defaults. */
export const hostsFile: z.ZodType<readonly Host[]> = z.preprocess(
  (found) => given(found, ['hosts']),
  z.strictObject({ hosts: list(host).default([]) }).transform(({ hosts }) => hosts),
)

function checkRights({ can_call_sensitive, can_trade }: Found, context: z.RefinementCtx): void {
  if (can_trade === undefined || can_call_sensitive === undefined) return
  if (can_trade === can_call_sensitive) return
  const message = 'says the opposite of "can_call_sensitive"; remove it'
  context.addIssue({ code: 'custom', path: ['can_trade'], message, params: AT_KEY })
}
