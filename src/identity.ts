import { contains, parseRanges, truncated } from './address.ts'
import type { Address, Range } from './address.ts'
import type { Call, Reach } from './call.ts'
import type { Catalog, Host, Provider } from './catalog.ts'
import { clientAddress } from './client.ts'
import { grantProblem } from './grants/grant.ts'
import type { Grant } from './grants/grant.ts'
import { grantOf, pausesOf } from './grants/holding.ts'
import type { Granting } from './grants/holding.ts'
import { isFor } from './grants/narrow.ts'
import { findHost } from './hosts.ts'
import type { Pause } from './pauses/pause.ts'
import { isGrantToken, presentedIn, slotsOf } from './presented.ts'
import type { Carriers, Presented } from './presented.ts'
import { Refusal } from './refusal.ts'
import type { Secret } from './secret.ts'
import type { Settings } from './settings.ts'
import { asOf } from './widening/widening.ts'

/** Somebody who was let in. What they may do is policy's question. */
export interface Caller {
  /** The host entry that covers the address; null where the grant alone names it. */
  readonly host: Host | null
  readonly grant: HeldGrant | null
  readonly tenant: string
  /** The grant's; null without one. */
  readonly project: string | null
  readonly agent: string | null
  /** Who this is in every key of a store, within the tenant: the grant, or the host entry. */
  readonly id: string
  /** As the record keeps it: a prefix, unless the installation wants the whole address. */
  readonly address: string
  /** Every key that it showed, right or not. */
  readonly shown: readonly string[]
  /** Its own, and every grant token among them: none of these is recorded. */
  readonly keys: readonly string[]
  /** Where its own key stood. */
  readonly carriers: Carriers
  /** `REQUIRE_GRANT` of the installation. */
  readonly grantRequired: boolean
  /** What of the tenant was paused, at most a minute ago. */
  readonly pauses: readonly Pause[]
}

/** A grant by one of its tokens. */
export interface HeldGrant extends Grant {
  /** SHA-256 of the token that was shown. */
  readonly hash: string
}

export interface Doorkeeper extends Granting {
  readonly catalog: Catalog
  readonly settings: Settings
  /** The pre-shared key of a host, or null when its variable is not set. */
  readonly keyOf: (host: Host) => Secret | null
}

/** Where a request comes from, before it is known whether it may come in. */
export interface Place {
  /** null: no usable one. */
  readonly from: Address | null
  /** As the record keeps it: a prefix, unless the installation wants the whole. null: no address. */
  readonly address: string | null
  /** The host entry that covers the address. */
  readonly host: Host | null
  /** The host entry's pre-shared key; null when it wants none, or its variable is not set. */
  readonly key: Secret | null
}

/** Finds the address, in the one place that the settings name, and the host entry for it. */
export function placeOf(
  request: Request,
  { settings, catalog, keyOf }: Pick<Doorkeeper, 'settings' | 'catalog' | 'keyOf'>,
): Place {
  const from = clientAddress(request, settings)
  if (!from) return { from, address: null, host: null, key: null }
  const host = findHost(catalog.hosts, from)
  return {
    from,
    address: settings.fullClientAddress ? from.toString() : truncated(from),
    host,
    key: host && host.auth_token_env !== null ? keyOf(host) : null,
  }
}

/**
 * Settles who is calling: the address names the host entry, the host entry may want a key, and the
 * token of a grant may stand for that. The answer to a stranger is the same whichever provider was
 * named, or none.
 * @throws Refusal 403 for a strange address, 401 for a key or token that is missing or wrong, 403
 * for a grant that is missing where the host entry wants nothing else, that has ended, or that was
 * asked for another tenant or project, 502 when it is not to be found out.
 */
export async function identify(call: Call, place: Place, deps: Doorkeeper): Promise<Caller> {
  const presented = presentedIn(call, slotsOf(deps.catalog))
  const token = presented.deciding.find(isGrantToken)
  const caller =
    token === undefined
      ? await byHost(presented, place, deps)
      : await byGrant(token, presented, place, deps)
  checkAssertions(call.request.headers, caller)
  return caller
}

async function byHost(presented: Presented, place: Place, deps: Doorkeeper): Promise<Caller> {
  const { address, host, key } = place
  if (!host || address === null) throw stranger(place)
  const shown = checkKey(presented, host, key)
  rejectTwoTokens(presented)
  // An address that may be anybody's, and nothing beside it: nobody is known yet.
  if (host.require_grant && host.auth_token_env === null) {
    const reason = `host ${host.id}.require_grant`
    throw new Refusal('PROXY_GRANT_REQUIRED', 'this call needs a grant', { reason })
  }
  const tenant = host.tenant ?? 'default'
  return {
    host,
    grant: null,
    tenant,
    project: null,
    agent: null,
    id: `host ${host.id}`,
    address,
    shown: presented.all,
    keys: presented.keys(shown),
    carriers: presented.carriers(shown),
    grantRequired: deps.settings.requireGrant,
    pauses: await pausesOf(tenant, deps).catch(cannotAsk),
  }
}

