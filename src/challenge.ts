import type { Call } from './call.ts'
import type { Catalog } from './catalog.ts'
import type { Place } from './identity.ts'
import { presentedIn, slotsOf } from './presented.ts'
import { isGitClient } from './protocols/git_request.ts'
import { Refusal } from './refusal.ts'
import type { RefusalCode } from './refusal.ts'

/** What a key could still change, in a request that has none. */
const OPENED_BY_A_KEY: ReadonlySet<RefusalCode> = new Set([
  'PROXY_AUTH_REQUIRED',
  'PROXY_GRANT_REQUIRED',
  'PROXY_HOST_DENIED',
])

/** `Basic` first: some clients look no further than the first word. */
const CHALLENGE = 'Basic realm="outpost", X-Outpost-Auth realm="outpost"'

/**
 * The refusal in the form in which git asks its user, or a helper, for a password: it sends none before
 * a 401 with this challenge. Only for requests as git makes them: a browser would open a window.
 * Nothing in it depends on the provider, or whether there is one.
 */
export function challenging(
  refusal: Refusal,
  { call, place }: { readonly call?: Call; readonly place?: Place },
  catalog: Catalog,
): Refusal {
  if (!call || !place?.address || !OPENED_BY_A_KEY.has(refusal.code)) return refusal
  if (!isGitClient(call) || presentedIn(call, slotsOf(catalog)).all.length > 0) return refusal
  const { code, details } = refusal
  return new Refusal('PROXY_AUTH_REQUIRED', 'send your key as the password', {
    headers: { 'www-authenticate': CHALLENGE },
    reason: details.reason === undefined ? code : `${code}: ${details.reason}`,
    cause: refusal,
  })
}
