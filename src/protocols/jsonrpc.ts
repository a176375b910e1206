import { Unreadable } from '../content/content.ts'
import { isObject, readJson } from '../content/json.ts'
import type { Json, JsonObject } from '../content/json.ts'

/** https://www.jsonrpc.org/specification: a request (with an `id`), a notification, or a response. */
export type Message =
  | {
      readonly is: 'call'
      readonly method: string
      readonly answered: boolean
      readonly params: Json
    }
  | { readonly is: 'response' }

export interface Messages {
  readonly all: readonly Message[]
  readonly batch: boolean
}

/** Messages of one batch. */
const MOST_MESSAGES = 100

const KEYS = ['jsonrpc', 'id', 'method', 'params', 'result', 'error']

/** @throws Unreadable for what is not JSON-RPC 2.0, and for a message with anything else in it */
export function readMessages(bytes: Uint8Array): Messages {
  const json = readJson(bytes)
  if (!Array.isArray(json)) return { all: [messageOf(json)], batch: false }
  if (json.length === 0 || json.length > MOST_MESSAGES) {
    throw new Unreadable(`a batch of JSON-RPC has from 1 to ${MOST_MESSAGES} messages`)
  }
  return { all: json.map(messageOf), batch: true }
}

function messageOf(json: Json): Message {
  if (!isObject(json) || json.get('jsonrpc') !== '2.0') {
    throw new Unreadable('the body is not a message of JSON-RPC 2.0')
  }
  for (const key of json.keys()) {
    // Some servers take `Method` for `method`.
    if (!KEYS.includes(key)) throw new Unreadable(`a JSON-RPC message has only ${KEYS.join(', ')}`)
  }
  return json.has('method') ? callOf(json) : responseOf(json)
}

function callOf(json: JsonObject): Message {
  const method = json.get('method')
  if (typeof method !== 'string' || json.has('result') || json.has('error')) {
    throw new Unreadable('a JSON-RPC message is a request or a response, not both')
  }
  const id = json.get('id')
  if (isObject(id) || Array.isArray(id) || typeof id === 'boolean') {
    throw new Unreadable('the id of a JSON-RPC request is a text or a number')
  }
  return { is: 'call', method, answered: json.has('id'), params: json.get('params') ?? null }
}

function responseOf(json: JsonObject): Message {
  if (json.has('params') || json.has('result') === json.has('error')) {
    throw new Unreadable('a JSON-RPC response has a result or an error')
  }
  return { is: 'response' }
}
