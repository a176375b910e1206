import { keyInProtocol, protocolsIn } from '../presented.ts'

/** RFC 6455 §4.1: 16 bytes in base64. */
const KEY = /^[A-Za-z0-9+/]{22}==$/

/**
 * Whether a request asks for a web socket, and could get one: RFC 6455 §4.2.1. One that is only
 * nearly so is an ordinary GET, whose `Upgrade` is ignored as any other is (RFC 9110 §7.8).
 * HTTP/1.0 cannot be told from 1.1 here.
 */
export function isUpgrade({ headers, method }: Request): boolean {
  // Asked of every call: the one look that tells nearly all of them.
  const wanted = headers.get('upgrade')
  if (wanted === null || method !== 'GET' || wanted.toLowerCase() !== 'websocket') return false
  const connection = headers.get('connection')
  return (
    (connection === null || /(?:^|,)\s*upgrade\s*(?:,|$)/i.test(connection)) &&
    headers.get('sec-websocket-version') === '13' &&
    KEY.test(headers.get('sec-websocket-key') ?? '') &&
    // What the one takes for a body would be frames to the other.
    !headers.has('content-length') &&
    !headers.has('transfer-encoding')
  )
}

/**
 * Whether a page of another site asks: a browser lets any page open a socket to anywhere, and read
 * what comes (RFC 6455 §10.2). Others say nothing, or where they are calling.
 */
export function isFromElsewhere(headers: Headers): boolean {
  const origin = headers.get('origin')
  return origin !== null && origin.replace(/^https?:\/\//i, '') !== headers.get('host')
}

/** The handshake's own: the runtime makes new ones for the upstream, and for the agent. */
const HANDSHAKE = [
  'sec-websocket-key',
  'sec-websocket-version',
  'sec-websocket-extensions',
  'sec-websocket-accept',
]

/**
 * The handshake's headers as they go upstream: of the subprotocols that the agent offers, those that
 * are no key. `shown`: what it presented as one.
 */
export function offerUpstream(headers: Headers, received: Headers, shown: readonly string[]): void {
  for (const name of HANDSHAKE) headers.delete(name)
  const offered = offeredIn(received, shown)
  if (offered.length > 0) headers.set(PROTOCOL, offered.join(', '))
  else headers.delete(PROTOCOL)
}

/** Takes what is the handshake's off the upstream's answer. The subprotocol that it chose stays. */
export function withoutHandshake(headers: Headers): void {
  for (const name of HANDSHAKE) headers.delete(name)
}

/** Whether the subprotocol that the upstream chose, if it did, is one that was offered to it. */
export function isOffered(chosen: string | null, received: Headers, shown: readonly string[]) {
  return chosen === null || offeredIn(received, shown).includes(chosen)
}

const PROTOCOL = 'sec-websocket-protocol'

function offeredIn(received: Headers, shown: readonly string[]): readonly string[] {
  const keys = shown.filter((each) => each !== '')
  return protocolsIn(received.get(PROTOCOL) ?? '').filter(
    (each) => keyInProtocol(each) === null && !keys.some((key) => each.includes(key)),
  )
}
