import { PLACE } from './auth/scheme.ts'
import type { Draft, SigningCall, Slots } from './auth/scheme.ts'
import type { Signer } from './auth/signer.ts'
import { SHARED_HEADERS, slotOf } from './cache.ts'
import type { Call } from './call.ts'
import type { Provider } from './catalog.ts'
import { folded, forwardable } from './headers.ts'
import type { ForwardRules } from './headers.ts'
import type { Opening } from './opening.ts'
import type { Permit } from './policy/decision.ts'
import { paramsNamed, withoutParams } from './query.ts'
import { Refusal } from './refusal.ts'
import { readableOf } from './scrub/kinds.ts'
import { takesParts } from './scrub/parts.ts'
import { UnfitSecret } from './secret.ts'
import type { Secret } from './secret.ts'

/** What a scheme is told of a call before its body is read. */
export function signingCall({ method, path, query, request }: Call): SigningCall {
  return { method, path, query: query.slice(1), headers: request.headers }
}

/**
 * The upstream request, built from nothing: the path and query that were evaluated, the agent's
 * headers less everything that is not theirs to set, the provider's defaults over them. The
 * credential comes last, from the scheme.
 */
export function outbound(permit: Permit, body: Uint8Array | null): Draft {
  const { call, provider } = permit
  const shares = permit.cache_scope === 'tenant' && slotOf(permit) !== null
  const { carriers } = permit.caller
  const params = [...provider.credential.params, ...carriers.params]
  const headers = forwardable(call.request.headers, forwardRulesOf(provider))
  // The agent's own key may have stood in a slot of another provider's.
  for (const name of carriers.headers) headers.delete(name)
  if (shares) keepOnly(headers, SHARED_HEADERS)
  for (const [name, value] of Object.entries(provider.default_headers)) headers.set(name, value)
  if (provider.scrub !== 'off' && provider.auth.type !== 'none') askForReadable(headers, provider)
  return {
    method: call.method,
    base_url: provider.base_url,
    headers,
    path: basePath(provider) + call.path,
    query: params.length > 0 ? withoutParams(call.query.slice(1), params) : call.query.slice(1),
    body,
    asked: signingCall(call),
    reframing: null,
  }
}

/** What of an agent's headers goes to this provider. */
export function forwardRulesOf(provider: Provider): ForwardRules {
  let rules = forwardRules.get(provider)
  if (!rules) {
    const { credential, default_headers, forward_request_headers, forward_cookies } = provider
    const slots = [...credential.headers, ...Object.keys(default_headers)]
    rules = {
      slots: new Set(slots.map(folded)),
      permitted: forward_request_headers,
      cookies: forward_cookies,
    }
    forwardRules.set(provider, rules)
  }
  return rules
}

const forwardRules = new WeakMap<Provider, ForwardRules>()

/**
 * An answer that is searched has to be whole, and in a coding that can be taken off. Of two parts
 * each could hold half a secret.
 */
function askForReadable(headers: Headers, provider: Provider): void {
  const codings = headers.get('accept-encoding')
  if (codings !== null) headers.set('accept-encoding', readableOf(codings))
  if (takesParts(provider)) return
  headers.delete('range')
  headers.delete('if-range')
}

/** The URL of a draft. A `?` without a query stays where the agent sent one. */
export function urlOf(provider: Provider, draft: Draft, sentQuery: string): string {
  const mark = draft.query !== '' || sentQuery === '?' ? '?' : ''
  return originOf(provider) + draft.path + mark + draft.query
}

/** GitHub and others want a `User-Agent`, and the agent's own is not part of a shared entry. */
function keepOnly(headers: Headers, names: readonly string[]): void {
  for (const name of Array.from(headers.keys())) if (!names.includes(name)) headers.delete(name)
  headers.set('user-agent', 'outpost')
}

/** The same as it may be shown: with `{token}` where the path has the credential. */
export function shownUrlOf(provider: Provider, draft: Draft, { path, query }: Call): string {
  return urlOf(provider, { ...draft, path: basePath(provider) + path }, query)
}

function originOf({ base_url }: Provider): string {
  return base_url.slice(0, pathStart(base_url))
}

function basePath({ base_url }: Provider): string {
  return base_url.slice(pathStart(base_url))
}

/** Where the path begins in `https://host/path`; the end when there is none. */
function pathStart(url: string): number {
  const slash = url.indexOf('/', url.indexOf('://') + 3)
  return slash < 0 ? url.length : slash
}

/**
 * Puts the credential on the draft, and notes what stands in its places then: an upstream may repeat
 * that. A scheme that cannot is a 502 that names nothing.
 */
export async function sign(
  draft: Draft,
  signer: Signer,
  credentials: Opening,
  now: number,
): Promise<void> {
  const { path } = draft
  try {
    await signer.sign(draft, credentials, now)
  } catch (cause) {
    if (cause instanceof Refusal) throw cause
    throw new Refusal('PROXY_AUTH_ERROR', 'the provider cannot be authenticated', {
      reason: cause instanceof UnfitSecret ? cause.message : 'the scheme failed',
      cause,
    })
  }
  const words = signer.secretWords?.(draft) ?? placedIn(draft, signer.slots, credentials.opened)
  for (const text of words) credentials.sent(text)
  if (draft.path !== path) credentials.sent(inPlaceOf(path, draft.path))
}

/** What a scheme put into the path, as it stands there. */
function inPlaceOf(path: string, signed: string): string {
  const at = path.indexOf(PLACE)
  return signed.slice(at, signed.length - (path.length - at - PLACE.length))
}

/** What was made of secrets and put in the credential's places: no secret itself, no timestamp. */
function placedIn({ headers, query }: Draft, slots: Slots, opened: readonly Secret[]): string[] {
  const values = [
    ...slots.headers.flatMap((name) => wordsOf(headers.get(name) ?? '', opened)),
    ...paramsNamed(query, slots.params).map(({ value }) => value),
  ]
  return values.filter((value) => !/^\d*$/.test(value))
}

/** `Scheme one` is one; `Scheme a=one, b="two"` (RFC 9110 §11.4) and `a=one; b=two` are both. */
function wordsOf(value: string, opened: readonly Secret[]): string[] {
  const behind = value.replace(/^[\w-]+ +/, '')
  if (opened.some((secret) => secret.is(value) || secret.is(behind))) return []
  return behind
    .split(/[\s,;]+/)
    .map((word) => word.replace(/^[\w-]+="?(?=[^=])/, '').replace(/"$/, ''))
}
