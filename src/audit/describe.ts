import type { Call } from '../call.ts'
import type { Caller, Place } from '../identity.ts'
import type { Opening } from '../opening.ts'
import type { Decision } from '../policy/decide.ts'
import { NO_SLOTS, presentedIn } from '../presented.ts'
import { REFUSALS } from '../refusal.ts'
import type { Refusal } from '../refusal.ts'
import { declaredLength } from '../upload.ts'
import type { Event } from './event.ts'
import { redact } from './redact.ts'

/** What is known of a call so far. Each stage adds its own; the record is made of whatever is there. */
export interface Progress {
  readonly id: string
  /** Unix ms. */
  readonly at: number
  readonly request: Request
  call?: Call
  place?: Place
  caller?: Caller
  decision?: Decision
  credentials?: Opening
  refusal?: Refusal
  /** `seq` of the durable record of a sensitive call, which this one's end closes. */
  opened?: number
  /** The approval that was used. */
  approval?: string | null
  /** Something was sent upstream, or is about to be. */
  forwarded?: true
  /** How many echoes of a credential were taken out before the answer left. */
  scrubbed?: number
}

export interface Ending {
  readonly now: number
  /** null: the call is only about to be forwarded. */
  readonly response: Response | null
}

const MAX_PATH = 1024
const MAX_NAME = 64

/** The record of a call, finished or about to be forwarded. */
export function eventOf(so: Progress, { now, response }: Ending): Event {
  const { id, at, request } = so
  return {
    id,
    at: new Date(at).toISOString(),
    ...whoCalled(so),
    method: request.method,
    ...whatWasAsked(so),
    ...whatWasDecided(so),
    approval: so.approval ?? null,
    mode: 'edge',
    secret_read: (so.credentials?.opened.length ?? 0) > 0,
    secret_exposed: false,
    echoes_scrubbed: so.scrubbed ?? so.refusal?.details.echoes ?? 0,
    ...howItEnded(so, response),
    duration_ms: now - at,
    bytes_in: request.body ? declaredLength(request.headers) : null,
  }
}

function howItEnded(
  { refusal }: Progress,
  response: Response | null,
): Pick<Event, 'status' | 'code' | 'cache' | 'bytes_out'> {
  const status = response?.status ?? null
  return {
    status,
    code: refusal?.code ?? (status === 429 ? 'PROXY_UPSTREAM_RATE_LIMITED' : null),
    cache: refusal ? 'BYPASS' : (response?.headers.get('x-proxy-cache') ?? 'BYPASS'),
    bytes_out: response ? declaredLength(response.headers) : null,
  }
}

function whoCalled({
  place,
  caller,
}: Progress): Pick<Event, 'tenant' | 'project' | 'agent' | 'host' | 'client' | 'grant'> {
  const from = { host: place?.host?.id ?? null, client: place?.address ?? null }
  if (!caller) return { ...NOBODY, ...from }
  const { tenant, project, agent, grant } = caller
  return { tenant, project, agent, grant: grant?.id ?? null, ...from }
}

const NOBODY = { tenant: null, project: null, agent: null, grant: null }

function rejection(credentials: Opening | undefined): string | null {
  const why = credentials?.rejected ?? null
  return why === null ? null : `credential rejected by the upstream (${why})`
}

function whatWasDecided({
  decision,
  refusal,
  credentials,
  forwarded,
}: Progress): Pick<Event, 'category' | 'sensitive' | 'decision' | 'rule' | 'reason'> {
  const reason = refusal ? (refusal.details.reason ?? refusal.message) : rejection(credentials)
  if (!decision) return { category: null, sensitive: false, decision: 'deny', rule: null, reason }
  if (!decision.allow) {
    const { sensitive, rule } = decision
    return { category: null, sensitive, decision: 'deny', rule, reason }
  }
  const { category, sensitive, rule } = decision.permit
  // Policy let it through, and a limit, an approval or a stage between did not.
  const stopped = refusal !== undefined && forwarded !== true && REFUSALS[refusal.code] < 500
  return { category, sensitive, decision: stopped ? 'deny' : 'allow', rule, reason }
}

/**
 * Takes out of what a client sent every secret and key that the call knows of, and whatever looks
 * like a token. Nothing of a call is shown or recorded that has not gone through this.
 */
export function cleaner(
  { caller, place, credentials }: Progress,
  call: Call,
): (text: string) => string {
  const presented = caller?.shown ?? presentedIn(call, NO_SLOTS).all
  const secrets = [...(place?.key ? [place.key] : []), ...(credentials?.opened ?? [])]
  return (text) => secrets.reduce((rest, secret) => secret.redact(rest), redact(text, presented))
}

function whatWasAsked(so: Progress): Pick<Event, 'provider' | 'path' | 'query_keys' | 'operation'> {
  const { call } = so
  if (!call) return { provider: null, path: null, query_keys: [], operation: null }
  const clean = cleaner(so, call)
  return {
    provider: call.named.name === '' ? null : clean(call.named.name).slice(0, MAX_NAME),
    path: clean(call.path).slice(0, MAX_PATH),
    query_keys: queryKeys(call.query).map((key) => clean(key).slice(0, MAX_NAME)),
    operation: null,
  }
}

/** So many names of a query are recorded, and shown. */
export const MAX_KEYS = 32

/** The names in a query that begins with its `?`, as they were sent, each once; the first 32. */
export function queryKeys(query: string): string[] {
  if (query.length < 2) return []
  const keys = query
    .slice(1)
    .split('&', MAX_KEYS)
    .map((pair) => pair.split('=', 1)[0] ?? '')
  return [...new Set(keys)]
}
