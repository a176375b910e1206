import { safeParse } from 'valibot'
import { expect } from 'vitest'

import { ANSWERS, REFUSAL } from '../../scripts/openapi/answers.ts'
import { ENDPOINTS } from '../../src/control/endpoints.ts'
import type { Endpoint, Operation } from '../../src/control/endpoints.ts'
import { tokenHash } from '../../src/grants/token.ts'
import { OPERATORS } from '../fixtures/secrets.ts'
import { call } from '../worker/call.ts'
import type { Answer, Asking } from '../worker/call.ts'

export const ADMIN = { authorization: `Bearer ${OPERATORS.OUTPOST_ADMIN_TOKEN}` }
export const VIEWER = { authorization: `Bearer ${OPERATORS.OUTPOST_VIEWER_TOKEN}` }

/** What the tests look into; every answer has passed the schema that the document has of it. */
export interface Json {
  // oxlint-disable-next-line typescript/no-explicit-any -- whatever a test expects there
  readonly [name: string]: any
}

export interface Question {
  readonly params?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string | number>> | string
  /** Sent as JSON; a string or bytes as they are. */
  readonly body?: unknown
  /** Default: the admin's token. */
  readonly headers?: Readonly<Record<string, string>>
  readonly method?: string
  readonly env?: Asking['env']
}

export interface Answered extends Answer {
  readonly json: Json
}

/** Hashes of the tokens that were given out: no answer has one, whoever asks. */
const hashes = new Set<string>()

/** The path of an endpoint with its parameters and query. */
export function pathOf(name: Operation, { params = {}, query = '' }: Question = {}): string {
  const path = ENDPOINTS[name].path.replaceAll(/\{(\w+)\}/g, (_, key: string) =>
    encodeURIComponent(params[key] ?? ''),
  )
  if (typeof query === 'string') return path + query
  const entries = Object.entries(query).map(([key, value]) => [key, String(value)])
  return entries.length === 0 ? path : `${path}?${new URLSearchParams(entries).toString()}`
}

/** Asks the real worker. Whatever it answers is in the envelope or in the form that is documented. */
export async function ask(name: Operation, question: Question = {}): Promise<Answered> {
  const { body, headers = ADMIN, method = ENDPOINTS[name].method, env } = question
  const asking: Asking = {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: bytesOf(body) }),
    ...(env ? { env } : {}),
  }
  const answer = await call(pathOf(name, question), asking)
  const json = jsonOf(answer)
  checkHeaders(answer)
  checkForm(name, answer, json)
  for (const hash of hashes) expect(answer.text).not.toContain(hash)
  if (typeof json['token'] === 'string') hashes.add(await tokenHash(json['token']))
  return { ...answer, json }
}

/** As `ask`, when all has to be well. */
export async function well(name: Operation, question: Question = {}): Promise<Json> {
  const { status, json, text } = await ask(name, question)
  expect([status, text]).toEqual([ENDPOINTS[name].status, text])
  return json
}

/** The wrong fields of a 400, as path and what is expected. */
export function fieldsIn({ status, json }: Answered): Record<string, string> {
  expect([status, json['error']?.code]).toEqual([400, 'PROXY_BAD_REQUEST'])
  const fields = json['error'].metadata.fields as { path: string; expected: string }[]
  return Object.fromEntries(fields.map(({ path, expected }) => [path, expected]))
}

function bytesOf(body: unknown): BodyInit {
  if (typeof body === 'string' || body instanceof Uint8Array) return body
  return JSON.stringify(body)
}

function jsonOf({ headers, text }: Answer): Json {
  if (text === '' || !headers.get('content-type')?.startsWith('application/json')) return {}
  return JSON.parse(text) as Json
}

function checkForm(name: Operation, { status, text, headers }: Answer, json: Json): void {
  const isJson = headers.get('content-type') === 'application/json' && text !== ''
  const schema = status < 300 ? ANSWERS[name] : REFUSAL
  if (!isJson || !schema) return
  const { issues } = safeParse(schema, json)
  expect(issues?.map(({ path, message }) => [path?.map(({ key }) => key).join('.'), message])).toBe(
    undefined,
  )
  const row: Endpoint = ENDPOINTS[name]
  if (status < 300) expect(status).toBe(row.status)
}

function checkHeaders({ headers }: Answer): void {
  expect([...headers.keys()].filter((key) => key.startsWith('access-control'))).toEqual([])
  expect(Object.fromEntries(headers)).toMatchObject({
    'cache-control': 'no-store',
    'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-outpost-request-id': expect.stringMatching(/^[0-9A-Z]{26}$/),
  })
}
