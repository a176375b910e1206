import type { Call } from '../call.ts'
import type { Caller, Place } from '../identity.ts'
import { declaredLength } from '../incoming.ts'
import type { Incoming } from '../incoming.ts'
import type { Opening } from '../opening.ts'
import { LONGEST_NAME } from '../operation.ts'
import type { Decision } from '../policy/decision.ts'
import { NO_SLOTS, presentedIn } from '../presented.ts'
import { REFUSALS } from '../refusal.ts'
import type { Refusal } from '../refusal.ts'
import type { Event } from './event.ts'
import { redactor } from './redact.ts'

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
  body?: Incoming
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

/**
 * The record of a call, finished or about to be forwarded. Its members stand in the order of their
 * names: as text it is in canonical form.
 */
export function eventOf(so: Progress, { now, response }: Ending): Event {
  const { id, at, request, refusal, credentials } = so
  const { category, sensitive, decision, rule, reason } = whatWasDecided(so)
  const { agent, grant, project, tenant } = whoCalled(so)
  const { client, host } = whereFrom(so)
  const { operation, path, provider, query_keys } = whatWasAsked(so)
  const { bytes_out, cache, code, status } = whatWasSaid(so, response)
  return {
    agent,
    approval: so.approval ?? null,
    at: new Date(at).toISOString(),
    bytes_in: request.body ? declaredLength(request.headers) : null,
    bytes_out,
    cache,
    category,
    client,
    code,
    decision,
    duration_ms: now - at,
    echoes_scrubbed: so.scrubbed ?? refusal?.details.echoes ?? 0,
    grant,
    host,
    id,
    method: request.method,
    mode: 'edge',
    operation,
    path,
    project,
    provider,
    query_keys,
    reason,
    rule,
    secret_exposed: false,
    secret_read: (credentials?.opened.length ?? 0) > 0,
    sensitive,
    status,
    tenant,
  }
}

const NOBODY = { agent: null, grant: null, project: null, tenant: null } as const

function whoCalled({ caller }: Progress): Pick<Event, 'agent' | 'grant' | 'project' | 'tenant'> {
  if (!caller) return NOBODY
  const { agent, grant, project, tenant } = caller
  return { agent, grant: grant?.id ?? null, project, tenant }
}

function whereFrom({ place }: Progress): Pick<Event, 'client' | 'host'> {
  return { client: place?.address ?? null, host: place?.host?.id ?? null }
}

const NOTHING = { operation: null, path: null, provider: null, query_keys: [] } as const

function whatWasAsked(so: Progress): Pick<Event, 'operation' | 'path' | 'provider' | 'query_keys'> {
  const { call } = so
  if (!call) return NOTHING
  const clean = cleaner(so, call)
  const { name } = call.named
  const operation = operationOf(so.decision)
  return {
    operation: operation === null ? null : plain(clean(operation)).slice(0, LONGEST_NAME),
    path: clean(call.path).slice(0, MAX_PATH),
    provider: name === '' ? null : plain(clean(name)).slice(0, MAX_NAME),
    query_keys: queryKeys(call.query).map((key) => clean(key).slice(0, MAX_NAME)),
  }
}

/** What the call asks for in the words of its API; null where nothing is known of that. */
function operationOf(decision: Decision | undefined): string | null {
  if (!decision) return null
  return decision.allow ? decision.permit.operation : decision.operation
}

function whatWasSaid(
  { refusal }: Progress,
  response: Response | null,
): Pick<Event, 'bytes_out' | 'cache' | 'code' | 'status'> {
  const code = refusal?.code ?? null
  if (!response) return { bytes_out: null, cache: 'BYPASS', code, status: null }
  const { headers, status } = response
  return {
    bytes_out: declaredLength(headers),
    cache: refusal ? 'BYPASS' : (headers.get('x-proxy-cache') ?? 'BYPASS'),
    code: code ?? (status === 429 ? 'PROXY_UPSTREAM_RATE_LIMITED' : null),
    status,
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
  const presented = caller?.keys ?? presentedIn(call, NO_SLOTS).all
  const secrets = [...(place?.key ? [place.key] : []), ...(credentials?.opened ?? [])]
  const withoutKeys = redactor(presented)
  return (text) => secrets.reduce((rest, secret) => secret.redact(rest), withoutKeys(text))
}

/**
 * No name has anything else in it, and a header may: what a terminal obeys (ESC, U+009B), what turns
 * text around. Paths and queries are ASCII without control characters by the time that they are here.
 */
function plain(name: string): string {
  return name.replaceAll(/[^\x20-\x7e]/g, '?')
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
