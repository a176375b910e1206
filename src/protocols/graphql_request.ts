import type { Call } from '../call.ts'
import { Unreadable } from '../content/content.ts'
import type { Content } from '../content/content.ts'
import { isObject, readJson, readJsonText, textOf } from '../content/json.ts'
import type { Json, JsonObject } from '../content/json.ts'
import { hasParam, paramsNamed } from '../query.ts'
import { bodyType } from './body_type.ts'

/** One request of a call: a document, the key of one that the server has, or both. */
export interface GraphqlRequest {
  readonly query: string | null
  /** As the client names it: SHA-256 of the document in hex, or any other id. */
  readonly persisted: string | null
  /** null: the document has one. */
  readonly operation: string | null
}

/** Requests of one batch. */
const MOST_REQUESTS = 100

/**
 * What servers read: https://graphql.github.io/graphql-over-http/draft/, documents that they have by
 * `extensions.persistedQuery` (Apollo) or by `id` and `documentId`.
 */
const KEYS = ['query', 'operationName', 'variables', 'extensions', 'id', 'documentId'] as const

/** Names of other servers for a document that they have: Relay, Absinthe, Hot Chocolate, Meta. */
const OTHERS = [
  'queryId',
  'doc_id',
  'docId',
  'hash',
  'sha256Hash',
  'documentHash',
  'persistedQuery',
]

/** GitHub and others look at the bytes: `curl -d` says that JSON is a form. */
const JSON_TYPES = ['application/json', 'application/graphql+json']
const LOOSE_TYPES = ['', 'text/plain', 'application/x-www-form-urlencoded']

/**
 * The requests of a call, in order: more than one in a batch.
 * @throws Unreadable for what is not one of the forms below, and for what is two of them
 */
export function requestsOf(call: Call, content: Content | null): readonly GraphqlRequest[] {
  const query = call.query.slice(1)
  if (content === null) return [fromQuery(query)]
  // Some servers read the query first, others the body.
  if (hasParam(query, ...KEYS, ...OTHERS)) {
    throw new Unreadable('a GraphQL request stands in the query or in the body, not in both')
  }
  const { bytes } = content
  if (isDocument(bodyType(call.request.headers), bytes)) {
    return [{ query: textOf(bytes), persisted: null, operation: null }]
  }
  const json = readJson(bytes)
  if (!Array.isArray(json)) return [fromJson(json)]
  if (json.length === 0 || json.length > MOST_REQUESTS) {
    throw new Unreadable(`a GraphQL batch has from 1 to ${MOST_REQUESTS} requests`)
  }
  return json.map(fromJson)
}

/**
 * Whether the body is the document itself; else it is JSON.
 * @throws Unreadable where it is said to be neither, or could be a form as well
 */
function isDocument(type: string, bytes: Uint8Array): boolean {
  if (type === 'application/graphql') return true
  if (JSON_TYPES.includes(type)) return false
  if (!LOOSE_TYPES.includes(type)) throw new Unreadable('a GraphQL request is application/json')
  if (!hasParam(textOf(bytes), ...KEYS, ...OTHERS)) return false
  throw new Unreadable('a GraphQL request is JSON, not a form')
}

/** @throws Unreadable unless each parameter of GraphQL stands there once, under its own name */
function fromQuery(query: string): GraphqlRequest {
  if (hasParam(query, ...OTHERS)) throw unknownKey()
  const found = new Map<string, Json>()
  for (const pair of query.split('&')) {
    const [key = '', ...value] = pair.split('=')
    const named = paramsNamed(pair, KEYS).map(({ param }) => param)
    if (named.length === 0) continue
    if (named.join('&') !== key || pair.includes(';') || found.has(key)) {
      throw new Unreadable('a parameter of GraphQL comes twice, or in another spelling')
    }
    found.set(key, valueOf(key, decodedOnce(value.join('='))))
  }
  return fromJson(found)
}

function valueOf(key: string, text: string): Json {
  const json = key === 'variables' || key === 'extensions'
  return json && text !== '' ? readJsonText(text) : text
}

function decodedOnce(value: string): string {
  try {
    return decodeURIComponent(value.replaceAll('+', ' '))
  } catch {
    throw new Unreadable('a parameter of the query has an escape that is not valid UTF-8')
  }
}

/** @throws Unreadable for another member too: some servers take `Query` for `query` */
function fromJson(json: Json): GraphqlRequest {
  if (!isObject(json)) throw new Unreadable('a GraphQL request is a JSON object')
  for (const key of json.keys()) {
    if (!KEYS.some((each) => each === key)) throw unknownKey()
  }
  const query = textIn(json, 'query')
  const operation = textIn(json, 'operationName')
  const ids = [textIn(json, 'id'), textIn(json, 'documentId'), hashIn(json.get('extensions'))]
  const [persisted = null, ...others] = ids.filter((id) => id !== null)
  if (others.length > 0) throw new Unreadable('a GraphQL request names two stored documents')
  return { query, persisted, operation }
}

/** null where there is none, or an empty one. */
function textIn(json: JsonObject, key: (typeof KEYS)[number]): string | null {
  const value = json.get(key) ?? ''
  if (typeof value !== 'string') throw new Unreadable(`${key} of a GraphQL request is a text`)
  return value === '' ? null : value
}

/** https://www.apollographql.com/docs/apollo-server/performance/apq: `persistedQuery.sha256Hash` */
function hashIn(extensions: Json | undefined): string | null {
  if ((extensions ?? '') === '') return null
  if (!isObject(extensions)) throw new Unreadable('extensions of a GraphQL request is an object')
  const [named, ...others] = [...extensions.keys()].filter((key) => PERSISTED.test(key))
  if (named === undefined) return null
  const persisted = extensions.get('persistedQuery')
  if (others.length === 0 && isObject(persisted)) {
    const { sha256Hash: hash, version: _, ...rest } = Object.fromEntries(persisted)
    if (typeof hash === 'string' && hash !== '' && Object.keys(rest).length === 0) return hash
  }
  throw new Unreadable('extensions.persistedQuery has a version, a sha256Hash and nothing else')
}

const PERSISTED = /^persisted_?(?:query|document)$/iu

function unknownKey(): Unreadable {
  return new Unreadable(`a GraphQL request has nothing but ${KEYS.join(', ')}`)
}
