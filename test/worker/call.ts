import { env, exports } from 'cloudflare:workers'
import { expect } from 'vitest'

import worker from '../../src/worker.ts'
import { sentinelsIn } from '../fixtures/secrets.ts'
import type { Received } from '../received.ts'

/** Addresses of the fixtures' hosts.yaml. */
export const FROM = {
  writer: '192.0.2.1',
  reader: '192.0.2.200',
  keyed: '198.51.100.1',
  keyless: '198.51.100.200',
  limited: '203.0.113.1',
  fleet: '198.18.0.1',
  stranger: '233.252.0.1',
} as const

export interface Asking extends RequestInit<IncomingRequestCfProperties> {
  /** Sent as `X-Provider`. */
  readonly provider?: string
  /** Sent as `CF-Connecting-IP`. Default: the writer's. */
  readonly from?: string | null
  /** Changes to the worker's `env`. */
  readonly env?: Readonly<Record<string, unknown>>
  /** A whole `env`: each object is the memory of another isolate. */
  readonly isolate?: Cloudflare.Env
  readonly origin?: string
}

export interface Answer {
  readonly status: number
  readonly statusText: string
  readonly headers: Headers
  readonly text: string
  /** What the upstream received for it. */
  readonly seen: readonly Received[]
}

/** Asks the real worker. The answer is read to its end and searched for every sentinel. */
export async function call(path: string, asking: Asking = {}): Promise<Answer> {
  const { response, seen } = await open(path, asking)
  const text = await response.text()
  const { status, statusText, headers } = response
  expect(sentinelsIn([statusText, ...[...headers].flat(), text].join('\n'))).toEqual([])
  return { status, statusText, headers, text, seen: await seen() }
}

/** As `call`, with the body still to be read. */
export async function open(
  path: string,
  asking: Asking = {},
): Promise<{ response: Response; seen: () => Promise<readonly Received[]> }> {
  const id = crypto.randomUUID()
  const request = requestOf(path, asking, id)
  const isolate = asking.isolate ?? (asking.env && { ...env, ...asking.env })
  const response = isolate
    ? await worker.fetch(request, isolate)
    : await exports.default.fetch(request)
  return { response, seen: () => seenBy(id) }
}

function requestOf(
  path: string,
  asking: Asking,
  id: string,
): Request<unknown, IncomingRequestCfProperties> {
  const { provider, from = FROM.writer, origin = 'https://proxy.test', ...rest } = asking
  const { env: _env, isolate: _isolate, ...init } = rest
  const request = new Request<unknown, IncomingRequestCfProperties>(origin + path, {
    redirect: 'manual',
    ...init,
  })
  request.headers.set('x-test-request-id', id)
  if (provider !== undefined) request.headers.set('x-provider', provider)
  if (from !== null) request.headers.set('cf-connecting-ip', from)
  return request
}

async function seenBy(id: string): Promise<readonly Received[]> {
  const response = await fetch(`${env.UPSTREAM}/_seen/${id}`)
  return response.json()
}

/** The one request that the upstream saw. */
export function only({ seen }: Pick<Answer, 'seen'>): Received {
  expect(seen).toHaveLength(1)
  const [received] = seen
  if (!received) throw new Error('the upstream saw nothing')
  return received
}

/** The values of a header as it went upstream, one for each line. */
export function values({ headers }: Received, name: string): string[] {
  return headers.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value)
}

/** Names of the headers that went upstream, in lower case and order; what the runtime adds aside. */
export function names({ headers }: Received): string[] {
  const runtime = new Set([
    'host',
    'cf-worker',
    'x-test-request-id',
    'content-length',
    'transfer-encoding',
  ])
  return headers
    .map(([name]) => name.toLowerCase())
    .filter((name) => !runtime.has(name))
    .toSorted()
}

/** Checks the whole envelope of contract §7: form, code twice, nothing of an upstream's. */
export function expectRefusal(answer: Answer, status: number, code: string): void {
  expect([answer.status, answer.headers.get('x-proxy-error')]).toEqual([status, code])
  expect(answer.headers.get('content-type')).toBe('application/json')
  expect(answer.headers.get('x-outpost-request-id')).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/)
  const body: unknown = JSON.parse(answer.text)
  expect(body).toEqual({
    status: 'FAILURE',
    error: { code, message: expect.any(String), metadata: metadataOf(body) },
  })
  expect(answer.text).not.toMatch(
    /exception|error:|network|connection|stack|127\.0\.0\.1|_TOKEN|_KEY/i,
  )
}

function metadataOf(body: unknown): unknown {
  const { error } = body as { error: { metadata: unknown } }
  expect(error.metadata === null || typeof error.metadata === 'object').toBe(true)
  return error.metadata
}
