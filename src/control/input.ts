import { safeParse } from 'valibot'
import type { BaseIssue, GenericSchema, InferOutput } from 'valibot'

import { readBounded } from '../bounded.ts'
import { Refusal } from '../refusal.ts'
import type { Endpoint } from './endpoints.ts'

/** What an endpoint was sent, checked, with every default filled in. */
export interface Input<Row> {
  readonly params: Part<Row, 'params'>
  readonly query: Part<Row, 'query'>
  readonly body: Part<Row, 'body'>
}

type Part<Row, Name extends string> =
  Row extends Readonly<Record<Name, infer Schema extends GenericSchema>>
    ? InferOutput<Schema>
    : undefined

/** The parts of a request before anything is known of them. */
export interface Sent {
  readonly params: Readonly<Record<string, string>>
  /** With its `?`, or empty. */
  readonly query: string
  readonly body: ReadableStream<Uint8Array> | null
}

/** A field that is not as it has to be. `path` is empty for the whole. */
export interface WrongField {
  readonly path: string
  readonly expected: string
}

const MAX_BODY_BYTES = 64 * 1024
const MOST_FIELDS = 50

/**
 * Checks what was sent with the schemas of the endpoint.
 * @throws Refusal 400 naming each wrong field, and never what stood there; 404 for a path that can
 * be of nothing; 413 for a body of more than 64 KiB.
 */
export async function readInput<Row extends Endpoint>(row: Row, sent: Sent): Promise<Input<Row>> {
  const faults: WrongField[] = []
  const params = checked(row.params, sent.params, faults)
  if (faults.length > 0) throw new Refusal('PROXY_NOT_FOUND', 'there is nothing of that name')
  const query = row.query && checked(row.query, queryIn(sent.query, faults), faults)
  const body = row.body && checked(row.body, await jsonIn(sent.body), faults)
  if (faults.length > 0) throw wrong(faults)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each part has passed its schema
  return { params, query, body } as Input<Row>
}

/**
 * A value that came otherwise than as the input of an endpoint.
 * @throws Refusal 400 as above.
 */
export function readFields<Schema extends GenericSchema>(
  schema: Schema,
  value: unknown,
): InferOutput<Schema> {
  const faults: WrongField[] = []
  const output = checked(schema, value, faults)
  if (faults.length > 0) throw wrong(faults)
  return output
}

/** The refusal of an input, with the fields that are wrong. */
export function wrong(fields: readonly WrongField[]): Refusal {
  return new Refusal(
    'PROXY_BAD_REQUEST',
    'the request is not as it has to be: see metadata.fields',
    {
      metadata: { fields: fields.slice(0, MOST_FIELDS) },
    },
  )
}

function checked(schema: GenericSchema | undefined, value: unknown, faults: WrongField[]): unknown {
  if (!schema) return undefined
  const result = safeParse(schema, value, { abortPipeEarly: true, message: expectation })
  if (!result.success) faults.push(...result.issues.map(fieldOf))
  return result.output
}

/** What a schema wants, where it has no words of its own. Never what was received. */
function expectation({ expected, path }: BaseIssue<unknown>): string {
  if (expected === 'never') return 'no such field'
  if (path?.at(-1)?.origin === 'key') return 'a value: the field is required'
  return WORDS.get(expected ?? '') ?? 'something else'
}

const WORDS: ReadonlyMap<string, string> = new Map([
  ['string', 'text'],
  ['Object', 'an object'],
  ['Array', 'a list'],
])

/** Names that a field of ours could have. Anything else might be a value in the wrong place. */
const FIELD_NAME = /^[A-Za-z_]{1,32}$/

function fieldOf({ path, message }: BaseIssue<unknown>): WrongField {
  const names = path?.map(({ key }) => (typeof key === 'number' ? key : shown(String(key))))
  return { path: names?.join('.') ?? '', expected: message }
}

function queryIn(query: string, faults: WrongField[]): Readonly<Record<string, string>> {
  const params = new URLSearchParams(query)
  const once = new Map<string, string>()
  for (const [name, value] of params) {
    if (once.has(name)) faults.push({ path: shown(name), expected: 'to be given once' })
    once.set(name, value)
  }
  return Object.fromEntries(once)
}

function shown(name: string): string {
  return FIELD_NAME.test(name) ? name : '?'
}

/** The body as JSON; an empty one is an object without fields. */
async function jsonIn(body: Sent['body']): Promise<unknown> {
  const bytes = await readBounded(body, MAX_BODY_BYTES)
  if (!bytes) throw new Refusal('PROXY_BODY_TOO_LARGE', `a body may have ${MAX_BODY_BYTES} bytes`)
  if (bytes.byteLength === 0) return {}
  const value = parsed(bytes)
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw wrong([{ path: '', expected: 'a JSON object' }])
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes))
  } catch {
    return undefined
  }
}
