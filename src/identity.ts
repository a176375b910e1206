import { truncated } from './address.ts'
import type { Call, Reach } from './call.ts'
import type { Catalog, Host, Provider } from './catalog.ts'
import { clientAddress } from './client.ts'
import { findHost } from './hosts.ts'
import { isGrantToken, presentedIn } from './presented.ts'
import type { Presented } from './presented.ts'
import { Refusal } from './refusal.ts'
import type { Secret } from './secret.ts'
import type { Settings } from './settings.ts'

/** Somebody who was let in. What they may do is policy's question. */
export interface Caller {
  readonly host: Host
  readonly tenant: string
  /** As the record keeps it: a prefix, unless the installation wants the whole address. */
  readonly address: string
  /** Every key that it showed, right or not: none of them is recorded. */
  readonly shown: readonly string[]
  /** `REQUIRE_GRANT` of the installation. */
  readonly grantRequired: boolean
}

export interface Doorkeeper {
  readonly catalog: Catalog
  readonly settings: Settings
  /** The pre-shared key of a host, or null when its variable is not set. */
  readonly keyOf: (host: Host) => Secret | null
}

/** Where a request comes from, before it is known whether it may come in. */
export interface Place {
  /** As the record keeps it: a prefix, unless the installation wants the whole. null: no address. */
  readonly address: string | null
  /** The host entry that covers the address. */
  readonly host: Host | null
  /** The host entry's pre-shared key; null when it wants none, or its variable is not set. */
  readonly key: Secret | null
}

/** Finds the address, in the one place that the settings name, and the host entry for it. */
export function placeOf(request: Request, { settings, catalog, keyOf }: Doorkeeper): Place {
  const address = clientAddress(request, settings)
  if (!address) return { address: null, host: null, key: null }
  const host = findHost(catalog.hosts, address)
  return {
    address: settings.fullClientAddress ? address.toString() : truncated(address),
    host,
    key: host && host.auth_token_env !== null ? keyOf(host) : null,
  }
}

/**
 * Settles who is calling: the address names the host entry, the host entry may want a key. The
 * answer to a stranger is the same whichever provider was named, or none.
 * @throws Refusal 403 for a strange address, 401 for a key that is missing or wrong.
 */
export function identify(
  call: Call,
  provider: Provider | null,
  place: Place,
  { requireGrant }: Settings,
): Caller {
  const { address, host, key } = place
  if (!host || address === null) {
    throw new Refusal('PROXY_HOST_DENIED', 'this address may not call', {
      reason: address === null ? 'no usable client address' : 'no host entry covers the address',
    })
  }
  const presented = presentedIn(call, provider)
  checkKey(presented, host, key)
  const tenant = host.tenant ?? 'default'
  return { host, tenant, address, shown: presented.all, grantRequired: requireGrant }
}

function checkKey({ deciding, all }: Presented, host: Host, key: Secret | null): void {
  if (host.auth_token_env !== null) {
    if (!key) throw unauthenticated('the key of this host entry is not set')
    if (deciding.some((each) => key.equals(each))) return rejectTwoTokens(all)
    throw unauthenticated('no presented key is that of the host entry')
  }
  rejectTwoTokens(all)
  // There are no grants in this version: a token that should stand for one stands for nothing.
  if (deciding.some(isGrantToken)) throw unauthenticated('unknown grant token')
}

function rejectTwoTokens(all: readonly string[]): void {
  if (new Set(all.filter(isGrantToken)).size < 2) return
  throw new Refusal('PROXY_AMBIGUOUS_CREDENTIAL', 'two different grant tokens in one request')
}

function unauthenticated(reason: string): Refusal {
  return new Refusal('PROXY_AUTH_REQUIRED', 'send your key in X-Outpost-Auth', {
    headers: { 'www-authenticate': 'X-Outpost-Auth realm="outpost"' },
    reason,
  })
}

/** Which providers a caller may use; the names are in alphabetical order. */
export function reachOf(caller: Caller, catalog: Catalog): Reach {
  const { providers } = caller.host
  const may = ({ name }: Provider) => providers === null || providers.includes(name)
  return {
    may,
    available: () => [...catalog.providers.values()].filter(may).map(({ name }) => name),
  }
}
