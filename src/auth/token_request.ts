import { secondsOf, usable } from './lifetime.ts'
import type { EndpointAnswer, Mint, NotMinted } from './scheme.ts'

/** How a client shows who it is. `secret` is null for a public client. */
export interface Client {
  readonly id: string
  readonly secret: string | null
  readonly by: 'post' | 'basic'
}

/** RFC 6749 §5.2 and §4.1.2.1, RFC 8707 §2. What is not in here is not repeated to anybody. */
const ERRORS = new Map<string, string>([
  ['invalid_client', 'client rejected'],
  ['unauthorized_client', 'client rejected'],
  ['invalid_grant', 'grant rejected'],
  ['invalid_scope', 'scope rejected'],
  ['invalid_target', 'audience rejected'],
  ['invalid_request', 'request rejected'],
  ['unsupported_grant_type', 'request rejected'],
  ['access_denied', 'request rejected'],
  ['server_error', 'out of order'],
  ['temporarily_unavailable', 'out of order'],
])

/** RFC 6750 §2.1 (b64token), and what others send: any visible ASCII without a space. */
export const TOKEN = /^[\x21-\x7e]+$/

/** A form POST to a token endpoint: RFC 6749 §3.2. Fields that are null are not sent. */
export function tokenRequest(
  url: string,
  client: Client,
  fields: Readonly<Record<string, string | null>>,
): Request {
  const form = new URLSearchParams()
  for (const [name, value] of Object.entries(fields)) if (value !== null) form.set(name, value)
  const headers = new Headers({ accept: 'application/json' })
  if (client.by === 'basic' && client.secret !== null) {
    headers.set('authorization', `Basic ${btoa(`${encoded(client.id)}:${encoded(client.secret)}`)}`)
  } else {
    form.set('client_id', client.id)
    if (client.secret !== null) form.set('client_secret', client.secret)
  }
  return new Request(url, { method: 'POST', headers, body: form })
}

/** What the endpoint's answer comes to: RFC 6749 §5. `ttlFallback` in seconds. */
export function readTokenAnswer(answer: EndpointAnswer, now: number, ttlFallback: number): Mint {
  const said = objectOf(answer.json)
  if (answer.status !== 200) return failureOf(answer.status, said)
  const token = said['access_token']
  if (typeof token !== 'string' || !TOKEN.test(token)) return MALFORMED
  const refresh = said['refresh_token']
  return {
    token,
    until: now + usable((secondsOf(said['expires_in']) ?? ttlFallback) * 1000),
    refresh: typeof refresh === 'string' && refresh !== '' ? refresh : null,
  }
}

/** An answer that says yes and holds no token. */
export const MALFORMED: NotMinted = { failed: 'malformed answer', final: false }

/** The fields of a JSON object; of anything else, none. */
export function objectOf(json: unknown): Readonly<Record<string, unknown>> {
  return typeof json === 'object' && json !== null ? { ...json } : {}
}

function failureOf(status: number, { error }: Readonly<Record<string, unknown>>): NotMinted {
  const known = typeof error === 'string' ? ERRORS.get(error) : undefined
  if (known === undefined) return { failed: `HTTP ${status}`, final: false }
  return { failed: `${known} (${String(error)})`, final: error === 'invalid_grant' }
}

/** RFC 6749 §2.3.1 has both parts form-encoded before they are joined. */
function encoded(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1)
}
