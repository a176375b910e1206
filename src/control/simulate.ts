import { windowsOf } from '../admission.ts'
import { resolve } from '../call.ts'
import type { Call } from '../call.ts'
import type { Host, Provider } from '../catalog.ts'
import { stateOf } from '../grants/grant.ts'
import { reachOf } from '../identity.ts'
import type { Caller } from '../identity.ts'
import { READ_LIMIT, takesBody, tooLarge, unforwardable } from '../incoming.ts'
import { withoutKey } from '../path_slot.ts'
import { decide } from '../policy/decide.ts'
import type { Decision, Unread } from '../policy/decision.ts'
import { asRefusal, Refusal } from '../refusal.ts'
import type { RefusalCode } from '../refusal.ts'
import { asOf } from '../widening/widening.ts'
import type { ControlDeps } from './deps.ts'
import type { Asked, Handler } from './handler.ts'
import { wrong } from './input.ts'
import { findById } from './tenants.ts'

/** One thing that was looked at, in order; the last one decided. */
interface Step {
  readonly step: string
  readonly ok: boolean
  readonly detail: string
}

interface Outcome {
  readonly allow: boolean
  readonly code: RefusalCode | null
  readonly reason: string | null
  readonly rule: string | null
  readonly sensitive: boolean
  readonly category: string | null
  /** Whether a person would have to say yes first. */
  readonly approval: boolean
  /** It depends on the body, and none was given: this is not a decision. */
  readonly needs_body: boolean
}

/**
 * What would be decided of a call, by the functions that decide calls. Nothing is sent, counted or
 * recorded, and no secret is read. The caller's address and key are taken to be right.
 */
export const simulate: Handler<'simulate'> = async (asked) => {
  const { body, deps } = asked
  const steps: Step[] = []
  const step = (name: string, ok: boolean, detail: string) => steps.push({ step: name, ok, detail })
  const caller = await callerIn(asked)
  const ended = caller.grant && stateOf(caller.grant, asked.now)
  if (caller.grant) {
    const detail = `${caller.grant.id} of ${caller.tenant} is ${ended}`
    step('grant', ended === 'active', detail)
    if (ended !== 'active') return { decision: refused('PROXY_GRANT_DENIED', detail), steps }
  }
  if (caller.host) step('host', true, `${caller.host.id}, tenant ${caller.tenant}`)

  const written = callIn(body)
  const named = deps.catalog.providers.get(written.named.name) ?? null
  const call = withoutKey(written, deps.catalog, named)
  try {
    const provider = resolve(call, named, reachOf(caller, deps.catalog))
    step('provider', true, provider.name)
    const first = decide(caller, provider, call, null)
    const read = () => decideRead(caller, provider, call, body.body)
    const decision = first.allow === null && body.body !== undefined ? read() : first
    return { decision: told(decision, provider, step), steps }
  } catch (error) {
    const { code, message } = asRefusal(error)
    step(STEPS[code] ?? 'path', false, message)
    return { decision: refused(code, message), steps }
  }
}

const UNKNOWN = 'it depends on the body, which was not given'

/** What a refusal of a call was about, where it is not its path. */
const STEPS: Partial<Record<RefusalCode, string>> = {
  PROXY_UNKNOWN_PROVIDER: 'provider',
  PROXY_BODY_TOO_LARGE: 'body',
}

/**
 * A query may be written with its `?` or without. What is not said of the body is not known: a call
 * that may have one has one here, which nobody reads.
 */
function callIn(said: Asked<'simulate'>['body']): Call {
  const { path, query, provider, content_type: type, body = UNKNOWN } = said
  const method = said.method.toUpperCase()
  if (['TRACE', 'TRACK', 'CONNECT'].includes(method)) {
    throw new Refusal('PROXY_METHOD_DENIED', `${method} is never forwarded`)
  }
  const headers = { 'content-type': type }
  const none = body === '' || (said.body === undefined && !takesBody(method))
  // Not of its own method: the runtime makes no GET with a body, which an agent may well send.
  const init = none ? { headers } : { method: 'POST', body, headers }
  const request = new Request('https://simulated.invalid/', init)
  const sent = query === '' || query.startsWith('?') ? query : `?${query}`
  return { method, path, query: sent, named: { by: 'header', name: provider }, request }
}

