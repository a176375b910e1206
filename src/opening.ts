import type { Credentials, SecretRef } from './auth/scheme.ts'
import { Refusal } from './refusal.ts'
import type { Secret } from './secret.ts'

/** The credentials of one call, and what was read of them. */
export interface Opening extends Credentials {
  /** Every secret that was opened, in order: what must not come back, and what the record counts. */
  readonly opened: readonly Secret[]
}

/** Reads through `find`, which says null for a secret that is not set, and keeps what was read. */
export function opening(find: (ref: SecretRef) => Secret | null): Opening {
  const opened: Secret[] = []
  return {
    opened,
    open(ref) {
      const secret = find(ref)
      if (!secret) {
        throw new Refusal('PROXY_AUTH_ERROR', 'the provider has no credential', {
          reason: 'a secret of the provider is not set',
        })
      }
      opened.push(secret)
      return secret
    },
  }
}
