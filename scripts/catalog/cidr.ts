import ipaddr from 'ipaddr.js'

import { parseRange } from '../../src/address.ts'
import type { Range } from '../../src/address.ts'
import { shortened, Wrong } from './problem.ts'

/**
 * A range of addresses in its one form, `10.0.1.0/24` or `2001:db8::/32`, without host bits. A bare
 * address is a range of one, and IPv4-mapped IPv6 (RFC 4291 §2.5.5.2) is the IPv4 range. What the
 * request path would not read as a range, or not surely as this one, is not one.
 */
export function cidr(text: string): string | Wrong {
  const length = text.includes('/') ? text.slice(text.indexOf('/') + 1) : '0'
  const range = /^(?:0|[1-9]\d*)$/.test(length) ? parseRange(text) : null
  return range === null ? new Wrong(`${why(text)}; found ${shortened(text)}`) : network(range)
}

function network({ network: address, bits }: Range): string {
  const bytes = address.toByteArray().map((byte, index) => byte & mask(bits - index * 8))
  return `${ipaddr.fromByteArray(bytes).toString()}/${bits}`
}

/** The mask of a byte of which the first `bits` belong to the network. */
function mask(bits: number): number {
  return bits <= 0 ? 0 : (0xff << Math.max(0, 8 - bits)) & 0xff
}

function why(text: string): string {
  const [address = '', ...lengths] = text.split('/')
  if (parseRange(address) === null) {
    return 'expected an IPv4 address of four decimal numbers without leading zeros, or an IPv6 address'
  }
  if (lengths.length > 1 || !/^(?:0|[1-9]\d*)$/.test(lengths.join(''))) {
    return 'expected a prefix length after the "/", such as 24'
  }
  return `expected a prefix length ${lengthsOf(address)} after the "/"`
}

function lengthsOf(address: string): string {
  if (!address.includes(':')) return 'from 0 to 32'
  const mapped = parseRange(address)?.network.kind() === 'ipv4'
  return mapped ? 'from 96 to 128, as this is an IPv4 address in IPv6 form,' : 'from 0 to 128'
}