async function byGrant(
  token: string,
  presented: Presented,
  place: Place,
  deps: Doorkeeper,
): Promise<Caller> {
  const { address, host } = place
  if (address === null) throw stranger(place)
  const { hash, found } = await grantOf(token, deps).catch(cannotAsk)
  if (!found?.grant) throw unknownToken(presented, place)
  const { grant, pauses } = found
  const problem = grantProblem(grant, hash, deps.now())
  if (problem) throw ended(grant, problem)
  checkOrigin(grant, place)
  rejectTwoTokens(presented)
  const { id, tenant, project, agent } = grant
  return {
    host,
    grant: { ...asOf(grant, deps.now()), hash },
    tenant,
    project,
    agent,
    id: `grant ${id}`,
    address,
    shown: presented.all,
    keys: presented.keys(token),
    carriers: presented.carriers(token),
    grantRequired: deps.settings.requireGrant,
    pauses,
  }
}

function unknownToken(presented: Presented, place: Place): Refusal {
  if (!place.host) return stranger(place)
  // Where the address alone is enough, this is nobody unknown.
  if (place.host.auth_token_env === null) rejectTwoTokens(presented)
  return unauthenticated('unknown grant token')
}

/** @throws Refusal 403 for an address that the grant is not for. */
function checkOrigin(grant: Grant, place: Place): void {
  const { from, host } = place
  if (!from || !mayComeFrom(grant, from, host)) {
    throw stranger(place, `not in the cidrs of ${grant.id}`)
  }
  if (host && host.tenant !== null && host.tenant !== grant.tenant) {
    throw wrongClient(`host ${host.id} is of another tenant than ${grant.id}`)
  }
}

/** A grant that names no addresses needs a host entry for the one that it is used from. */
function mayComeFrom({ cidrs }: Grant, from: Address, host: Host | null): boolean {
  if (cidrs.length === 0) return host !== null
  let ranges = parsedRanges.get(cidrs)
  if (!ranges) parsedRanges.set(cidrs, (ranges = parseRanges(cidrs) ?? []))
  return ranges.some((range) => contains(range, from))
}

/** A grant is kept for some seconds, and its ranges are read once. */
const parsedRanges = new WeakMap<readonly string[], readonly Range[]>()

/** The key that opened the door; empty where none is wanted. */
function checkKey({ deciding }: Presented, host: Host, key: Secret | null): string {
  if (host.auth_token_env === null) return ''
  if (!key) throw unauthenticated('the key of this host entry is not set')
  const right = deciding.find((each) => key.equals(each))
  if (right !== undefined) return right
  throw unauthenticated('no presented key is that of the host entry')
}

function rejectTwoTokens({ all }: Presented): void {
  if (new Set(all.filter(isGrantToken)).size < 2) return
  throw new Refusal('PROXY_AMBIGUOUS_CREDENTIAL', 'two different grant tokens in one request')
}

/** What a client says of itself has to be so: a key in the wrong workspace does nothing there. */
function checkAssertions(headers: Headers, { tenant, project }: Caller): void {
  const said = headers.get('x-outpost-tenant')
  if (said !== null && said !== tenant) throw wrongClient('X-Outpost-Tenant is another')
  const meant = headers.get('x-outpost-project')
  if (meant !== null && meant !== project) throw wrongClient('X-Outpost-Project is another')
}

function stranger({ address }: Place, reason = 'no host entry covers the address'): Refusal {
  return new Refusal('PROXY_HOST_DENIED', 'this address may not call', {
    reason: address === null ? 'no usable client address' : reason,
  })
}

function unauthenticated(reason: string): Refusal {
  return new Refusal('PROXY_AUTH_REQUIRED', 'send your key in X-Outpost-Auth', {
    headers: { 'www-authenticate': 'X-Outpost-Auth realm="outpost"' },
    reason,
  })
}

/** The refusal of a call whose grant, or the token of it, is no more. */
export function ended({ id, tenant }: Pick<Grant, 'id' | 'tenant'>, problem: string): Refusal {
  const reason = `${id}: ${problem}`
  return new Refusal('PROXY_GRANT_DENIED', 'this grant has ended', { reason, tenant })
}

function wrongClient(reason: string): Refusal {
  return new Refusal('PROXY_WRONG_CLIENT', 'this key is for another tenant or project', { reason })
}

function cannotAsk(cause: unknown): never {
  throw new Refusal('PROXY_UPSTREAM_ERROR', 'who is calling cannot be checked', { cause })
}

/** Which providers a caller may use; the names are in alphabetical order. */
export function reachOf({ host, grant, tenant }: Caller, catalog: Catalog): Reach {
  const exists = (provider: Provider) => provider.tenant === null || provider.tenant === tenant
  const may = (provider: Provider) =>
    exists(provider) &&
    (!host?.providers || host.providers.includes(provider.name)) &&
    (!grant || isFor(grant, provider.name))
  return {
    exists,
    may,
    available: () => [...catalog.providers.values()].filter(may).map(({ name }) => name),
  }
}
