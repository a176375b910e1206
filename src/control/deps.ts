import type { Provider } from '../catalog.ts'
import type { Deps } from '../deps.ts'
import type { Grant } from '../grants/grant.ts'
import type { Window } from '../limits/bucket.ts'
import type { Standing } from '../limits/ledger.ts'
import type { SourceStanding } from '../sources/status.ts'
import type { RegistryStub } from '../tenants/stubs.ts'

/** What the control plane works on. An object that cannot answer makes a promise that rejects. */
export interface ControlDeps extends Deps {
  /** The document of `/openapi.json`, as JSON text. */
  readonly openapi: string
  /** So many bytes that nobody can foretell. */
  readonly random: (count: number) => Uint8Array
  readonly registry: () => RegistryStub
  /** How the secrets stand that are kept outside of the Worker, or were rotated. Reads none. */
  readonly sources: () => SourceStanding
  /** How the limiter of a category stands. Takes nothing. */
  readonly standingOf: (
    provider: Provider,
    category: string,
    windows: readonly Window[],
  ) => Promise<Standing>
  /** How many calls of a grant count for its `max_calls`. */
  readonly usedOf: (grant: Grant) => Promise<number>
  /** Writes an operator's token where `bearer_redis` reads it. */
  readonly tokensPut: (key: string, value: string) => Promise<void>
  readonly tokensDelete: (key: string) => Promise<void>
}
