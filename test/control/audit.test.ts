import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'

import type { LedgerRecord } from '../../src/audit/record.ts'
import { open } from '../worker/call.ts'
import { ADMIN, ask, fieldsIn, pathOf, VIEWER, well } from './asking.ts'
import type { Json } from './asking.ts'
import { anEvent, fresh, granted } from './builders.ts'

const NDJSON = { ...ADMIN, accept: 'application/x-ndjson' }

/** So many calls of a tenant of its own. */
async function recorded(count: number, over: Json = {}): Promise<string> {
  const tenant = fresh('tenant')
  const event = anEvent({ tenant, ...over })
  const records = Array.from({ length: count }, () => ({ kind: 'call', event }) as const)
  if (count > 0) await env.TENANTS.getByName(tenant).record(records)
  return tenant
}

const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString()

describe('the record', () => {
  it('comes in pages, newest first', async () => {
    const tenant = await recorded(5)
    const seen: number[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const query: Record<string, string | number> = { tenant, limit: 2 }
      if (cursor !== '') query['cursor'] = cursor
      const page = await well('audit', { query, headers: VIEWER })
      seen.push(...page['events'].map(({ seq }: { seq: number }) => seq))
      cursor = page['next']
    }
    expect(seen).toEqual([5, 4, 3, 2, 1])
  })

  it('can be narrowed', async () => {
    const { grant } = await granted({ agent: 'one@ci', project: 'web' })
    const { tenant } = grant
    const calls = [
      anEvent({ tenant, agent: 'one@ci', project: 'web', decision: 'deny' }),
      anEvent({ tenant, agent: 'two@ci', provider: 'bearer', at: hoursAgo(2) }),
    ]
    await env.TENANTS.getByName(tenant).record(calls.map((event) => ({ kind: 'call', event })))
    const seqs = async (query: Record<string, string>) =>
      (await well('audit', { query: { tenant, ...query } }))['events'].map(({ seq }: Json) => seq)
    expect(await seqs({})).toEqual([3, 2, 1])
    expect(await seqs({ agent: 'two@ci' })).toEqual([3])
    expect(await seqs({ provider: 'BEARER' })).toEqual([3])
    expect(await seqs({ decision: 'deny' })).toEqual([2])
    expect(await seqs({ until: hoursAgo(1) })).toEqual([3])
    expect(await seqs({ since: hoursAgo(1) })).toEqual([2, 1])
  })

  it.each<[Record<string, string>, string[]]>([
    [{ since: 'yesterday' }, ['since']],
    [{ since: '2026-02-31T00:00:00' }, ['since']],
    [{ until: '2026-13-01' }, ['until']],
    [{ decision: 'maybe' }, ['decision']],
    [{ limit: '0' }, ['limit']],
    [{ limit: '501' }, ['limit']],
    [{ limit: '1e2' }, ['limit']],
    [{ tenant: 'a b', order: 'asc' }, ['tenant', 'order']],
  ])('%j is refused', async (query, fields) => {
    expect(Object.keys(fieldsIn(await ask('audit', { query })))).toEqual(fields)
  })

  it('a field given twice is refused', async () => {
    const answer = await ask('audit', { query: '?tenant=default&tenant=acme' })
    expect(fieldsIn(answer)).toEqual({ tenant: 'to be given once' })
  })
})

describe('an export', () => {
  it.each([0, 1, 199, 200, 201, 450])(
    'of %i records is the whole chain in order',
    async (count) => {
      const tenant = await recorded(count)
      const { response } = await open(pathOf('audit', { query: { tenant } }), { headers: NDJSON })
      expect(response.headers.get('content-type')).toBe('application/x-ndjson')
      const lines = new TextDecoder().decode(await response.arrayBuffer()).split('\n')
      const records = lines.slice(0, -1).map((line) => JSON.parse(line) as LedgerRecord)
      expect(lines.at(-1)).toBe('')
      expect(records.map(({ seq }) => seq)).toEqual(
        Array.from({ length: count }, (_, at) => at + 1),
      )
      for (const [at, record] of records.entries()) {
        if (at > 0) expect(record.prev).toBe(records[at - 1]?.hash)
        expect(record).toMatchObject({ kind: 'call', tenant, event: { provider: 'plain' } })
      }
    },
  )

  it('is never a part of the chain', async () => {
    const query = { agent: 'a', since: '2026-01-01' }
    const answer = await ask('audit', { query, headers: NDJSON })
    expect(Object.keys(fieldsIn(answer))).toEqual(['agent', 'since'])
  })

  it('asks for no more than is taken', async () => {
    const tenant = await recorded(1000)
    const { response } = await open(pathOf('audit', { query: { tenant } }), { headers: NDJSON })
    const reader = response.body?.getReader()
    const { value } = (await reader?.read()) ?? {}
    expect(new TextDecoder().decode(value).split('\n').length).toBeLessThanOrEqual(201)
    await reader?.cancel()
  })
})

describe('the verification', () => {
  it('says that a chain is whole', async () => {
    const tenant = await recorded(3)
    const found = await well('verifyAudit', { query: { tenant } })
    expect(found).toMatchObject({ ok: true, tenant, records: 3, faults: [], from: { seq: 0 } })
    expect(found['head'].seq).toBe(3)
  })

  it('of a tenant that nothing is recorded of', async () => {
    const tenant = fresh('tenant')
    const found = await well('verifyAudit', { query: { tenant } })
    expect(found).toMatchObject({ ok: true, records: 0, head: { seq: 0 } })
  })
})

describe('the live record', () => {
  /** Reads until the text has what is waited for. */
  async function reading(query: string, headers: Record<string, string> = {}) {
    const asking = { headers: { ...ADMIN, ...headers } }
    const { response } = await open(`/_outpost/audit/stream${query}`, asking)
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    expect(response.headers.get('cache-control')).toBe('no-store')
    const reader = response.body?.getReader()
    let text = ''
    return {
      until: async (wanted: RegExp) => {
        while (!wanted.test(text)) {
          const part = await reader?.read()
          if (!part || part.done) throw new Error(`ended with ${text}`)
          text += new TextDecoder().decode(part.value)
        }
        return text
      },
      cancel: () => reader?.cancel(),
    }
  }

  it('begins after the record that is asked for', async () => {
    const tenant = await recorded(3)
    const stream = await reading(`?tenant=${tenant}&after=1`)
    const text = await stream.until(/id: 3\n/)
    expect([...text.matchAll(/^id: (\d+)$/gm)].map(([, seq]) => seq)).toEqual(['2', '3'])
    const [, data = ''] = /^data: (.*)$/m.exec(text) ?? []
    expect(JSON.parse(data)).toMatchObject({ kind: 'call', seq: 2, provider: 'plain' })
    await stream.cancel()
  })

  it('goes on after the last that the client had', async () => {
    const tenant = await recorded(3)
    const stream = await reading(`?tenant=${tenant}&after=0`, { 'last-event-id': '2' })
    expect(await stream.until(/id: 3\n/)).not.toMatch(/id: [12]\n/)
    await stream.cancel()
  })

  it('shows what is recorded from now on', async () => {
    const tenant = await recorded(2)
    const stream = await reading(`?tenant=${tenant}`)
    await stream.until(/: after 2\n/)
    const next = stream.until(/id: 3\n/)
    const event = anEvent({ tenant })
    await env.TENANTS.getByName(tenant).record([{ kind: 'call', event }])
    expect(await next).toMatch(/event: record\ndata: \{/)
    await stream.cancel()
  })
})
