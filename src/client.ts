import { contains, parseAddress } from './address.ts'
import type { Address } from './address.ts'
import type { Settings } from './settings.ts'

/**
 * The caller's address, from the one place that `CLIENT_IP_SOURCE` names. null when it is missing
 * or not one canonical address, and nobody without an address is let in.
 */
export function clientAddress(request: Request, settings: Settings): Address | null {
  switch (settings.clientIpSource) {
    case 'cloudflare':
      return parseAddress(request.headers.get('cf-connecting-ip') ?? '')
    case 'workerd':
      return peerOrForwarded(request, settings)
    case null:
      return null
  }
}

/** The socket's peer; behind a trusted proxy the right-most address that is not itself trusted. */
function peerOrForwarded(request: Request, { trustedProxies }: Settings): Address | null {
  const peer = parseAddress(peerText(request))
  if (!peer || !trustedProxies) return null
  const trusted = (address: Address): boolean =>
    trustedProxies.some((range) => contains(range, address))
  if (!trusted(peer)) return peer

  const chain = (request.headers.get('x-forwarded-for') ?? '').split(',')
  for (const text of chain.toReversed()) {
    const hop = parseAddress(text.trim())
    if (!hop || !trusted(hop)) return hop
  }
  return null
}

/** workerd says `127.0.0.1:4711` or `[::1]:4711`. */
function peerText(request: Request): string {
  const peer: unknown = request.cf?.['clientIp']
  const [, v6, v4] =
    /^(?:\[([^\]]+)\]|([^:]+)):\d+$/.exec(typeof peer === 'string' ? peer : '') ?? []
  return v6 ?? v4 ?? ''
}
