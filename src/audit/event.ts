import type { Call } from '../call.ts'
import type { Provider } from '../catalog.ts'
import type { Caller, Place } from '../identity.ts'
import type { Opening } from '../opening.ts'
import type { Decision } from '../policy/decide.ts'
import { presentedIn } from '../presented.ts'
import type { Refusal } from '../refusal.ts'
import { declaredLength } from '../upload.ts'
import { redact } from './redact.ts'

/** What is known of a call so far. Each stage adds its own; the record is made of whatever is there. */
export interface Progress {
  call?: Call
  provider?: Provider | null
  place?: Place
  caller?: Caller
  decision?: Decision
  credentials?: Opening
  refusal?: Refusal
}

/**
 * One call, allowed or refused, as it is recorded: control-plane.md §4. Names and never values:
 * no header value, query value, body, key or token.
 */
export interface Event {
  readonly id: string
  readonly at: string
  readonly tenant: string | null
  readonly project: string | null
  readonly agent: string | null
  readonly host: string | null
  readonly client: string | null
  /** The identifier of the grant, or null for a call without one. */
  readonly grant: string | null
  readonly provider: string | null
  readonly method: string
  readonly path: string | null
  readonly query_keys: readonly string[]
  /** What the call does, where its API says so outside method and path. */
  readonly operation: string | null
  readonly category: string | null
  readonly sensitive: boolean
  readonly decision: 'allow' | 'deny'
  /** Why it was refused, or null. */
  readonly reason: string | null
  /** The rule that decided, or null when the call did not come so far. */
  readonly rule: string | null
  /** The identifier of the approval that was used, or null when none was wanted. */
  readonly approval: string | null
  /** Where the credential was put on the request. */
  readonly mode: 'edge'
  readonly secret_read: boolean
  /** The agent never gets a credential. */
  readonly secret_exposed: false
  /** How often the upstream's answer repeated a credential, which was taken out. */
  readonly echoes_scrubbed: number
  readonly status: number
  readonly code: string | null
  readonly cache: string
  /** Until response headers. */
  readonly duration_ms: number
  /** As declared by `Content-Length`; null when the body has no declared length. */
  readonly bytes_in: number | null
  readonly bytes_out: number | null
}

export interface Ending {
  readonly id: string
  readonly at: number
  readonly now: number
  readonly request: Request
  readonly response: Response
}

const MAX_PATH = 1024
const MAX_KEYS = 32
const MAX_NAME = 64

/** The record of a finished call. */
export function eventOf(so: Progress, ending: Ending): Event {
  const { id, at, now, request, response } = ending
  return {
    id,
    at: new Date(at).toISOString(),
    ...whoCalled(so),
    method: request.method,
    ...whatWasAsked(so),
    ...whatWasDecided(so),
    approval: null,
    mode: 'edge',
    secret_read: (so.credentials?.opened.length ?? 0) > 0,
    secret_exposed: false,
    echoes_scrubbed: 0,
    status: response.status,
    code: response.headers.get('x-proxy-error'),
    cache: response.headers.get('x-proxy-cache') ?? 'BYPASS',
    duration_ms: now - at,
    bytes_in: declaredLength(request.headers),
    bytes_out: declaredLength(response.headers),
  }
}

function whoCalled({
  place,
  caller,
}: Progress): Pick<Event, 'tenant' | 'project' | 'agent' | 'host' | 'client' | 'grant'> {
  return {
    tenant: caller?.tenant ?? null,
    project: null,
    agent: null,
    host: place?.host?.id ?? null,
    client: place?.address ?? null,
    grant: null,
  }
}

function rejection(credentials: Opening | undefined): string | null {
  const why = credentials?.rejected ?? null
  return why === null ? null : `credential rejected by the upstream (${why})`
}

function whatWasDecided({
  decision,
  refusal,
  credentials,
}: Progress): Pick<Event, 'category' | 'sensitive' | 'decision' | 'rule' | 'reason'> {
  const reason = refusal ? (refusal.details.reason ?? refusal.message) : rejection(credentials)
  if (!decision) return { category: null, sensitive: false, decision: 'deny', rule: null, reason }
  if (!decision.allow) {
    const { sensitive, rule } = decision
    return { category: null, sensitive, decision: 'deny', rule, reason }
  }
  const { category, sensitive, rule } = decision.permit
  return { category, sensitive, decision: 'allow', rule, reason }
}

/** What the client sent, searched for every secret and key that the call knows of. */
function whatWasAsked(so: Progress): Pick<Event, 'provider' | 'path' | 'query_keys' | 'operation'> {
  const { call } = so
  if (!call) return { provider: null, path: null, query_keys: [], operation: null }
  // A stranger's slots are not read: how long that takes would tell which providers exist.
  const presented = so.caller?.shown ?? presentedIn(call, null).all
  const secrets = [...(so.place?.key ? [so.place.key] : []), ...(so.credentials?.opened ?? [])]
  const clean = (text: string): string =>
    secrets.reduce((rest, secret) => secret.redact(rest), redact(text, presented))
  return {
    provider: call.named.name === '' ? null : clean(call.named.name).slice(0, MAX_NAME),
    path: clean(call.path).slice(0, MAX_PATH),
    query_keys: keysOf(call.query.slice(1)).map((key) => clean(key).slice(0, MAX_NAME)),
    operation: null,
  }
}

function keysOf(query: string): string[] {
  if (query === '') return []
  const keys = query.split('&', MAX_KEYS).map((pair) => pair.split('=', 1)[0] ?? '')
  return [...new Set(keys)]
}
