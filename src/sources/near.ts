import { parseAddress } from '../address.ts'

const RANGES: ReadonlySet<string> = new Set([
  'loopback',
  'private',
  'carrierGradeNat',
  'uniqueLocal',
])

/**
 * Whether a URL's host is of this machine or network by its name: a loopback or private address, or
 * a name that no public DNS knows. Not link-local, where clouds hand out credentials.
 */
export function isNear(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$|\.$/g, '')
  const address = parseAddress(host)
  if (address) return RANGES.has(address.range())
  return !host.includes('.') || /\.(?:localhost|local|internal|lan|home\.arpa)$/.test(host)
}
