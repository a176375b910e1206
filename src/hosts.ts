import { contains, parseRange } from './address.ts'
import type { Address, Range } from './address.ts'
import type { Host } from './catalog.ts'

/** The address that the Workers of all customers share when they call across zones. */
const SHARED_BY_WORKERS = '2a06:98c0:3600::103'

/** The host entry for an address: the longest prefix wins, then file order. */
export function findHost(hosts: readonly Host[], address: Address): Host | null {
  const known = found.get(hosts) ?? new WeakMap<Address, Host | null>()
  found.set(hosts, known)
  let host = known.get(address)
  if (host === undefined) known.set(address, (host = search(hosts, address)))
  return host
}

const found = new WeakMap<readonly Host[], WeakMap<Address, Host | null>>()

function search(hosts: readonly Host[], address: Address): Host | null {
  const shared = address.toString() === SHARED_BY_WORKERS
  const match = rangesOf(hosts).find(
    ({ range }) => contains(range, address) && (!shared || range.bits === 128),
  )
  return match?.host ?? null
}

interface HostRange {
  readonly host: Host
  readonly range: Range
}

const sorted = new WeakMap<readonly Host[], readonly HostRange[]>()

function rangesOf(hosts: readonly Host[]): readonly HostRange[] {
  const known = sorted.get(hosts)
  if (known) return known
  const ranges = hosts
    .flatMap((host) => host.cidrs.map((cidr) => ({ host, range: parseRange(cidr) })))
    .filter((entry): entry is HostRange => entry.range !== null)
    .toSorted((one, other) => other.range.bits - one.range.bits)
  sorted.set(hosts, ranges)
  return ranges
}
