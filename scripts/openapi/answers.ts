import * as v from 'valibot'

import type { Operation } from '../../src/control/endpoints.ts'
import { REFUSALS } from '../../src/refusal.ts'
import { accessAnswers, accessRequest, widening } from './access-answers.ts'

/**
 * What the endpoints answer. For the document and for tests, which hold every answer against it:
 * the Worker itself checks what comes in, not what it says.
 */
const time = v.pipe(v.string(), v.isoTimestamp())
const maybe = <Schema extends v.GenericSchema>(schema: Schema) => v.nullable(schema)
const count = v.pipe(v.number(), v.integer(), v.minValue(0))
const names = v.array(v.string())
const hash = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))
const head = v.strictObject({ seq: count, hash })
const window = { capacity: count, window_ms: count }

const grant = v.strictObject({
  id: v.string(),
  tenant: v.string(),
  project: maybe(v.string()),
  agent: v.string(),
  state: v.picklist(['active', 'expired', 'revoked']),
  providers: v.array(
    v.strictObject({
      provider: v.string(),
      access: v.picklist(['read', 'write']),
      allow: maybe(v.array(v.strictObject({ methods: names, pattern: v.string() }))),
      deny: names,
    }),
  ),
  cidrs: names,
  created_at: time,
  expires_at: time,
  revoked_at: maybe(time),
  max_calls: maybe(count),
  rate_limits: v.array(v.strictObject(window)),
  approval: v.picklist(['none', 'sensitive', 'all']),
  approval_hold_seconds: count,
  note: v.string(),
  tokens: v.array(v.strictObject({ created_at: time, valid_until: maybe(time) })),
  widened: v.array(widening),
})

const token = v.pipe(v.string(), v.regex(/^op_[0-9A-Za-z]{43}$/))

const approval = v.strictObject({
  id: v.string(),
  state: v.picklist(['pending', 'approved', 'denied', 'used', 'expired']),
  tenant: v.string(),
  project: maybe(v.string()),
  agent: v.string(),
  grant: v.string(),
  grant_note: v.string(),
  provider: v.string(),
  host: v.string(),
  method: v.string(),
  path: v.string(),
  pattern: v.string(),
  query_keys: names,
  operation: v.nullable(v.string()),
  summary: v.string(),
  created_at: time,
  expires_at: time,
  scope: maybe(v.picklist(['once', '10m', '1h'])),
  decided_at: maybe(time),
  decided_by: maybe(v.string()),
  used_at: maybe(time),
})

const pause = v.strictObject({
  scope: v.union([
    v.strictObject({ all: v.literal(true) }),
    v.strictObject({ provider: v.string() }),
    v.strictObject({ agent: v.string() }),
    v.strictObject({ tenant: v.string() }),
  ]),
  tenants: names,
  since: time,
  by: v.string(),
  note: v.string(),
})

/** Its other fields follow from the kind: docs/audit.md. */
const event = v.looseObject({
  kind: v.picklist(['call', 'opened', 'closed', 'control', 'refusals']),
  seq: count,
  recorded: time,
  prev: hash,
  hash,
})

const status = v.strictObject({
  version: v.string(),
  client_ip_source: maybe(v.string()),
  providers: v.array(
    v.strictObject({
      name: v.string(),
      tenant: maybe(v.string()),
      alias_of: maybe(v.string()),
      base_url: v.string(),
      mode: v.string(),
      auth: v.string(),
      ready: v.boolean(),
      missing_secrets: names,
    }),
  ),
  sources: v.array(
    v.strictObject({
      secret: v.string(),
      providers: names,
      missing_settings: names,
      state: v.picklist(['unread', 'fresh', 'stale', 'none']),
      read_at: maybe(time),
      failure: maybe(
        v.picklist(['unconfigured', 'unreachable', 'denied', 'missing', 'malformed', 'busy']),
      ),
      failed_at: maybe(time),
    }),
  ),
  rotations: v.array(
    v.strictObject({
      provider: v.string(),
      live: v.picklist(['current', 'previous']),
      since: maybe(time),
      missing_previous: names,
    }),
  ),
  hosts: v.array(
    v.strictObject({
      id: v.string(),
      cidrs: names,
      can_call_sensitive: v.boolean(),
      require_grant: v.boolean(),
      key: v.picklist(['set', 'missing', 'not required']),
      auth_token_env: maybe(v.string()),
    }),
  ),
  tenants: v.array(
    v.strictObject({
      tenant: v.string(),
      grants: v.strictObject({ active: count, expired: count, revoked: count }),
      approvals: v.strictObject({ pending: count }),
      records: count,
      bytes: count,
      head,
    }),
  ),
  pauses: v.array(pause),
  limits: v.array(
    v.strictObject({
      provider: v.string(),
      category: v.string(),
      cooldown_until: maybe(time),
      levels: v.array(v.strictObject({ ...window, remaining: count, reset_ms: v.number() })),
    }),
  ),
  problems: names,
})

