import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json as jsonOf } from 'node:stream/consumers'

import { ADMIN } from './run.ts'

export interface Asked {
  readonly method: string
  /** With its query. */
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: unknown
}

/** What a test makes of one request. */
export type Answer = (response: ServerResponse, asked: Asked) => void | Promise<void>

export interface ControlServer {
  readonly url: string
  /** What came, in order. */
  readonly asked: Asked[]
  /** The next answers to `METHOD /path`; the last one stays. */
  readonly on: (route: string, ...answers: Answer[]) => void
  readonly close: () => Promise<void>
}

/**
 * A real HTTP server on loopback that stands for the control plane: it asks for the operator's
 * token, as that does, and answers what the test says.
 */
export async function startControl(): Promise<ControlServer> {
  const routes = new Map<string, Answer[]>()
  const asked: Asked[] = []
  const server = createServer((request, response) => {
    void (async () => {
      const { method = '', url = '', headers } = request
      const body = headers['content-type']?.startsWith('application/json')
        ? await jsonOf(request)
        : undefined
      const seen = { method, url, headers, body }
      asked.push(seen)
      response.setHeader('x-outpost-request-id', '01JDZ6W3Q8R5T7V9X1Z3B5D7F9')
      const stranger = headers.authorization !== `Bearer ${ADMIN}`
      if (stranger) return refusal(401, 'PROXY_AUTH_REQUIRED')(response, seen)
      const answers = routes.get(`${method} ${url.split('?')[0]}`) ?? []
      const answer =
        (answers.length > 1 ? answers.shift() : answers[0]) ?? refusal(404, 'PROXY_NOT_FOUND')
      await answer(response, seen)
    })()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    on: (route, ...answers) => void routes.set(route, answers),
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** JSON, as the control plane answers. */
export function json(body: unknown, status = 200): Answer {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }
}

/** The error envelope. */
export function refusal(
  status: number,
  code: string,
  metadata: unknown = null,
  message = 'no',
): Answer {
  return json({ status: 'FAILURE', error: { code, message, metadata } }, status)
}

export const nothing: Answer = (response) => void response.writeHead(204).end()

/** Text of any type. */
export function text(body: string, type: string, status = 200, headers = {}): Answer {
  return (response) =>
    void response.writeHead(status, { 'content-type': type, ...headers }).end(body)
}

/** An event stream that sends this, and stays open or ends. */
export function stream(body: string, then: 'stay' | 'end' | 'break' = 'stay'): Answer {
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(body, () => {
      if (then === 'end') response.end()
      if (then === 'break') response.destroy()
    })
  }
}

/** What a terminal must not get: colours, a title, C1, bidirectional override, a tag, a line of its own. */
export const EVIL = 'a\u001b[31mred\u001b]0;title\u0007\u009b2J\u202eoverride\u{e0041}\r\nnext'
export const EVIL_SHOWN = String.raw`a\u{1b}[31mred\u{1b}]0;title\u{7}\u{9b}2J\u{202e}override\u{e0041}\r\nnext`

const T0 = Date.parse('2026-11-22T10:00:00.000Z')

export const GRANT = {
  id: 'gr_Ab12Cd0000000000000000zZ',
  tenant: 'acme',
  project: 'website',
  agent: 'claude-code@ci',
  state: 'active',
  providers: [
    {
      provider: 'github',
      access: 'read',
      allow: [{ methods: ['GET'], pattern: '/repos/acme/**' }],
      deny: ['/repos/acme/secrets/**'],
    },
    { provider: 'slack', access: 'write', allow: null, deny: [] },
  ],
  cidrs: ['203.0.113.0/24'],
  created_at: new Date(T0).toISOString(),
  expires_at: new Date(T0 + 8 * 3_600_000).toISOString(),
  revoked_at: null,
  max_calls: 5000,
  rate_limits: [{ capacity: 60, window_ms: 60_000 }],
  approval: 'sensitive',
  approval_hold_seconds: 30,
  note: 'issue triage',
  tokens: [{ created_at: new Date(T0).toISOString(), valid_until: null }],
} as const

export const APPROVAL = {
  id: 'ap_Ab12Cd0000000000000000zZ',
  state: 'pending',
  tenant: 'acme',
  project: null,
  agent: 'claude-code@ci',
  grant: GRANT.id,
  grant_note: 'issue triage',
  provider: 'github',
  host: 'api.github.com',
  method: 'POST',
  path: '/repos/acme/site/issues',
  pattern: '/repos/acme/*/issues',
  query_keys: ['per_page'],
  operation: null,
  summary: '{"title": text of 12}',
  created_at: new Date(T0).toISOString(),
  expires_at: new Date(T0 + 900_000).toISOString(),
  scope: null,
  decided_at: null,
  decided_by: null,
  used_at: null,
} as const

const HASH = 'ab'.repeat(32)

/** A call, as the audit shows it. */
export function event(seq: number, over: Readonly<Record<string, unknown>> = {}) {
  return {
    kind: 'call',
    id: `01J${seq}`,
    at: new Date(T0 + seq * 1000).toISOString(),
    tenant: 'acme',
    project: null,
    agent: 'claude-code@ci',
    host: 'ci-runners',
    grant: GRANT.id,
    provider: 'github',
    method: 'GET',
    path: `/repos/acme/site/${seq}`,
    query_keys: ['per_page'],
    category: 'default',
    sensitive: false,
    decision: 'allow',
    reason: null,
    rule: 'allow[3]',
    status: 200,
    code: null,
    cache: 'BYPASS',
    seq,
    recorded: new Date(T0 + seq * 1000).toISOString(),
    prev: HASH,
    hash: HASH,
    ...over,
  }
}

/** The same event as the stream sends it. */
export function sent(seq: number, over: Readonly<Record<string, unknown>> = {}): string {
  return `id: ${seq}\nevent: record\ndata: ${JSON.stringify(event(seq, over))}\n\n`
}
