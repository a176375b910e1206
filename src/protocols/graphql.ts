import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'

import type { Call } from '../call.ts'
import { Unreadable } from '../content/content.ts'
import type { Content, Wanted } from '../content/content.ts'
import type { Operation, Ruling } from '../operation.ts'
import { chosen, readDocument, selected } from './graphql_document.ts'
import type { Document, Selected } from './graphql_document.ts'
import { requestsOf } from './graphql_request.ts'
import type { GraphqlRequest } from './graphql_request.ts'
import type { GraphqlRules } from './graphql_rules.ts'
import { fits, ruled } from './listed.ts'
import { asPlaced, placeOf } from './place.ts'
import type { Protocol } from './protocol.ts'
import { spoken } from './spoken.ts'

const PLACE = 'graphql'

/** https://graphql.github.io/graphql-over-http/draft/ */
export const graphql: Protocol<GraphqlRules> = {
  wants(call: Call, rules: GraphqlRules): Wanted | null {
    if (placeOf(rules, call.path) === null) return null
    // What a browser asks of a server beforehand.
    if (call.method === 'OPTIONS' && call.request.body === null) return null
    return call.method === 'POST' ? 'body' : 'nothing'
  },

  read(call: Call, rules: GraphqlRules, content: Content | null): Operation {
    const { method, request } = call
    if (request.headers.has('upgrade')) {
      const reason = 'operations in a WebSocket cannot be told'
      const ruling: Ruling = { is: 'deny', rule: PLACE, reason, listed: true }
      return { name: 'websocket', ruling }
    }
    if (method === 'POST' ? content === null : !['GET', 'HEAD'].includes(method)) {
      throw new Unreadable('GraphQL is asked for by POST or GET')
    }
    if (method !== 'POST' && request.body !== null) {
      throw new Unreadable('a GraphQL request by GET has no body')
    }
    const parts = requestsOf(call, method === 'POST' ? content : null).map((each) =>
      partOf(each, rules),
    )
    if (method !== 'POST' && parts.some(({ type }) => type === 'mutation')) {
      throw new Unreadable('a mutation is asked for by POST')
    }
    const name = spoken(parts.map(nameOf).join('; '))
    return asPlaced({ name, ruling: rulingOf(parts, rules) }, rules, call.path)
  },
}

/** @throws Unreadable */
function partOf(request: GraphqlRequest, rules: GraphqlRules): Selected {
  const document = documentOf(request, rules)
  return selected(document, chosen(document, request.operation))
}

/**
 * What the upstream will execute. A document that it is to store under a hash has to have that hash.
 * @throws Unreadable for what only the upstream knows
 */
function documentOf({ query, persisted }: GraphqlRequest, rules: GraphqlRules): Document {
  if (persisted === null) {
    if (query === null) throw new Unreadable('the GraphQL request has no document')
    return readDocument(query)
  }
  const known = Object.hasOwn(rules.persisted, persisted) ? rules.persisted[persisted] : undefined
  if (query === null) {
    if (known === undefined) throw new Unreadable('no stored GraphQL document has that name')
    return storedDocument(rules, persisted, known)
  }
  if (known === undefined ? hashOf(query) !== persisted : known !== query) {
    throw new Unreadable('the GraphQL document is not the one that its hash or id names')
  }
  return readDocument(query)
}

function hashOf(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)))
}

function nameOf({ type, fields }: Selected): string {
  return `${type} ${fields.join(', ')}`
}

function rulingOf(parts: readonly Selected[], rules: GraphqlRules): Ruling {
  const over = overLimit(parts, rules)
  if (over) return over
  const asked = parts.flatMap(({ type, fields }) =>
    fields.map((field) => ({
      name: `${type}.${field}`,
      writes: type === 'mutation',
      free: field === '__typename',
    })),
  )
  return ruled(asked, rules, {
    matches: (entry, name) => fits(entry.includes('.') ? entry : `${entry}.*`, name),
    place: PLACE,
    treat_writes_as_sensitive: rules.treat_writes_as_sensitive,
  })
}

/** A batch asks for as many fields and aliases as its parts do together. */
function overLimit(parts: readonly Selected[], rules: GraphqlRules): Ruling {
  const total = (of: 'aliases' | 'root_fields') => parts.reduce((sum, part) => sum + part[of], 0)
  const counts = {
    max_depth: Math.max(...parts.map(({ depth }) => depth)),
    max_aliases: total('aliases'),
    max_root_fields: total('root_fields'),
  }
  for (const limit of ['max_depth', 'max_aliases', 'max_root_fields'] as const) {
    const most = rules[limit]
    if (most === null || counts[limit] <= most) continue
    const reason = `${counts[limit]} is more than ${most}`
    return { is: 'deny', rule: `${PLACE}.${limit}`, reason, listed: true }
  }
  return null
}

const documents = new WeakMap<GraphqlRules, Map<string, Document>>()

/** Parsed once: a batch may name one a hundred times. */
function storedDocument(rules: GraphqlRules, id: string, text: string): Document {
  const known = documents.get(rules) ?? new Map<string, Document>()
  documents.set(rules, known)
  const document = known.get(id) ?? readDocument(text)
  known.set(id, document)
  return document
}
