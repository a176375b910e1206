import { Unreadable } from '../content/content.ts'
import { isObject, readJson } from '../content/json.ts'
import type { Json, JsonObject } from '../content/json.ts'
import { Refusal } from '../refusal.ts'

/** What a client of MCP sends in one POST: https://modelcontextprotocol.io/specification/2026-07-28/basic */
export type Message =
  | {
      readonly is: 'request'
      readonly id: MessageId
      readonly method: string
      readonly params: Json | undefined
    }
  /** Wants no answer: a notification, or an answer to a question that we never ask. */
  | { readonly is: 'told' }

export type MessageId = string | number

const LONGEST_ID = 200
const LONGEST_METHOD = 100

/**
 * One message of JSON-RPC 2.0. What is none, or could be read in two ways, is refused as any other bad
 * input: nobody knows which request an error of JSON-RPC would be for.
 * @throws Refusal 400
 */
export function readMessage(bytes: Uint8Array): Message {
  const message = jsonIn(bytes)
  if (Array.isArray(message)) throw bad('one message at a time: batches are not of this protocol')
  if (!isObject(message)) throw bad('a message is a JSON object')
  if (message.get('jsonrpc') !== '2.0') throw bad('"jsonrpc" has to be "2.0"')
  const method = message.get('method')
  if (method === undefined && isAnswer(message)) return { is: 'told' }
  if (typeof method !== 'string' || method.length > LONGEST_METHOD) {
    throw bad('"method" has to be a name')
  }
  if (!message.has('id')) return { is: 'told' }
  const id = idIn(message)
  if (id === null) throw bad('"id" has to be a text or a whole number')
  return { is: 'request', id, method, params: message.get('params') }
}

function isAnswer(message: JsonObject): boolean {
  return message.has('result') !== message.has('error')
}

function idIn(message: JsonObject): MessageId | null {
  const id = message.get('id')
  if (typeof id === 'string') return id.length <= LONGEST_ID ? id : null
  return typeof id === 'number' && Number.isSafeInteger(id) ? id : null
}

function jsonIn(bytes: Uint8Array): Json {
  try {
    return readJson(bytes)
  } catch (error) {
    if (error instanceof Unreadable) throw bad(error.message)
    throw error
  }
}

function bad(message: string): Refusal {
  return new Refusal('PROXY_BAD_REQUEST', message)
}
