import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'

import type { ApprovalAsk, ApprovalSubject } from '../../src/approvals/approval.ts'
import { canonical } from '../../src/audit/canonical.ts'
import type { Event, EventText } from '../../src/audit/event.ts'
import { newGrant } from '../../src/grants/changes.ts'
import type { GrantInput } from '../../src/grants/changes.ts'
import type { Grant } from '../../src/grants/grant.ts'
import { newId, newToken, tokenHash } from '../../src/grants/token.ts'
import type { Tenant } from '../../src/tenants/object.ts'
import type { Entry, TenantStub } from '../../src/tenants/stubs.ts'

export const random = (count: number) => crypto.getRandomValues(new Uint8Array(count))

export interface Known {
  readonly name: string
  readonly stub: DurableObjectStub<Tenant>
  /** The same, as the worker sees it. */
  readonly tenant: TenantStub
}

/** A tenant that nobody has heard of. */
export function aTenant(name = `tenant-${crypto.randomUUID()}`): Known {
  const stub = env.TENANTS.getByName(name)
  return { name, stub, tenant: stub }
}

export function aGrantInput(over: Partial<GrantInput> = {}): GrantInput {
  return {
    tenant: 'acme',
    project: 'website',
    agent: 'triage',
    providers: [{ provider: 'github', access: 'write', allow: null, deny: [] }],
    cidrs: [],
    expires_in: 3600,
    max_calls: null,
    rate_limits: [],
    approval: 'none',
    approval_hold_seconds: 0,
    note: 'a note',
    ...over,
  }
}

/** A grant that is stored in the tenant's object, and its token. */
export async function granted(
  { name, tenant }: Known,
  over: Partial<GrantInput> = {},
): Promise<{ readonly grant: Grant; readonly token: string; readonly hash: string }> {
  const token = newToken(random)
  const hash = await tokenHash(token)
  const made = { id: newId('gr', name, random), hash, now: Date.now() }
  const grant = newGrant(aGrantInput({ tenant: name, ...over }), made)
  await tenant.createGrant(grant, 'admin')
  return { grant, token, hash }
}

export function anEvent(over: Partial<Event> = {}): Event {
  return {
    id: '01J',
    at: new Date().toISOString(),
    tenant: 'acme',
    project: 'website',
    agent: 'triage',
    host: null,
    client: '203.0.113.0',
    grant: null,
    provider: 'github',
    method: 'POST',
    path: '/repos',
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
    bytes_in: null,
    bytes_out: null,
    ...over,
  }
}

export function anAsk(
  subject: Partial<ApprovalSubject> = {},
  over: Partial<Omit<ApprovalAsk, 'subject'>> = {},
): ApprovalAsk {
  return {
    subject: {
      tenant: 'acme',
      agent: 'triage',
      provider: 'github',
      method: 'POST',
      path: '/repos/a/issues',
      query: '?x=1',
      body: 'aa',
      headers: '0'.repeat(64),
      grant: 'gr_1',
      ...subject,
    },
    grant: 'gr_1',
    grant_note: 'a note',
    project: 'website',
    pattern: '/repos/*/issues',
    host: 'api.github.com',
    query_keys: ['x'],
    shown_path: '/repos/a/issues',
    rule: 'default',
    operation: null,
    summary: '',
    ...over,
  }
}

/** As the ledger is given it. */
export function anEventText(over: Partial<Event> = {}): EventText {
  return canonical(anEvent(over))
}

/** A sensitive call of a grant's agent. */
export function anEntry(grant: Entry['grant'], over: Partial<Omit<Entry, 'grant'>> = {}): Entry {
  return {
    grant,
    subject: { agent: 'triage', provider: 'github', alias_of: null },
    approval: null,
    event: anEventText(),
    ...over,
  }
}

/** All that an object has stored, as text: every table, and the keys and values beside them. */
export function textIn(stub: DurableObjectStub): Promise<string> {
  return runInDurableObject(stub, (_object, { storage }) => {
    const { sql, kv } = storage
    const tables = sql
      .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'")
      .toArray()
      .map(({ name }) => name)
      .filter((name) => !name.startsWith('_cf_') && !name.startsWith('sqlite_'))
    const rows = tables.flatMap((name) => sql.exec(`SELECT * FROM "${name}"`).toArray())
    const texts = rows.flatMap((row) => Object.values(row).map(plain))
    return [...tables, ...texts, ...Array.from(kv.list(), (pair) => JSON.stringify(pair))].join(
      '\n',
    )
  })
}

function plain(value: SqlStorageValue): string {
  if (value instanceof ArrayBuffer) {
    const bytes = new Uint8Array(value)
    return `${bytes.toHex()} ${new TextDecoder().decode(bytes)}`
  }
  return String(value)
}