const provider = v.strictObject({
  name: v.string(),
  base_url: v.string(),
  description: v.string(),
})

const oneGrant = v.strictObject({ grant })
const grantAndToken = v.strictObject({ grant, token })
const oneApproval = v.strictObject({ approval })
const paused = v.strictObject({ paused: v.array(pause) })

/** What stands in several answers, by the name that the document gives it. */
export const NAMED = {
  Grant: grant,
  Approval: approval,
  AccessRequest: accessRequest,
  Pause: pause,
  Head: head,
}

/** What each endpoint answers as JSON when all is well; null: something else, or nothing. */
export const ANSWERS: Readonly<Record<Operation, v.GenericSchema | null>> = {
  whoami: v.strictObject({
    tenant: v.string(),
    project: maybe(v.string()),
    agent: maybe(v.string()),
    host: maybe(v.string()),
    can_call_sensitive: v.boolean(),
    grant: maybe(
      v.looseObject({
        id: v.string(),
        expires_at: time,
        approval: v.picklist(['none', 'sensitive', 'all']),
        max_calls: maybe(count),
        rate_limits: v.array(v.strictObject(window)),
        providers: v.array(v.looseObject({ provider: v.string(), access: v.string() })),
      }),
    ),
    providers: names,
  }),
  mcp: v.strictObject({
    jsonrpc: v.literal('2.0'),
    id: v.union([v.string(), v.number()]),
    result: v.exactOptional(v.looseObject({})),
    error: v.exactOptional(v.strictObject({ code: v.number(), message: v.string() })),
  }),
  approvalStatus: v.strictObject({
    id: v.string(),
    state: v.picklist(['pending', 'approved', 'denied', 'used', 'expired']),
    expires_at: time,
  }),
  ...accessAnswers,
  simulate: v.strictObject({
    decision: v.strictObject({
      allow: v.boolean(),
      code: maybe(v.string()),
      reason: maybe(v.string()),
      rule: maybe(v.string()),
      sensitive: v.boolean(),
      category: maybe(v.string()),
      approval: v.boolean(),
      needs_body: v.boolean(),
    }),
    steps: v.array(v.strictObject({ step: v.string(), ok: v.boolean(), detail: v.string() })),
  }),
  health: v.strictObject({ status: v.literal('ok'), providers: v.exactOptional(names) }),
  providers: v.strictObject({ providers: v.array(provider) }),
  openapi: v.looseObject({ openapi: v.string() }),
  docs: null,
  status,
  createGrant: grantAndToken,
  listGrants: v.strictObject({ grants: v.array(grant), next: maybe(v.string()) }),
  grant: oneGrant,
  renewGrant: oneGrant,
  rotateGrant: grantAndToken,
  revokeGrant: oneGrant,
  listApprovals: v.strictObject({ approvals: v.array(approval) }),
  approval: oneApproval,
  approve: oneApproval,
  deny: oneApproval,
  audit: v.strictObject({ events: v.array(event), next: maybe(v.string()) }),
  verifyAudit: v.strictObject({
    ok: v.boolean(),
    tenant: v.string(),
    records: count,
    from: head,
    head,
    faults: v.array(v.strictObject({ seq: count, through: count, what: v.string() })),
  }),
  streamAudit: null,
  putToken: null,
  deleteToken: null,
  pause: paused,
  resume: paused,
}

/** The error envelope. */
export const REFUSAL = v.strictObject({
  status: v.literal('FAILURE'),
  error: v.strictObject({
    code: v.picklist(Object.keys(REFUSALS)),
    message: v.string(),
    metadata: maybe(v.record(v.string(), v.unknown())),
  }),
})
