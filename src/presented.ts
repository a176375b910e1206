import type { Call } from './call.ts'
import type { Provider } from './catalog.ts'
import { isCredential } from './headers.ts'
import { paramValues } from './query.ts'

/** Everything a caller showed as a key of its own: contract §5. */
export interface Presented {
  /** What decides: `X-Outpost-Auth` alone when it was sent, else whatever stood in an SDK's slot. */
  readonly deciding: readonly string[]
  readonly all: readonly string[]
}

/** `op_` and 43 base-62 characters: 256 bits without punctuation. */
const GRANT_TOKEN = /^op_[0-9A-Za-z]{43}$/

export function isGrantToken(text: string): boolean {
  return GRANT_TOKEN.test(text)
}

/** Collects what stands in `X-Outpost-Auth`, `Authorization`, and the provider's own slots. */
export function presentedIn({ request, query, named }: Call, provider: Provider | null): Presented {
  const { headers } = request
  const explicit = headers.get('x-outpost-auth')
  const sent = headers.get('authorization')
  const inSlots = sent === null ? [] : authorization(sent)
  if (provider) inSlots.push(...inProviderSlots(headers, query.slice(1), provider, sent))
  if (named.by === 'nothing' || named.by === 'default') inSlots.push(...tokensAnywhere(headers))
  return explicit === null
    ? { deciding: inSlots, all: inSlots }
    : { deciding: [explicit], all: [explicit, ...inSlots] }
}

/**
 * Grant tokens in any header that looks like a credential: where nothing names the provider, the
 * grant may, and so its slots are not known yet. None of these headers goes upstream.
 */
function tokensAnywhere(headers: Headers): string[] {
  return Array.from(headers)
    .filter(([name, value]) => isGrantToken(value) && isCredential(name))
    .map(([, token]) => token)
}

/** Bearer and token: the rest of the value. Basic: the user name, and the password. */
function authorization(value: string): string[] {
  const [, scheme = '', rest = ''] = /^(bearer|token|basic) +(\S+) *$/i.exec(value) ?? []
  if (scheme.toLowerCase() !== 'basic') return rest ? [rest] : []
  const pair = decodeBase64(rest)
  const colon = pair.indexOf(':')
  return colon < 0 ? [pair] : [pair.slice(0, colon), pair.slice(colon + 1)]
}

function inProviderSlots(
  headers: Headers,
  query: string,
  { credential, auth }: Provider,
  sent: string | null,
): string[] {
  const prefix = 'prefix' in auth ? auth.prefix : ''
  const values = credential.headers
    .map((name) => (name === 'authorization' ? sent : headers.get(name)))
    .filter((value) => value !== null)
    .flatMap((value) =>
      prefix && value.startsWith(prefix) ? [value.slice(prefix.length)] : [value],
    )
  return [...values, ...credential.params.flatMap((param) => paramValues(query, param))]
}

function decodeBase64(text: string): string {
  try {
    const bytes = Uint8Array.from(atob(text), (char) => char.codePointAt(0) ?? 0)
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return ''
  }
}
