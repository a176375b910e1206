import { Unreadable } from './content.ts'
import { jsonFields, NO_FIELDS, spelledOtherwise } from './fields.ts'
import type { Fields } from './fields.ts'
import { pairsOf, readForm } from './form.ts'
import { readJson } from './json.ts'
import { parametersOf } from './media_type.ts'
import { readMultipart } from './multipart.ts'
import { pairFields, speaking } from './pairs.ts'

const MEDIA_TYPE = /^([!#$&^_.+a-z0-9-]+\/[!#$&^_.+a-z0-9-]+)[ \t]*(;.*)?$/i
const JSON_TYPE = /^(?:application\/json|[a-z]+\/[!#$&^_.a-z0-9-]+\+json)$/

/**
 * The fields of a body, by what its Content-Type says that it is: JSON, a form, multipart/form-data.
 * A field that is in the query too is refused where a rule asks for it: many servers read both.
 * @throws Unreadable
 */
export function bodyFields(headers: Headers, bytes: Uint8Array, query: string): Fields {
  const inQuery = speaking(pairsOf(query.slice(1), ' '))
  const own = bytes.byteLength === 0 ? NO_FIELDS : ownFields(headers, bytes)
  return {
    find(steps) {
      if (inQuery(steps)) throw spelledOtherwise(steps)
      return own.find(steps)
    },
  }
}

/**
 * The fields of a query, once for each way to read a `+`. A name is taken as it stands: `created[gte]`.
 * The last step may be null: `types[]`.
 */
export function queryFields(query: string): readonly Fields[] {
  const readings = query.includes('+') ? ([' ', '+'] as const) : ([' '] as const)
  return readings.map((plus) => pairFields(pairsOf(query.slice(1), plus)))
}

function ownFields(headers: Headers, bytes: Uint8Array): Fields {
  const coding = headers.get('content-encoding') ?? 'identity'
  if (coding.toLowerCase() !== 'identity') throw new Unreadable('a body with a Content-Encoding')
  const { type, parameters } = mediaTypeOf(headers)
  if (JSON_TYPE.test(type)) return jsonFields(readJson(bytes))
  if (type === 'application/x-www-form-urlencoded') return pairFields(readForm(bytes))
  if (type === 'multipart/form-data') {
    return pairFields(readMultipart(bytes, parameters.get('boundary') ?? ''))
  }
  throw new Unreadable('a rule reads the body, which has to be JSON, a form or multipart/form-data')
}

/** Two Content-Types arrive as one value with a comma, which is none. */
function mediaTypeOf(headers: Headers) {
  const [, type = '', rest = ''] = MEDIA_TYPE.exec(headers.get('content-type') ?? '') ?? []
  const parameters = parametersOf(rest.trimEnd())
  if (type === '' || !parameters) {
    throw new Unreadable('a rule reads the body, and its Content-Type is missing or not readable')
  }
  if (!/^utf-?8$/i.test(parameters.get('charset') ?? 'utf-8')) {
    throw new Unreadable('the body is in another character set than UTF-8')
  }
  return { type: type.toLowerCase(), parameters }
}
