import { redactor } from '../audit/redact.ts'
import type { Provider } from '../catalog.ts'
import { readFields } from '../control/input.ts'
import { accessArguments } from '../control/tool_schemas.ts'
import { cannotCheck } from '../gate.ts'
import { ended, reachOf } from '../identity.ts'
import type { HeldGrant } from '../identity.ts'
import { pausedBy } from '../pauses/pause.ts'
import { Refusal } from '../refusal.ts'
import type { AccessEntered } from '../tenants/stubs.ts'
import type { AccessRequest, Wish } from '../widening/access_request.ts'
import { accessMessage } from '../widening/message.ts'
import type { Asking, Said } from './tool.ts'
import { plain } from './values.ts'

const RETRY_AFTER_S = 60

const GRANTED = 'The grant has it: make the call. It holds here now, elsewhere within a minute.'

/**
 * An agent asks for a wider grant. What it could never have is refused at once; the rest is for a
 * person, who sees it beside the approvals.
 * @throws Refusal
 */
export async function requestAccess(asking: Asking): Promise<Said> {
  const { caller, deps, args } = asking
  const { grant, tenant, agent } = caller
  if (!grant || agent === null) {
    throw new Refusal('PROXY_GRANT_REQUIRED', 'only a grant can be made wider')
  }
  const { reason, ...wish } = readFields(accessArguments, plain(args))
  const provider = possible(wish, asking)
  const ask = {
    ...wish,
    grant: grant.id,
    grant_note: grant.note,
    project: grant.project,
    agent,
    reason: redactor(caller.keys)(reason),
  }
  const entry = { ask, hash: grant.hash, alias_of: provider.alias_of }
  const asked = await deps.tenantOf(tenant).askAccess(entry).catch(cannotCheck)
  if (asked.is === 'known' && asked.fresh && deps.notify) {
    deps.waitUntil(deps.notify(accessMessage(asked.request.id, tenant, ask)))
  }
  return answerTo(asked, grant, asking)
}

/** @throws Refusal for what no operator could allow here, as a call for it would be refused. */
function possible({ provider: name, access }: Wish, { caller, deps }: Asking): Provider {
  const { host, tenant, agent, pauses } = caller
  const { exists, available } = reachOf(caller, deps.catalog)
  const provider = deps.catalog.providers.get(name)
  if (!provider || !exists(provider)) {
    const metadata = { available: available() }
    throw new Refusal('PROXY_UNKNOWN_PROVIDER', 'no such provider', { metadata })
  }
  if (host?.providers && !host.providers.includes(name)) {
    throw new Refusal('PROXY_PROVIDER_DENIED', 'this caller may not use the provider')
  }
  if (access === 'write' && host?.can_call_sensitive === false) {
    throw new Refusal('PROXY_SENSITIVE_DENIED', 'this caller may not make sensitive calls')
  }
  const { alias_of } = provider
  if (pausedBy(pauses, { tenant, agent, provider: name, alias_of })) throw paused()
  return provider
}

function paused(): Refusal {
  return new Refusal('PROXY_PAUSED', 'paused by an operator')
}

function answerTo(asked: AccessEntered, grant: HeldGrant, { deps }: Asking): Said {
  switch (asked.is) {
    case 'granted':
      deps.grantCopies.forget(grant.hash)
      return { value: { state: 'granted', next: GRANTED } }
    case 'known':
      if (asked.request.state === 'approved') deps.grantCopies.forget(grant.hash)
      return { value: requestShown(asked.request) }
    case 'crowded':
      throw new Refusal('PROXY_RATE_LIMITED', 'too many requests for access wait already', {
        metadata: { retry_after: RETRY_AFTER_S },
      })
    case 'out':
      deps.grantCopies.forget(grant.hash)
      throw asked.because === 'paused' ? paused() : ended(grant, asked.because)
  }
}

const NEXT = {
  pending: 'Wait for a person. Ask again with the same arguments to see what was decided.',
  approved: GRANTED,
  denied: 'A person said no. The same question can be asked anew after expires_at.',
  expired: '',
} as const

function requestShown({ id, state, expires }: AccessRequest) {
  const status_url = `/_outpost/access-requests/${id}/status`
  return { state, id, status_url, expires_at: new Date(expires).toISOString(), next: NEXT[state] }
}
