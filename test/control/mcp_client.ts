import { env } from 'cloudflare:workers'
import { expect } from 'vitest'

import type { Received } from '../received.ts'
import { call, FROM } from '../worker/call.ts'
import type { Answer, Asking } from '../worker/call.ts'
import type { Json } from './asking.ts'

/** What is sent beside the token, and from where. */
export interface Sending extends Pick<Asking, 'from' | 'method' | 'env'> {
  readonly headers?: Readonly<Record<string, string>>
}

/** One POST, or whatever `method` says, to the MCP endpoint; a text or bytes go as they are. */
export function post(token: string, body: unknown, sending: Sending = {}): Promise<Answer> {
  const { headers = {}, from = FROM.writer, method = 'POST', ...rest } = sending
  const raw = typeof body === 'string' || body instanceof Uint8Array
  const sent = body === undefined ? {} : { body: raw ? body : JSON.stringify(body) }
  const key = token === '' ? {} : { authorization: `Bearer ${token}` }
  return call('/_outpost/mcp', {
    ...rest,
    ...sent,
    method,
    from,
    headers: { 'content-type': 'application/json', ...key, ...headers },
  })
}

/** One request of JSON-RPC that is answered as one. */
export async function rpc(
  token: string,
  method: string,
  params: unknown = {},
  sending: Sending = {},
): Promise<Json> {
  const answer = await post(token, { jsonrpc: '2.0', id: 7, method, params }, sending)
  expect([answer.status, answer.text]).toEqual([200, answer.text])
  const json = JSON.parse(answer.text) as Json
  expect(json).toMatchObject({ jsonrpc: '2.0', id: 7 })
  return json
}

/** What a tool answers: the object, which the text has to say too. */
export async function tool(
  token: string,
  name: string,
  args: unknown = {},
  sending: Sending = {},
): Promise<Json> {
  const { result } = await rpc(token, 'tools/call', { name, arguments: args }, sending)
  expect(JSON.parse(result.content[0].text)).toEqual(result.structuredContent)
  expect('refusal' in result.structuredContent).toBe(result.isError)
  return result.structuredContent as Json
}

/** Calls `bearer`, and what the upstream saw of it. */
export async function request(
  token: string,
  args: Json,
  sending: Sending = {},
): Promise<{ readonly said: Json; readonly seen: readonly Received[] }> {
  const id = crypto.randomUUID()
  const headers = { ...(args['headers'] as object), 'x-test-request-id': id }
  const said = await tool(
    token,
    'request',
    { method: 'GET', provider: 'bearer', path: '/echo', ...args, headers },
    sending,
  )
  const response = await fetch(`${env.UPSTREAM}/_seen/${id}`)
  return { said, seen: await response.json() }
}
