import * as v from 'valibot'

import {
  accessId,
  agent,
  approvalId,
  cursor,
  digits,
  grantId,
  hostId,
  lifetime,
  moment,
  note,
  overlap,
  project,
  provider,
  tenant,
  tokenValue,
  word,
} from './fields.ts'

const MAX_PAGE = 500
const PAGE = '50'

const limit = v.exactOptional(digits(1, MAX_PAGE), PAGE)
const seq = digits(0, Number.MAX_SAFE_INTEGER)

export const grantParams = v.strictObject({ id: grantId })
export const approvalParams = v.strictObject({ id: approvalId })

/** A `redis_key` of a provider file, percent-encoded in the path. */
export const tokenParams = v.strictObject({
  key: word(/^[\x20-\x7e\x80-\uffff]{1,512}$/, 'the redis_key of a provider'),
})

export const grantsQuery = v.strictObject({
  tenant: v.exactOptional(tenant),
  project: v.exactOptional(project),
  agent: v.exactOptional(agent),
  state: v.exactOptional(picked('active', 'expired', 'revoked')),
  limit,
  cursor: v.exactOptional(cursor),
})

export const renewBody = v.strictObject({ expires_in: lifetime })

export const rotateBody = v.strictObject({ overlap: v.exactOptional(overlap, 0) })

export const approvalsQuery = v.strictObject({
  tenant: v.exactOptional(tenant),
  state: v.exactOptional(picked('pending', 'approved', 'denied', 'used', 'expired')),
  limit,
})

export const approveBody = v.strictObject({
  scope: v.exactOptional(picked('once', '10m', '1h'), 'once'),
})

export const denyBody = v.strictObject({})

export const accessParams = v.strictObject({ id: accessId })

export const accessQuery = v.strictObject({
  tenant: v.exactOptional(tenant),
  state: v.exactOptional(picked('pending', 'approved', 'denied', 'expired')),
  limit,
})

/** `expires_in`: seconds, in place of what the agent asked for. */
export const approveAccessBody = v.strictObject({
  expires_in: v.exactOptional(v.nullable(lifetime), null),
})

export const auditQuery = v.strictObject({
  tenant: v.exactOptional(tenant, 'default'),
  project: v.exactOptional(project),
  agent: v.exactOptional(agent),
  provider: v.exactOptional(provider),
  decision: v.exactOptional(picked('allow', 'deny')),
  since: v.exactOptional(moment),
  until: v.exactOptional(moment),
  limit,
  cursor: v.exactOptional(cursor),
})

export const verifyQuery = v.strictObject({ tenant: v.exactOptional(tenant, 'default') })

export const streamQuery = v.strictObject({
  tenant: v.exactOptional(tenant, 'default'),
  after: v.exactOptional(seq),
})

export const tokenBody = v.strictObject({ value: tokenValue })

const scope = {
  provider: v.exactOptional(provider),
  agent: v.exactOptional(agent),
  tenant: v.exactOptional(tenant),
  all: v.exactOptional(v.literal(true, 'true')),
}

const SCOPE = 'exactly one of "provider", "agent" (with "tenant" or without), "tenant" and "all"'

/** What is paused, one thing at a time. */
export const pauseBody = v.pipe(
  v.strictObject({ ...scope, note: v.exactOptional(note, '') }),
  v.check((asked) => isOneScope(asked), SCOPE),
)

export const resumeBody = v.pipe(
  v.strictObject(scope),
  v.check((asked) => isOneScope(asked), SCOPE),
)

/** A call that is only thought about. */
export const simulateBody = v.pipe(
  v.strictObject({
    grant: v.exactOptional(grantId),
    host: v.exactOptional(hostId),
    provider,
    method: word(/^[A-Za-z-]{1,32}$/, 'a method such as GET'),
    path: word(/^\/[^?#]{0,8191}$/, 'a path that begins with "/", without query'),
    query: v.exactOptional(word(/^\??[^#]{0,8192}$/, 'a query string'), ''),
    body: v.exactOptional(v.pipe(v.string(), v.maxLength(49_152, 'at most 49152 characters'))),
    content_type: v.exactOptional(
      word(/^[\x20-\x7e]{1,256}$/, 'a Content-Type such as application/json'),
      'application/json',
    ),
  }),
  v.check((asked) => 'grant' in asked || 'host' in asked, '"grant" or "host", or both'),
)

interface Scope {
  readonly provider?: string
  readonly agent?: string
  readonly tenant?: string
  readonly all?: true
}

function isOneScope({ provider: named, agent: who, tenant: whose, all }: Scope): boolean {
  const given = [named, who ?? whose, all].filter((each) => each !== undefined)
  return given.length === 1
}

function picked<const Options extends readonly string[]>(...options: Options) {
  return v.picklist(options, options.map((each) => `"${each}"`).join(', '))
}
