import { appendParam, withoutParams } from '../query.ts'
import type { HmacSignedAuth } from './config.ts'
import { opened, placeHeaders } from './credential.ts'
import type { Credentials, Draft, Scheme } from './scheme.ts'

const HASHES = { sha256: 'SHA-256', sha512: 'SHA-512' } as const

const encoder = new TextEncoder()

/**
 * HMAC (RFC 2104) over the query, the body or both, with a timestamp in Unix milliseconds, as
 * exchanges want it: https://developers.binance.com/docs/binance-spot-api-docs/rest-api/request-security.
 * The bytes that are signed are the bytes that are sent.
 */
export const hmacSigned: Scheme<HmacSignedAuth> = {
  secrets: ({ key, secret }) => [key, secret],
  slots: (auth) => ({ headers: headerSlots(auth), params: paramSlots(auth) }),
  readsBody: ({ payload }) => payload !== 'query',
  sign: async (draft, auth, credentials, now) => {
    draft.query = stamped(withoutParams(draft.query, paramSlots(auth)), auth, now)
    const signature = await mac(covered(draft, auth), auth, credentials)
    if (auth.signature_header === null) {
      draft.query = appendParam(draft.query, auth.signature_param, signature)
    }
    placeHeaders(draft.headers, [
      [auth.key_header, opened(auth.key, credentials)],
      ...optional(auth.timestamp_header, String(now)),
      ...optional(auth.signature_header, signature),
    ])
  },
}

function headerSlots(auth: HmacSignedAuth): string[] {
  return [auth.key_header, auth.signature_header, auth.timestamp_header].flatMap((name) =>
    name === null ? [] : [name.toLowerCase()],
  )
}

function paramSlots(auth: HmacSignedAuth): string[] {
  return [
    ...(auth.signature_header === null ? [auth.signature_param] : []),
    ...(stampsQuery(auth) ? [auth.timestamp_param] : []),
  ]
}

/** A body signature does not cover the query, so a timestamp there would prove nothing. */
function stampsQuery({ payload, timestamp_header }: HmacSignedAuth): boolean {
  return timestamp_header === null && payload !== 'body'
}

function stamped(query: string, auth: HmacSignedAuth, now: number): string {
  return stampsQuery(auth) ? appendParam(query, auth.timestamp_param, String(now)) : query
}

function covered({ query, body }: Draft, { payload }: HmacSignedAuth): Uint8Array {
  const bytes = body ?? new Uint8Array()
  if (payload === 'body') return bytes
  if (payload === 'query') return encoder.encode(query)
  const head = encoder.encode(`${query}\n`)
  const both = new Uint8Array(head.length + bytes.length)
  both.set(head)
  both.set(bytes, head.length)
  return both
}

/** Lower-case hex. */
async function mac(
  bytes: Uint8Array,
  { secret, digest }: HmacSignedAuth,
  credentials: Credentials,
): Promise<string> {
  const algorithm = { name: 'HMAC', hash: HASHES[digest] }
  const raw = encoder.encode(opened(secret, credentials))
  const key = await crypto.subtle.importKey('raw', raw, algorithm, false, ['sign'])
  const signature = new Uint8Array(await crypto.subtle.sign('HMAC', key, bytes))
  return Array.from(signature, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function optional(name: string | null, value: string): (readonly [string, string])[] {
  return name === null ? [] : [[name, value]]
}
