import type { Admitting } from './admission.ts'
import type { Approving } from './approve.ts'
import type { EventText } from './audit/event.ts'
import type { Recorder, Recording } from './audit/recorder.ts'
import type { Signer } from './auth/signer.ts'
import type { MemoryCache } from './cache.ts'
import type { Catalog, Host, Provider } from './catalog.ts'
import type { AccessVerifier } from './control/access.ts'
import type { Replaying } from './idempotency.ts'
import type { Opening } from './opening.ts'
import type { Permit } from './policy/decision.ts'
import type { Secret } from './secret.ts'
import type { Settings } from './settings.ts'

/**
 * Sends one request, as `fetch` does. The signal is the clock's: it never ends a stream that has begun.
 * `certificate`: the binding of the client certificate, where there is one.
 * @throws Refusal 502 when that is not bound.
 */
export type Send = (
  request: Request | string,
  init: RequestInit,
  certificate: string | null,
) => Promise<Response>

/** Everything the request path touches that is not a pure function. */
export interface Deps extends Admitting, Replaying, Approving, Recording {
  readonly catalog: Catalog
  readonly settings: Settings
  readonly newId: (now: number) => string
  /** The pre-shared key of a host; null when its variable is not set. */
  readonly keyOf: (host: Host) => Secret | null
  /** Tokens that open the control plane: null where the variable is not set. */
  readonly operators: { readonly admin: Secret | null; readonly viewer: Secret | null }
  /** Checks what Cloudflare Access says of an operator. null: it is not set up, or not rightly. */
  readonly access: AccessVerifier | null
  /** Whether a secret or setting of that name is set. Its value stays where it is. */
  readonly isSet: (name: string) => boolean
  /** Whether there is a client certificate at that binding. */
  readonly hasCertificate: (binding: string) => boolean
  /** Nothing is read yet: each secret is read when the scheme opens it. */
  readonly credentials: (permit: Permit) => Opening
  readonly signerOf: (provider: Provider) => Signer
  readonly send: Send
  readonly cache: MemoryCache
  /** One sentence for each provider that has no token to work with, for the operator. */
  readonly tokenProblems: () => Promise<readonly string[]>
  /** One finished call, for the console. Never delays the answer. */
  readonly write: (event: EventText) => void
  /** Records on their way to the ledgers. */
  readonly recorder: Recorder
}
