import { Refusal } from './refusal.ts'
import type { Variables } from './settings.ts'

/**
 * What connects with the client certificate of a binding: of `mtls_certificates` in wrangler.toml, or of
 * `npm start`, which makes it of `NAME_CERT` and `NAME_KEY`. null: there is none of that name.
 */
export function certificateIn(env: Variables, name: string): Fetcher | null {
  const found = Object.hasOwn(env, name) ? env[name] : null
  if (typeof found !== 'object' || found === null || !('fetch' in found)) return null
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a binding that can fetch
  return found as Fetcher
}

/** @throws Refusal 502 when there is none. */
export function certified(env: Variables, name: string): Fetcher['fetch'] {
  const found = certificateIn(env, name)
  if (found) return (request, init) => found.fetch(request, init)
  throw new Refusal('PROXY_AUTH_ERROR', 'the provider has no credential', {
    reason: 'the client certificate of the provider is not bound',
  })
}
