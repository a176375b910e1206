import { DEFAULT_RETRY_AFTER, enveloped } from './envelope.ts'
import type { Upstream } from './forward.ts'
import { returnable } from './headers.ts'
import { rewriteLocation } from './location.ts'
import type { Permit } from './policy/decision.ts'
import { withUrlsForAgent } from './rewrite/body.ts'
import { changedLinks } from './rewrite/link.ts'
import { targetForAgent } from './rewrite/url.ts'
import { bytesOf } from './scrub/spellings.ts'
import { blocked, scrubBody } from './scrubbed.ts'
import { isInName, redact, searchFor } from './secret.ts'
import type { Secret } from './secret.ts'

/**
 * What a browser is about to show as a page (https://www.w3.org/TR/fetch-metadata/). It stands under
 * our own origin, where an operator may be signed in: its scripts do not run there.
 */
const SHOWN = new Set(['document', 'iframe', 'frame', 'embed', 'object'])

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
  { response, url }: Upstream,
  permit: Permit,
  opened: readonly Secret[],
  kept: boolean,
): Promise<Relayed> {
  const { provider, call } = permit
  const limited = response.status === 429
  if (limited && provider.forwarding.upstream_429 === 'envelope') {
    throw await enveloped(response, permit, opened)
  }
  const left = kept ? null : call.request.signal
  const upstream = await withUrlsForAgent(response, permit, left)
  const { headers, statusText, echoes } = headOf({ response: upstream, url }, permit, opened)
  if (echoes > 0 && provider.on_echo === 'block') {
    upstream.body?.cancel().catch(() => {})
    throw blocked(echoes)
  }
  const { body, found, later, release } = await scrubBody(upstream, headers, {
    permit,
    search: searchFor(opened),
    left,
  })
  mark(headers, permit, limited)
  const relayed = new Response(body, {
    status: upstream.status,
    statusText,
    headers,
  })
  release()
  return { response: relayed, scrubbed: echoes + found, later }
}

/** The head of the upstream's answer as the agent may see it, and how many echoes were in it. */
export function headOf(
  { response, url }: Pick<Upstream, 'response' | 'url'>,
  permit: Permit,
  opened: readonly Secret[],
): { readonly headers: Headers; readonly statusText: string; readonly echoes: number } {
  const headers = new Headers(response.headers)
  const statusText = clean(response.statusText, opened)
  const echoes =
    returnHeaders({ from: response.headers, to: headers, url }, permit, opened) +
    Number(statusText !== response.statusText)
  return { headers, statusText, echoes }
}

/** What the agent is told by us. */
export function mark(headers: Headers, { provider, call }: Permit, limited: boolean): void {
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
    if (!may(name)) {
      to.delete(name)
      return
    }
    const said = clean(value, opened)
    const echoes = said !== value || isInName(name, opened)
    if (echoes) scrubbed += 1
    if (echoes && (said === value || name === 'set-cookie')) to.delete(name)
    // A URL is read leniently: what was apart may be together then.
    else if (POINTING.has(name)) to.set(name, clean(pointed(name, said, url, permit), opened))
    else if (echoes) to.set(name, said)
  })
  return scrubbed
}

/** Headers that may point back at the upstream. */
const POINTING = new Set(['location', 'content-location', 'link'])

function pointed(name: string, value: string, sentTo: string, permit: Permit): string {
  if (name !== 'link') return rewriteLocation(value, sentTo, permit)
  return changedLinks(value, (target) => targetForAgent(target, sentTo, permit))
}

/** Of a header, where each character may be a byte of UTF-8. */
function clean(text: string, secrets: readonly Secret[]): string {
  const inside = /[\u0080-\u00ff]/.test(text) ? fromBytes(text) : null
  const said = inside === null ? null : redact(inside, secrets)
  return redact(said === null || said === inside ? text : bytesOf(said), secrets)
}

/** The text that a string of bytes is in UTF-8; null when it is none. */
function fromBytes(text: string): string | null {
  const codes = Array.from(text, (char) => char.codePointAt(0) ?? 0)
  if (codes.some((code) => code > 255)) return null
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(codes))
  } catch {
    return null
  }
}
