import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'

import type { ApprovalAsk } from '../../src/approvals/approval.ts'
import { canonical } from '../../src/audit/canonical.ts'
import type { Entry } from '../../src/tenants/stubs.ts'
import type { AccessAsk } from '../../src/widening/access_request.ts'
import { well } from './asking.ts'
import type { Json } from './asking.ts'

let made = 0

/** A name that no other test has. */
export function fresh(what: string): string {
  return `${what}-${++made}-${crypto.randomUUID().slice(0, 8)}`
}

/** The least that a grant needs, for a tenant of its own. */
export function aGrant(over: Json = {}): Json {
  return {
    tenant: fresh('tenant'),
    agent: 'agent@ci',
    providers: [{ provider: 'plain', access: 'read' }],
    expires_in: 3600,
    ...over,
  }
}

export async function granted(over: Json = {}): Promise<Json> {
  return well('createGrant', { body: aGrant(over) })
}

/** Puts a call that wants approval at the tenant's door, as the request path does. */
export async function waiting(grant: Json, over: Partial<ApprovalAsk> = {}): Promise<string> {
  const entered = await env.TENANTS.getByName(grant['tenant']).enter(entryOf(grant, over))
  if (entered.is !== 'pending') throw new Error(`the call is ${entered.is}`)
  return entered.id
}

/** Asks for more than a grant of `granted` allows, as the tool does. */
export async function wished(grant: Json, over: Partial<AccessAsk> = {}): Promise<string> {
  const { id, tenant, agent, note } = grant as Record<string, string>
  const stub = env.TENANTS.getByName(tenant ?? '')
  const hash = await runInDurableObject(stub, (_, state) => {
    const [row] = state.storage.sql
      .exec<{ hash: string }>('SELECT hash FROM grant_tokens WHERE id = ?', id ?? '')
      .toArray()
    return row?.hash ?? ''
  })
  const ask = {
    provider: 'bearer',
    access: 'write',
    allow: null,
    duration: null,
    grant: id ?? '',
    grant_note: note ?? '',
    project: null,
    agent: agent ?? '',
    reason: 'because',
    ...over,
  } as const
  const entered = await stub.askAccess({ ask, hash, alias_of: null })
  if (entered.is !== 'known') throw new Error(`the wish is ${entered.is}`)
  return entered.request.id
}

export function entryOf(grant: Json, over: Partial<ApprovalAsk> = {}): Entry {
  const { tenant, agent } = grant as { tenant: string; agent: string }
  return {
    grant: null,
    subject: { agent, provider: 'plain', alias_of: null },
    approval: {
      subject: {
        tenant,
        agent,
        provider: 'plain',
        method: 'POST',
        path: '/things',
        query: '?secret=sentinel',
        body: '0'.repeat(64),
        headers: '0'.repeat(64),
        grant: 'gr_1',
      },
      grant: String(grant['id']),
      grant_note: String(grant['note']),
      project: null,
      pattern: '/things',
      host: 'api.test',
      query_keys: ['secret'],
      shown_path: '/things',
      rule: 'default',
      operation: null,
      summary: 'object with 2 keys',
      ...over,
    },
    event: anEvent({ tenant, agent }),
  }
}

/** An event of a call, as complete as the ledger wants it. */
export function anEvent(over: Json = {}): Entry['event'] {
  return canonical({
    id: '01J00000000000000000000000',
    at: new Date().toISOString(),
    tenant: 'default',
    project: null,
    agent: null,
    host: null,
    client: null,
    grant: null,
    provider: 'plain',
    method: 'POST',
    path: '/things',
    query_keys: [],
    operation: null,
    category: 'default',
    sensitive: true,
    decision: 'allow',
    reason: null,
    rule: 'default',
    approval: null,
    mode: 'edge',
    secret_read: false,
    secret_exposed: false,
    echoes_scrubbed: 0,
    status: 0,
    code: null,
    cache: 'BYPASS',
    duration_ms: 0,
    bytes_in: 0,
    bytes_out: 0,
    ...over,
  })
}
