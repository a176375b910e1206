import type { Progress } from '../audit/describe.ts'
import { writeSocket } from '../audit/write.ts'
import type { Deps } from '../deps.ts'
import type { Upstream } from '../forward.ts'
import { stillAllowed } from '../gate.ts'
import type { Permit } from '../policy/decision.ts'
import { Refusal } from '../refusal.ts'
import { headOf, mark } from '../relay.ts'
import { blocked } from '../scrubbed.ts'
import type { Secret } from '../secret.ts'
import { bridge } from './bridge.ts'
import { isOffered, withoutHandshake } from './upgrade.ts'

interface Opened {
  readonly permit: Permit
  readonly so: Progress
  /** The `RateLimit` headers. */
  readonly limits: ReadonlyMap<string, string>
}

/**
 * The agent's end of a web socket that the upstream has opened. From here on it runs by itself, and
 * is recorded at its end.
 * @throws Refusal 502 where the upstream's answer cannot be handed on; its end is closed then.
 */
export function connected(
  socket: WebSocket,
  upstream: Upstream,
  { permit, so, limits }: Opened,
  deps: Deps,
): {
  readonly upstream: Response
  readonly response: Response
  readonly digest: Upstream['digest']
} {
  const known = so.credentials?.known ?? []
  const headers = headersFor(socket, upstream, { permit, known, so })
  for (const [name, value] of limits) headers.set(name, value)
  const { 0: theirs, 1: ours } = new WebSocketPair()
  const over = bridge(ours, socket, {
    provider: permit.provider,
    secrets: known,
    now: deps.now,
    expires: permit.caller.grant?.expires ?? null,
    stillAllowed: () => stillAllowed(permit, deps),
  })
  deps.waitUntil(over.then((passed) => writeSocket(so.id, permit, passed, deps)))
  const response = new Response(null, { status: 101, headers, webSocket: theirs })
  return { upstream: upstream.response, response, digest: upstream.digest }
}

function headersFor(
  socket: WebSocket,
  upstream: Upstream,
  {
    permit,
    known,
    so,
  }: { readonly permit: Permit; readonly known: readonly Secret[]; readonly so: Progress },
): Headers {
  const { headers, echoes } = headOf(upstream, permit, known)
  so.scrubbed = echoes
  const { caller, call, provider } = permit
  const chosen = headers.get('sec-websocket-protocol')
  const problem =
    echoes > 0 && provider.on_echo === 'block'
      ? blocked(echoes)
      : isOffered(chosen, call.request.headers, caller.shown)
        ? null
        : unasked()
  if (problem) {
    socket.accept()
    socket.close(1001, '')
    throw problem
  }
  withoutHandshake(headers)
  mark(headers, permit, false)
  return headers
}

function unasked(): Refusal {
  return new Refusal(
    'PROXY_UPSTREAM_ERROR',
    'the upstream chose a subprotocol that nobody offered',
    {
      answered: true,
    },
  )
}
