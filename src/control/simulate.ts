import { windowsOf } from '../admission.ts'
import { resolve } from '../call.ts'
import type { Call } from '../call.ts'
import type { Host, Provider } from '../catalog.ts'
import { stateOf } from '../grants/grant.ts'
import { reachOf } from '../identity.ts'
import type { Caller } from '../identity.ts'
import { withoutKey } from '../path_slot.ts'
import { decide } from '../policy/decide.ts'
import type { Decision } from '../policy/decision.ts'
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
    const decision = decide(caller, provider, call, null)
    if (decision.allow === null) {
      step('policy', false, 'depends on the body, which is not known here')
      return { decision: refused('PROXY_BAD_REQUEST', 'depends on the body'), steps }
    }
    policySteps(decision, provider, step)
    return { decision: outcomeOf(decision), steps }
  } catch (error) {
    const { code, message } = asRefusal(error)
    step(code === 'PROXY_UNKNOWN_PROVIDER' ? 'provider' : 'path', false, message)
    return { decision: refused(code, message), steps }
  }
}

/** A query may be written with its `?` or without. */
function callIn({ method, path, query, provider }: Asked<'simulate'>['body']): Call {
  const upper = method.toUpperCase()
  if (['TRACE', 'TRACK', 'CONNECT'].includes(upper)) {
    throw new Refusal('PROXY_METHOD_DENIED', `${upper} is never forwarded`)
  }
  const request = new Request('https://simulated.invalid/')
  const sent = query === '' || query.startsWith('?') ? query : `?${query}`
  return { method: upper, path, query: sent, named: { by: 'header', name: provider }, request }
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
  carriers: { headers: [], params: [] },
} as const

function hostIn({ catalog }: ControlDeps, wanted: string): Host {
  const host = catalog.hosts.find(({ id }) => id === wanted)
  if (host) return host
  throw wrong([{ path: 'host', expected: 'the id of a host entry of this installation' }])
}

function policySteps(
  decision: Decision,
  provider: Provider,
  step: (name: string, ok: boolean, detail: string) => void,
): void {
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
    return { allow: false, code, reason, rule, sensitive, category: null, approval: false }
  }
  const { rule, sensitive, category, approval } = decision.permit
  return { allow: true, code: null, reason: null, rule, sensitive, category, approval }
}

function refused(code: RefusalCode, reason: string): Outcome {
  const rest = { rule: null, sensitive: false, category: null, approval: false }
  return { allow: false, code, reason, ...rest }
}
