import * as v from 'valibot'

import {
  agent,
  cidr,
  lifetime,
  list,
  method,
  note,
  pattern,
  project,
  provider,
  tenant,
  whole,
} from './fields.ts'

const MAX_RULES = 200
const MAX_WINDOW_MS = 31 * 24 * 3_600_000

/** An entry of `allow`, with the same choice of words that a provider file has. */
export const rule = v.pipe(
  v.strictObject(
    {
      method: v.exactOptional(method),
      methods: v.exactOptional(list(method, 1, 40)),
      pattern: v.exactOptional(pattern),
      path: v.exactOptional(pattern),
    },
    'a rule: a method and a pattern',
  ),
  v.check((each) => 'method' in each !== 'methods' in each, 'either "method" or "methods"'),
  v.check((each) => 'pattern' in each !== 'path' in each, 'either "pattern" or "path"'),
  v.transform((each) => ({
    methods: [...new Set(each.methods ?? (each.method === undefined ? [] : [each.method]))],
    pattern: each.pattern ?? each.path ?? '',
  })),
)

export const access = v.picklist(['read', 'write'], '"read" or "write"')

const grantedProvider = v.strictObject({
  provider,
  access,
  allow: v.exactOptional(v.nullable(list(rule, 1, MAX_RULES)), null),
  deny: v.exactOptional(list(pattern, 0, MAX_RULES), []),
})

const window = v.strictObject({
  capacity: whole(1, 1_000_000),
  window_ms: whole(1, MAX_WINDOW_MS),
})

const providers = v.pipe(
  list(grantedProvider, 1, 50),
  v.check(
    (all) => new Set(all.map((each) => each.provider)).size === all.length,
    'each provider once',
  ),
)

/** `POST /_outpost/grants`: docs/operate.md says what each means. */
export const newGrantBody = v.strictObject({
  tenant: v.exactOptional(tenant, 'default'),
  project: v.exactOptional(v.nullable(project), null),
  agent,
  providers,
  cidrs: v.exactOptional(list(cidr, 0, 100), []),
  expires_in: lifetime,
  max_calls: v.exactOptional(v.nullable(whole(1, 1_000_000_000)), null),
  rate_limits: v.exactOptional(list(window, 0, 8), []),
  approval: v.exactOptional(
    v.picklist(['none', 'sensitive', 'all'], '"none", "sensitive" or "all"'),
    'none',
  ),
  approval_hold_seconds: v.exactOptional(whole(0, 60), 0),
  note: v.exactOptional(note, ''),
})

/** A grant as an operator asks for it, with every default filled in. */
export type NewGrantBody = v.InferOutput<typeof newGrantBody>
