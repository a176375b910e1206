import { newKey } from '../dev-vars.ts'
import { withMore } from './fixture.ts'
import type { Fixture, ProviderPlan } from './fixture.ts'

/** The variables of the OAuth client. */
const CLIENT = { id: 'BENCH_CLIENT_ID', secret: 'BENCH_CLIENT_SECRET' }

/** Providers whose calls need something that is remembered, and one whose answers are not searched. */
export type Stateful = 'limited' | 'usual' | 'full' | 'cached' | 'minted' | 'unscrubbed'

/** How each differs from the one that policy alone decides on. */
function plans(upstream: string): Readonly<Record<Stateful, ProviderPlan>> {
  return {
    /** Never refuses: its window is larger than any load. */
    limited: { forwarding: 'rate_limits: { default: [{ capacity: 1000000, window_ms: 1000 }] }' },
    /** Says nothing of limits: those of the contract hold. */
    usual: { forwarding: 'queue_timeout_ms: 5000' },
    /** One call in an hour, and nobody waits. */
    full: {
      forwarding:
        'queue_timeout_ms: 0\n  rate_limits: { default: [{ capacity: 1, window_ms: 3600000 }] }',
    },
    cached: { cacheTtl: 60 },
    unscrubbed: { scrub: 'off' },
    minted: {
      auth: [
        'type: oauth2_client_credentials',
        `client_id_env: ${CLIENT.id}`,
        `client_secret_env: ${CLIENT.secret}`,
        `token_url: '${upstream}/token/mint'`,
      ].join(', '),
    },
  }
}

/** Adds these providers to a fixture that is not built yet, with as many rules as its own have. */
export function withStateful(fixture: Fixture, upstream: string, rules: number): Fixture {
  const more = { plans: plans(upstream), secrets: Object.values(CLIENT) }
  const added = withMore(fixture, upstream, rules, more)
  return { ...added, env: { ...added.env, OUTPOST_MASTER_KEY: newKey() } }
}
