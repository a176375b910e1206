import type { Upstream } from './forward.ts'
import { returnable } from './headers.ts'
import { rewriteLocation } from './location.ts'
import type { Permit } from './policy/decide.ts'
import { Refusal } from './refusal.ts'
import { blocked, scrubBody } from './scrubbed.ts'
import { redact, searchFor } from './secret.ts'
import type { Secret } from './secret.ts'

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
  /** How many echoes of a credential are known to have been taken out. */
  readonly scrubbed: number
  /** How many more of what streams, known at its end; null when all is known. */
  readonly later: Promise<number> | null
}

/**
 * The upstream's answer as the agent gets it: streamed, and less what was not meant for the agent.
 * `kept`: it goes on when the agent has gone.
 */
export async function relay(
  { response: upstream, url }: Upstream,
  permit: Permit,
  opened: readonly Secret[],
  kept: boolean,
): Promise<Relayed> {
  const { provider, call } = permit
  const limited = upstream.status === 429
  if (limited && provider.forwarding.upstream_429 === 'envelope') {
    throw await enveloped(upstream, permit, opened)
  }
  const headers = new Headers(upstream.headers)
  const statusText = redact(upstream.statusText, opened)
  const echoes =
    returnHeaders({ from: upstream.headers, to: headers, url }, permit, opened) +
    Number(statusText !== upstream.statusText)
  if (echoes > 0 && provider.on_echo === 'block') {
    upstream.body?.cancel().catch(() => {})
    throw blocked()
  }
  const { body, found, later } = await scrubBody(upstream, headers, {
    permit,
    search: searchFor(opened),
    left: kept ? null : call.request.signal,
  })
  mark(headers, permit, limited)
  const response = new Response(body, {
    status: upstream.status,
    statusText,
    headers,
  })
  return { response, scrubbed: echoes + found, later }
}

/** What the agent is told by us. */
function mark(headers: Headers, { provider, call }: Permit, limited: boolean): void {
  if (limited) {
    headers.set('x-proxy-error', 'PROXY_UPSTREAM_RATE_LIMITED')
    if (!headers.has('retry-after')) headers.set('retry-after', String(DEFAULT_RETRY_AFTER))
  }
  if (SHOWN.has(call.request.headers.get('sec-fetch-dest') ?? '')) {
    headers.append('content-security-policy', 'sandbox')
  }
  headers.set('x-proxy-provider', provider.name)
  headers.set('x-proxy-cache', 'BYPASS')
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
    const clean = may(name) ? redact(value, opened) : null
    if (clean !== null && clean !== value) scrubbed += 1
    if (clean === null || (clean !== value && name === 'set-cookie')) to.delete(name)
    else if (name === 'location') to.set(name, rewriteLocation(clean, url, permit))
    else if (clean !== value) to.set(name, clean)
  })
  return scrubbed
}

/** Outpost's older form of an upstream's 429, which installations may ask for. */
async function enveloped(
  upstream: Response,
  { provider }: Permit,
  opened: readonly Secret[],
): Promise<Refusal> {
  const header = upstream.headers.get('retry-after')
  const said = header === null ? String(DEFAULT_RETRY_AFTER) : redact(header, opened)
  const text = await beginningOf(upstream.body, provider.timeout_ms)
  return new Refusal('PROXY_UPSTREAM_RATE_LIMITED', 'the upstream limits the rate', {
    metadata: {
      upstream_body: redact(text, opened).slice(0, ENVELOPE_CHARS),
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
