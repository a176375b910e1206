import type { VerifyFrom, VerifyPart } from '../audit/record.ts'
import { exported } from './audit_export.ts'
import { streamed } from './audit_stream.ts'
import type { Handler } from './handler.ts'
import { wrong } from './input.ts'

const NDJSON = 'application/x-ndjson'

/** What would make an export less than the chain, which then could not be verified. */
const FILTERS = ['project', 'agent', 'provider', 'decision', 'since', 'until', 'cursor'] as const

const MOST_FAULTS = 100

/** A page of what happened; for who accepts NDJSON, the chain itself. */
export const audit: Handler<'audit'> = async ({ query, request, deps }) => {
  const { tenant: name, ...filter } = query
  const tenant = deps.tenantOf(name)
  if (!accepts(request, NDJSON)) return tenant.events(filter)
  const filters = FILTERS.filter((each) => query[each] !== undefined)
  if (filters.length > 0) {
    throw wrong(
      filters.map((path) => ({ path, expected: 'nothing: an export is the whole chain' })),
    )
  }
  return new Response(await exported(tenant), {
    headers: {
      'content-type': NDJSON,
      'content-disposition': `attachment; filename="outpost-audit-${name}.ndjson"`,
    },
  })
}

/** Goes through the whole chain, one part after the other. */
export const verifyAudit: Handler<'verifyAudit'> = async ({ query, deps }) => {
  const tenant = deps.tenantOf(query.tenant)
  const parts: VerifyPart[] = []
  let from: VerifyFrom | null = null
  do {
    // oxlint-disable-next-line no-await-in-loop -- each part begins with the hash that ends the last
    const part: VerifyPart = await tenant.verify(from)
    parts.push(part)
    from = part.next
  } while (from)
  return {
    ok: parts.every(({ faults }) => faults.length === 0),
    tenant: query.tenant,
    records: parts.reduce((sum, { records }) => sum + records, 0),
    from: parts[0]?.from,
    head: parts.at(-1)?.head,
    faults: parts.flatMap(({ faults }) => faults).slice(0, MOST_FAULTS),
  }
}

/** What happens from now on, or from the record on that the client had last. */
export const streamAudit: Handler<'streamAudit'> = async ({ query, request, deps }) => {
  const tenant = deps.tenantOf(query.tenant)
  const last = request.headers.get('last-event-id') ?? ''
  const after = /^\d{1,15}$/.test(last) ? Number(last) : query.after
  const from = after ?? (await tenant.counts()).head.seq
  return new Response(streamed(tenant, from, deps.now), {
    headers: { 'content-type': 'text/event-stream' },
  })
}

function accepts(request: Request, type: string): boolean {
  const accepted = (request.headers.get('accept') ?? '').toLowerCase().split(',')
  return accepted.some((each) => each.split(';')[0]?.trim() === type)
}
