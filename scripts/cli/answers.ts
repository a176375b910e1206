import * as v from 'valibot'

import { EXIT, Failure } from './exit.ts'

/**
 * What is read of the server's answers. Loose on purpose: a newer server may say more, and what is
 * missing is shown as missing. Times are ISO 8601 text.
 */
const text = v.nullish(v.string(), null)
const number = v.nullish(v.number(), null)
const texts = v.nullish(v.array(v.string()), [])

export const Rule = v.object({
  methods: texts,
  method: v.nullish(v.union([v.string(), v.array(v.string())]), []),
  pattern: v.string(),
})

const GrantView = v.object({
  id: v.string(),
  tenant: v.string(),
  project: text,
  agent: v.string(),
  state: v.nullish(v.string(), 'unknown'),
  providers: v.array(
    v.object({
      provider: v.string(),
      access: v.nullish(v.string(), 'read'),
      allow: v.nullish(v.array(Rule), null),
      deny: texts,
    }),
  ),
  cidrs: texts,
  created_at: v.string(),
  expires_at: v.string(),
  revoked_at: text,
  max_calls: number,
  rate_limits: v.nullish(v.array(v.object({ capacity: v.number(), window_ms: v.number() })), []),
  approval: v.nullish(v.string(), 'none'),
  approval_hold_seconds: number,
  note: v.nullish(v.string(), ''),
  tokens: v.nullish(v.array(v.object({ created_at: v.string(), valid_until: text })), []),
  widened: v.nullish(
    v.array(
      v.object({
        id: v.string(),
        provider: v.string(),
        access: v.nullish(v.string(), 'read'),
        allow: v.nullish(v.array(Rule), null),
        until: text,
      }),
    ),
    [],
  ),
})
export type GrantView = v.InferOutput<typeof GrantView>

export const OneGrant = v.object({ grant: GrantView })
export const NewToken = v.object({ grant: GrantView, token: v.string() })
export const Grants = v.object({ grants: v.array(GrantView), next: text })

const ApprovalView = v.looseObject({
  id: v.string(),
  state: v.string(),
  tenant: v.string(),
  project: text,
  agent: v.string(),
  grant: text,
  grant_note: v.nullish(v.string(), ''),
  provider: v.string(),
  host: text,
  method: v.string(),
  path: v.string(),
  pattern: text,
  query_keys: texts,
  operation: text,
  summary: v.nullish(v.string(), ''),
  created_at: v.string(),
  expires_at: v.string(),
  scope: text,
  decided_at: text,
  decided_by: text,
  used_at: text,
})
export type ApprovalView = v.InferOutput<typeof ApprovalView>

export const OneApproval = v.object({ approval: ApprovalView })
export const Approvals = v.object({ approvals: v.array(ApprovalView) })

/** One line of the audit, of whatever kind: a call, a change by an operator, a count of refusals. */
const FlatEvent = v.looseObject({
  kind: v.nullish(v.string(), 'call'),
  seq: number,
  at: text,
  recorded: text,
  tenant: text,
  project: text,
  agent: text,
  host: text,
  provider: text,
  operation: text,
  method: text,
  path: text,
  query_keys: texts,
  decision: text,
  reason: text,
  rule: text,
  code: text,
  status: number,
})

/** The same of a raw record of the chain, whose event lies one level deeper. */
export const EventView = v.pipe(
  v.looseObject({ event: v.nullish(v.looseObject({}), {}) }),
  v.transform(({ event, ...rest }) => ({ ...event, ...rest })),
  FlatEvent,
)
export type EventView = v.InferOutput<typeof FlatEvent>

export const Events = v.object({ events: v.array(EventView), next: text })

const Head = v.object({ seq: v.number(), hash: v.string() })

const Fault = v.object({ seq: number, through: number, what: v.string() })
export type Fault = v.InferOutput<typeof Fault>

export const Verified = v.object({
  ok: v.boolean(),
  tenant: v.string(),
  records: v.number(),
  from: v.nullish(Head, null),
  head: v.nullish(Head, null),
  faults: v.array(Fault),
})

const Pause = v.object({
  scope: v.looseObject({}),
  tenants: texts,
  since: v.nullish(v.union([v.string(), v.number()]), null),
  by: text,
  note: v.nullish(v.string(), ''),
})
export type Pause = v.InferOutput<typeof Pause>

export const Paused = v.object({ paused: v.array(Pause) })

export const Simulated = v.object({
  decision: v.object({
    allow: v.boolean(),
    code: text,
    reason: text,
    rule: text,
    sensitive: v.nullish(v.boolean(), null),
    category: text,
    approval: v.nullish(v.union([v.string(), v.boolean()]), null),
    needs_body: v.nullish(v.boolean(), false),
  }),
  steps: v.array(
    v.object({
      step: v.string(),
      ok: v.nullish(v.boolean(), null),
      detail: v.nullish(v.string(), ''),
    }),
  ),
})
export type Simulated = v.InferOutput<typeof Simulated>

const count = v.nullish(v.number(), 0)

const Level = v.object({ capacity: v.number(), window_ms: v.number(), remaining: number })
export type Level = v.InferOutput<typeof Level>

export const StatusView = v.object({
  version: v.nullish(v.string(), 'unknown'),
  providers: v.nullish(
    v.array(
      v.object({
        name: v.string(),
        mode: v.nullish(v.string(), ''),
        auth: v.nullish(v.string(), ''),
        ready: v.nullish(v.boolean(), null),
        missing_secrets: texts,
      }),
    ),
    [],
  ),
  hosts: v.nullish(
    v.array(
      v.object({
        id: v.string(),
        cidrs: texts,
        can_call_sensitive: v.nullish(v.boolean(), false),
        require_grant: v.nullish(v.boolean(), false),
        key: v.nullish(v.string(), ''),
      }),
    ),
    [],
  ),
  sources: v.nullish(
    v.array(
      v.object({
        secret: v.string(),
        providers: texts,
        missing_settings: texts,
        state: v.nullish(v.string(), ''),
        read_at: v.nullish(v.string(), null),
        failure: v.nullish(v.string(), null),
        failed_at: v.nullish(v.string(), null),
      }),
    ),
    [],
  ),
  rotations: v.nullish(
    v.array(
      v.object({
        provider: v.string(),
        live: v.nullish(v.string(), ''),
        since: v.nullish(v.string(), null),
        missing_previous: texts,
      }),
    ),
    [],
  ),
  problems: texts,
  tenants: v.nullish(
    v.array(
      v.object({
        tenant: v.string(),
        grants: v.nullish(v.object({ active: count, expired: count, revoked: count }), {}),
        approvals: v.nullish(v.object({ pending: count }), {}),
        records: count,
        bytes: count,
      }),
    ),
    [],
  ),
  pauses: v.nullish(v.array(Pause), []),
  limits: v.nullish(
    v.array(
      v.object({
        provider: v.string(),
        category: v.string(),
        cooldown_until: v.nullish(v.union([v.string(), v.number()]), null),
        levels: v.nullish(v.array(Level), []),
      }),
    ),
    [],
  ),
})
export type StatusView = v.InferOutput<typeof StatusView>

/**
 * An answer read by its schema.
 * @throws Failure: it is not of that form. The value is not shown.
 */
export function read<const S extends v.GenericSchema>(
  schema: S,
  answer: unknown,
): v.InferOutput<S> {
  const result = v.safeParse(schema, answer)
  if (result.success) return result.output
  const where = v.getDotPath(result.issues[0]) ?? 'the whole'
  const said = `the server's answer has a form that this version does not know (${where}); try --json`
  throw new Failure(EXIT.unexpected, said)
}
