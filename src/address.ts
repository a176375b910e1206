import ipaddr from 'ipaddr.js'

export type Address = ipaddr.IPv4 | ipaddr.IPv6

/** A CIDR range. Its own host bits do not matter. */
export interface Range {
  readonly network: Address
  readonly bits: number
}

const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const IPV4 = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`)
const IPV6 = new RegExp(`^[0-9a-f:]+(?::${OCTET}(?:\\.${OCTET}){3})?$`, 'i')

/**
 * Reads one canonical address: four decimal octets, or RFC 4291 text without a zone. Octal, hex,
 * integer and short forms, lists and everything else are null. A mapped IPv4 address is IPv4.
 */
export function parseAddress(text: string): Address | null {
  if (text.length > LONGEST_TEXT) return null
  let address = parsed.get(text)
  if (address === undefined) {
    if (parsed.size >= MOST_PARSED) parsed.clear()
    parsed.set(text, (address = parse(text)))
  }
  return address
}

/** Callers come again and again. One object for an address, so that work done with it can be kept. */
const parsed = new Map<string, Address | null>()
const MOST_PARSED = 1000

/** Of an IPv6 address that ends in an IPv4 one. */
const LONGEST_TEXT = 45

function parse(text: string): Address | null {
  if (IPV4.test(text)) return ipaddr.IPv4.parse(text)
  if (!IPV6.test(text) || !ipaddr.IPv6.isValid(text)) return null
  const address = ipaddr.IPv6.parse(text)
  return address.isIPv4MappedAddress() ? address.toIPv4Address() : address
}

/** Reads `addr/bits` or a bare address; null when it is neither. */
export function parseRange(text: string): Range | null {
  const [, start = '', length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const network = parseAddress(start)
  if (!network) return null
  const all = network.kind() === 'ipv4' ? 32 : 128
  const mapped = all === 32 && start.includes(':')
  const bits = length === undefined ? all : Number(length) - (mapped ? 96 : 0)
  return bits >= 0 && bits <= all ? { network, bits } : null
}

/** Reads a list, empty entries aside; null when any entry is wrong: a list is right or closed. */
export function parseRanges(texts: readonly string[]): readonly Range[] | null {
  const ranges = texts
    .map((text) => text.trim())
    .filter(Boolean)
    .map(parseRange)
  return ranges.includes(null) ? null : ranges.filter((range) => range !== null)
}

export function contains({ network, bits }: Range, address: Address): boolean {
  if (network.kind() !== address.kind()) return false
  return address.match(network, bits)
}

/** What the record keeps of an address: its /24 or /48. */
export function truncated(address: Address): string {
  let text = truncations.get(address)
  if (text === undefined) {
    const bits = address.kind() === 'ipv4' ? 24 : 48
    const bytes = address.toByteArray().map((byte, index) => (index < bits / 8 ? byte : 0))
    text = `${ipaddr.fromByteArray(bytes).toString()}/${bits}`
    truncations.set(address, text)
  }
  return text
}

const truncations = new WeakMap<Address, string>()