/** The decision by a body that was given. @throws Refusal as `Incoming.read` does */
function decideRead(caller: Caller, provider: Provider, call: Call, body = ''): Decision | Unread {
  const bytes = new TextEncoder().encode(body)
  const limit = provider.max_body_bytes ?? READ_LIMIT
  if (bytes.byteLength > limit) throw tooLarge(limit)
  if (!takesBody(call.method)) throw unforwardable(call)
  return decide(caller, provider, call, { bytes, whole: true })
}

/** @throws Refusal 404 for a grant that is not there, 400 for a host entry that is not. */
async function callerIn({ body, deps, now }: Asked<'simulate'>): Promise<Caller> {
  const { grant: id, host: hostId } = body
  const host = hostId === undefined ? null : hostIn(deps, hostId)
  const grant = id === undefined ? null : (await findById(id, deps, (each) => each.grant(id))).found
  const tenant = grant?.tenant ?? host?.tenant ?? 'default'
  return {
    ...NOBODY,
    host,
    ...(grant && {
      grant: { ...asOf(grant, now), hash: '' },
      project: grant.project,
      agent: grant.agent,
    }),
    tenant,
    grantRequired: deps.settings.requireGrant,
    pauses: await deps.tenantOf(tenant).pauses(),
  }
}

const NOBODY = {
  grant: null,
  project: null,
  agent: null,
  id: 'simulated',
  address: '',
  shown: [],
  keys: [],
  carriers: { headers: [], params: [] },
} as const

function hostIn({ catalog }: ControlDeps, wanted: string): Host {
  const host = catalog.hosts.find(({ id }) => id === wanted)
  if (host) return host
  throw wrong([{ path: 'host', expected: 'the id of a host entry of this installation' }])
}

type Tell = (name: string, ok: boolean, detail: string) => void

/** The steps of a decision, and what came of them. */
function told(decision: Decision | Unread, provider: Provider, step: Tell): Outcome {
  if (decision.allow === null) {
    step('body', false, UNKNOWN)
    return { ...refused(null, UNKNOWN), needs_body: true }
  }
  policySteps(decision, provider, step)
  return outcomeOf(decision)
}

function policySteps(decision: Decision, provider: Provider, step: Tell): void {
  if (!decision.allow) {
    step('policy', false, `${decision.rule}: ${decision.reason}`)
    return
  }
  const { permit } = decision
  step('policy', true, `${permit.rule}, category ${permit.category}`)
  step('sensitive', true, permit.sensitive ? 'a sensitive call, and it may' : 'not sensitive')
  const { windows } = windowsOf(provider, permit.category)
  const said = windows.map(({ capacity, window_ms }) => `${capacity} in ${window_ms / 1000} s`)
  step('limits', true, said.length === 0 ? 'none' : said.join(', '))
  step(
    'approval',
    !permit.approval,
    permit.approval ? `wanted, for ${permit.pattern ?? permit.call.path}` : 'not wanted',
  )
}

function outcomeOf(decision: Decision): Outcome {
  if (!decision.allow) {
    const { code, reason, rule, sensitive } = decision
    return { ...refused(code, reason), rule, sensitive }
  }
  const { rule, sensitive, category, approval } = decision.permit
  const allowed = { allow: true, code: null, reason: null, needs_body: false }
  return { ...allowed, rule, sensitive, category, approval }
}

function refused(code: RefusalCode | null, reason: string): Outcome {
  const rest = { rule: null, sensitive: false, category: null, approval: false, needs_body: false }
  return { allow: false, code, reason, ...rest }
}
