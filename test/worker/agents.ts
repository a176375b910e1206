import { env } from 'cloudflare:workers'
import { expect } from 'vitest'

import type { LedgerRecord } from '../../src/audit/record.ts'
import { ADMIN, pathOf, well } from '../control/asking.ts'
import type { Json } from '../control/asking.ts'
import { granted } from '../control/builders.ts'
import { call, open } from './call.ts'
import type { Answer, Asking } from './call.ts'

/** Somebody with a grant that an operator made through the control plane. */
export interface Agent {
  /** As the operator sees it. */
  readonly grant: Json
  readonly token: string
  /** The headers that it shows its token in. */
  readonly shows: Readonly<Record<string, string>>
  readonly tenant: string
  readonly id: string
}

/** A grant for `providers` by name, to read and write, unless a test says otherwise. */
export async function anAgent(over: Json = {}, ...providers: readonly string[]): Promise<Agent> {
  const named = providers.length > 0 ? providers : ['plain']
  const made = await granted({
    providers: named.map((provider) => ({ provider, access: 'write' })),
    ...over,
  })
  const { grant, token } = made as { grant: Json; token: string }
  const shows = { 'x-outpost-auth': token }
  return { grant, token, shows, tenant: String(grant['tenant']), id: String(grant['id']) }
}

/** A call of an agent's. */
export function callOf(agent: Agent, path: string, asking: Asking = {}): Promise<Answer> {
  const headers = { ...agent.shows, ...(asking.headers as Record<string, string>) }
  return call(path, { provider: 'plain', ...asking, headers })
}

/** As `callOf`, by POST. */
export function write(agent: Agent, path: string, asking: Asking = {}): Promise<Answer> {
  return callOf(agent, path, { method: 'POST', body: 'a body', ...asking })
}

/** The memory of an isolate that nobody has called yet. */
export function anIsolate(over: Readonly<Record<string, unknown>> = {}): Cloudflare.Env {
  return { ...env, ...over }
}

/** Code and status of a refusal, or the status. */
export function outcome({ status, headers }: Pick<Answer, 'status' | 'headers'>): string {
  return headers.get('x-proxy-error') ?? String(status)
}

/** All that can be told from an answer, but for the identifier that each has of its own. */
export function appearance({ status, statusText, headers, text }: Answer): string {
  const lines = [...headers].filter(([name]) => name !== 'x-outpost-request-id')
  return JSON.stringify([status, statusText, lines, text])
}

/** The approval that a refused call waits for. */
export function approvalIn(answer: Answer): string {
  expect(outcome(answer)).toBe('PROXY_APPROVAL_REQUIRED')
  const { error } = JSON.parse(answer.text) as { error: { metadata: { approval_id: string } } }
  return error.metadata.approval_id
}

export async function approve(id: string, scope = 'once'): Promise<void> {
  await well('approve', { params: { id }, body: { scope } })
}

/** The newest approval that waits in the agent's tenant, as soon as one does. */
export async function waitingOf({ tenant }: Agent): Promise<string> {
  for (let tries = 0; tries < 80; tries += 1) {
    const { approvals } = await well('listApprovals', { query: { tenant, state: 'pending' } })
    const [found] = approvals as { id: string }[]
    if (found) return found.id
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error('nothing waits')
}

/** The ledger of a tenant as it is exported, when `enough` of it is there. */
export async function ledgerOf(
  tenant: string,
  enough: (records: readonly LedgerRecord[]) => boolean,
): Promise<readonly LedgerRecord[]> {
  const headers = { ...ADMIN, accept: 'application/x-ndjson' }
  for (let tries = 0; tries < 60; tries += 1) {
    const { response } = await open(pathOf('audit', { query: { tenant } }), { headers })
    // Not as text: the runtime would warn of the media type.
    const records = new TextDecoder()
      .decode(await response.arrayBuffer())
      .split('\n')
      .filter((line) => line !== '')
      .map((line): LedgerRecord => JSON.parse(line))
    if (enough(records)) return records
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`the ledger of ${tenant} has not what was waited for`)
}
