import type { Call } from '../call.ts'
import type { Provider } from '../catalog.ts'
import type { Content, Wanted } from '../content/content.ts'
import type { Upstream } from '../forward.ts'
import { PROTOCOLS } from '../generated/catalog.ts'
import type { Operation } from '../operation.ts'
import type { Permit } from '../policy/decision.ts'
import { awsProviderOf } from './aws_provider.ts'
import type { Protocol } from './protocol.ts'

/** How one call asks for an operation, and how to find out which. */
export interface Spoken {
  /** What has to be read of its body first. */
  readonly wants: Wanted
  /** For `head`. */
  readonly enough: ((head: Uint8Array) => boolean) | undefined
  /** @throws Unreadable */
  readonly read: (content: Content | null) => Operation
}

type Listener = (call: Call) => Spoken | null

/** What this call is spoken in, of what the provider's file names; null: in nothing but method and path. */
export function spokenIn(provider: Provider, call: Call): Spoken | null {
  let listeners = known.get(provider)
  if (!listeners) known.set(provider, (listeners = listenersOf(provider)))
  for (const listen of listeners) {
    const spoken = listen(call)
    if (spoken) return spoken
  }
  return null
}

const known = new WeakMap<Provider, readonly Listener[]>()

/** One line a protocol: what of a provider is its configuration; null where it does not speak it. */
function listenersOf(provider: Provider): readonly Listener[] {
  return [
    ...listening(PROTOCOLS.graphql, provider.graphql),
    ...listening(PROTOCOLS.mcp, provider.mcp),
    ...listening(PROTOCOLS.git, provider.git),
    ...listening(PROTOCOLS.aws, awsProviderOf(provider)),
  ]
}

/** The protocol by the provider's rules for it. */
function listening<C>(protocol: Protocol<C> | null, config: C | null): readonly Listener[] {
  if (config === null) return []
  if (!protocol) throw new Error('a protocol of this provider is not in this build')
  return [
    (call) => {
      const wants = protocol.wants(call, config)
      if (wants === null) return null
      const { enough } = protocol
      return { wants, enough, read: (content) => protocol.read(call, config, content) }
    },
  ]
}

/** The answer without what it says that there is and the caller may not ask for. */
export function pruned(
  upstream: Upstream,
  permit: Permit,
  kept: boolean,
): Upstream | Promise<Upstream> {
  const { mcp } = permit.provider
  return mcp && PROTOCOLS.mcp ? PROTOCOLS.mcp.pruned(upstream, permit, kept) : upstream
}
