import { lookup } from 'node:dns/promises'
import { setTimeout as delay } from 'node:timers/promises'

import ipaddr from 'ipaddr.js'

const DNS_LIMIT_MS = 1000

/** Ranges that a name may lead to. Not link-local: that is where clouds hand out credentials. */
const PRIVATE_RANGES: ReadonlySet<string> = new Set([
  'loopback',
  'private',
  'carrierGradeNat',
  'uniqueLocal',
])

/**
 * The private and loopback addresses that these URLs name, as blocks of one address each. A name is
 * looked up once, now, for a second at most; one that is not found adds nothing.
 */
export async function privatePeers(
  urls: readonly string[],
  resolve: (host: string) => Promise<readonly string[]> = resolved,
): Promise<readonly string[]> {
  const hosts = new Set(urls.map((url) => new URL(url).hostname.replace(/^\[|\]$|\.$/g, '')))
  const found = await Promise.all([...hosts].map((host) => peersOf(host, resolve)))
  return [...new Set(found.flat())]
}

async function peersOf(
  host: string,
  resolve: (host: string) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  if (host === 'localhost') return ['127.0.0.1/32', '::1/128']
  if (ipaddr.isValid(host)) return isPublic(host) ? [] : [block(host)]
  const late = delay(DNS_LIMIT_MS, [], { ref: false })
  const addresses = await Promise.race([resolve(host), late]).catch(() => [])
  return addresses.filter((each) => PRIVATE_RANGES.has(ipaddr.process(each).range())).map(block)
}

async function resolved(host: string): Promise<readonly string[]> {
  const found = await lookup(host, { all: true })
  return found.map(({ address }) => address)
}

function isPublic(address: string): boolean {
  return ipaddr.process(address).range() === 'unicast'
}

function block(address: string): string {
  const one = ipaddr.process(address)
  return `${one.toString()}/${one.kind() === 'ipv4' ? 32 : 128}`
}
