import type { Upstream } from './forward.ts'
import { returnable } from './headers.ts'
import { rewriteLocation } from './location.ts'
import type { Permit } from './policy/decide.ts'
import { Refusal } from './refusal.ts'
import type { Secret } from './secret.ts'

/** These carry no body, and the runtime throws when one is given: Fetch standard, null body status. */
const WITHOUT_BODY = new Set([204, 205, 304])

/**
 * What a browser is about to show as a page (https://www.w3.org/TR/fetch-metadata/). It stands under
 * our own origin, where an operator may be signed in: its scripts do not run there.
 */
const SHOWN = new Set(['document', 'iframe', 'frame', 'embed', 'object'])

/** Seconds an agent is told to wait when an upstream says 429 and not for how long. */
const DEFAULT_RETRY_AFTER = 1

/** As much of an upstream's 429 as goes into an envelope. */
const ENVELOPE_CHARS = 16 * 1024

/** Read beyond that, so that a secret on the edge is seen whole: Worker secrets have at most 5 KB. */
const MARGIN_CHARS = 8 * 1024

/** An answer for the agent. */
export interface Relayed {
  readonly response: Response
  /** How many of the upstream's headers repeated a credential. */
  readonly scrubbed: number
}

/** The upstream's answer as the agent gets it: streamed, and less what was not meant for the agent. */
export async function relay(
  { response: upstream, url }: Upstream,
  permit: Permit,
  opened: readonly Secret[],
): Promise<Relayed> {
  const { provider } = permit
  const limited = upstream.status === 429
  if (limited && provider.forwarding.upstream_429 === 'envelope') {
    throw await enveloped(upstream, permit, opened)
  }
  const response = new Response(WITHOUT_BODY.has(upstream.status) ? null : upstream.body, {
    status: upstream.status,
    statusText: redacted(upstream.statusText, opened),
    headers: upstream.headers,
  })
  const { headers } = response
  const scrubbed = returnHeaders({ from: upstream.headers, to: headers, url }, permit, opened)
  if (limited) {
    headers.set('x-proxy-error', 'PROXY_UPSTREAM_RATE_LIMITED')
    if (!headers.has('retry-after')) headers.set('retry-after', String(DEFAULT_RETRY_AFTER))
  }
  if (SHOWN.has(permit.call.request.headers.get('sec-fetch-dest') ?? '')) {
    headers.append('content-security-policy', 'sandbox')
  }
  headers.set('x-proxy-provider', provider.name)
  headers.set('x-proxy-cache', 'BYPASS')
  return { response, scrubbed }
}

/**
 * Takes out of the answer's headers what the agent may not see, and every credential that was read:
 * an upstream that redirects, paginates or complains often repeats what it was sent. Returns how
 * many headers did.
 */
function returnHeaders(
  { from, to, url }: { readonly from: Headers; readonly to: Headers; readonly url: string },
  permit: Permit,
  opened: readonly Secret[],
): number {
  const { strip_response_headers, forward_cookies } = permit.provider
  const may = returnable(from, strip_response_headers, forward_cookies)
  let scrubbed = 0
  from.forEach((value, name) => {
    const clean = may(name) ? redacted(value, opened) : null
    if (clean !== null && clean !== value) scrubbed += 1
    if (clean === null || (clean !== value && name === 'set-cookie')) to.delete(name)
    else if (name === 'location') to.set(name, rewriteLocation(clean, url, permit))
    else if (clean !== value) to.set(name, clean)
  })
  return scrubbed
}

function redacted(text: string, opened: readonly Secret[]): string {
  return opened.reduce((rest, secret) => secret.redact(rest), text)
}

/** Outpost's older form of an upstream's 429, which installations may ask for. */
async function enveloped(
  upstream: Response,
  { provider }: Permit,
  opened: readonly Secret[],
): Promise<Refusal> {
  const header = upstream.headers.get('retry-after')
  const said = header === null ? String(DEFAULT_RETRY_AFTER) : redacted(header, opened)
  const text = await beginningOf(upstream.body, provider.timeout_ms)
  return new Refusal('PROXY_UPSTREAM_RATE_LIMITED', 'the upstream limits the rate', {
    metadata: {
      upstream_body: redacted(text, opened).slice(0, ENVELOPE_CHARS),
      retry_after: /^\d{1,6}$/.test(said) ? Number(said) : DEFAULT_RETRY_AFTER,
    },
    headers: { 'retry-after': said },
  })
}

/** What arrives of a text in so many milliseconds, up to what an envelope holds and its margin. */
async function beginningOf(
  body: ReadableStream<Uint8Array> | null,
  limit_ms: number,
): Promise<string> {
  if (!body) return ''
  const decoder = new TextDecoder()
  const reader = body.getReader()
  const late = setTimeout(() => void reader.cancel().catch(() => {}), limit_ms)
  let text = ''
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      text += decoder.decode(part.value, { stream: true })
      if (text.length >= ENVELOPE_CHARS + MARGIN_CHARS) break
    }
    await reader.cancel()
  } catch {
    // The upstream broke off: what came is what there is.
  } finally {
    clearTimeout(late)
  }
  return text
}
