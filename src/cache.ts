import { collected, given } from './collect.ts'
import { isLegible } from './headers.ts'
import { prefixOf } from './location.ts'
import type { Permit } from './policy/decision.ts'
import type { Field, Kept } from './replay/claim.ts'

/** Of one isolate, all entries together. The oldest go first. */
const TOTAL_BYTES = 16 * 1024 * 1024
const ENTRY_BYTES = 1024 * 1024

/** Bookkeeping of an entry, about. */
const ENTRY_OVERHEAD = 1024

/** More than this in headers, or in those that the answer varies by, is not kept. */
const MOST_TEXT = 16 * 1024

/** Of one URL, by `Vary`. The oldest go first. */
const MOST_VARIANTS = 16

/** A request with one of these wants something other than the whole, current or not, answer. */
const UNCACHED_REQUEST = [
  'range',
  'if-range',
  'if-none-match',
  'if-modified-since',
  'if-match',
  'if-unmodified-since',
]

/**
 * All that goes upstream of an agent's headers where callers of a tenant share entries, and part of
 * the key: what one caller sends cannot change what another one gets.
 */
export const SHARED_HEADERS = ['accept', 'accept-language']

/** What a call may get from the cache, or put into it. */
export interface Slot {
  readonly key: string
  /** Seconds. */
  readonly ttl: number
}

interface Entry {
  readonly kept: Kept
  /** Unix ms. */
  readonly stored: number
  readonly expires: number
  /** The request headers that the answer depends on, with the values that it was made for. */
  readonly vary: readonly (readonly [name: string, value: string | null])[]
  readonly size: number
}

/**
 * Where a call's answer would be: by tenant, caller, provider, path and query as sent. The
 * credential is the provider's: a token that is minted or stored anew is the same one renewed.
 * null: not a call to cache.
 */
export function slotOf(permit: Permit): Slot | null {
  const { call, caller, provider, cache_ttl, cache_scope } = permit
  // Each call that a person has to approve is a call.
  if (permit.approval || cache_ttl <= 0) return null
  if (call.method !== 'GET' || call.request.body) return null
  const { headers } = call.request
  if (UNCACHED_REQUEST.some((name) => headers.has(name))) return null
  if (/\bno-(?:store|cache)\b/i.test(headers.get('cache-control') ?? '')) return null
  const who = cache_scope === 'tenant' ? formIn(headers) : caller.id
  if (who === null) return null
  // What points back at the proxy does so in the words of this call.
  const seen = [call.origin, prefixOf(call)]
  const key = JSON.stringify([caller.tenant, who, provider.name, call.path, call.query, ...seen])
  return { key, ttl: cache_ttl }
}

/** What an entry that a tenant shares was made for; null where that cannot be told. */
function formIn(headers: Headers): readonly (string | null)[] | null {
  const form = SHARED_HEADERS.map((name) => headers.get(name))
  return form.every((value) => isLegible(value ?? '')) ? form : null
}

/** Answers of one isolate, in memory. Lifetimes hold to the millisecond, and nothing is written. */
export class MemoryCache {
  readonly #entries = new Map<string, readonly Entry[]>()
  #bytes = 0

  /** The stored answer, with its age, or null. */
  find({ key }: Slot, headers: Headers, now: number): Response | null {
    const entry = (this.#entries.get(key) ?? []).find(
      ({ expires, vary }) =>
        now < expires && vary.every(([name, value]) => headers.get(name) === value),
    )
    if (!entry) return null
    const { kept, stored } = entry
    const response = given(kept)
    response.headers.set('age', String(Math.floor((now - stored) / 1000)))
    response.headers.set('x-proxy-cache', 'HIT')
    return response
  }

  /**
   * The same answer, of which a copy is kept while it passes, if the upstream's own headers say that
   * it may be kept: `Set-Cookie` and others do not reach the agent.
   */
  store(slot: Slot, { request, upstream, response }: Answered, deps: Storing): Response {
    response.headers.set('x-proxy-cache', 'MISS')
    const vary = storable(upstream)
    if (!vary) return response
    const stored = deps.now()
    const expires = stored + slot.ttl * 1000
    const { copy, done } = collected(response, ENTRY_BYTES)
    const keep = (kept: Kept | null): void => {
      if (!kept || deps.now() >= expires) return
      const varying = vary.map((name) => [name, request.get(name)] as const)
      const text = textOf(kept, varying)
      if (text > MOST_TEXT || !varying.every(([, value]) => isLegible(value ?? ''))) return
      this.#put(slot.key, {
        kept: { ...kept, headers: kept.headers.map(weakened(response)) },
        stored,
        expires,
        vary: varying,
        // A character may take two bytes.
        size: kept.body.byteLength + 2 * (slot.key.length + text) + ENTRY_OVERHEAD,
      })
    }
    deps.waitUntil(done.then(keep))
    return copy
  }

  #put(key: string, entry: Entry): void {
    const others = (this.#entries.get(key) ?? []).filter(
      ({ vary, expires }) =>
        expires > entry.stored && JSON.stringify(vary) !== JSON.stringify(entry.vary),
    )
    this.#drop(key)
    const entries = [entry, ...others].slice(0, MOST_VARIANTS)
    this.#entries.set(key, entries)
    this.#bytes += sizeOf(entries)
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= TOTAL_BYTES) break
      this.#drop(oldest)
    }
  }

  #drop(key: string): void {
    this.#bytes -= sizeOf(this.#entries.get(key) ?? [])
    this.#entries.delete(key)
  }
}

/** A call that the upstream answered. */
export interface Answered {
  readonly request: Headers
  readonly upstream: Response
  readonly response: Response
}

export interface Storing {
  readonly now: () => number
  readonly waitUntil: (work: Promise<unknown>) => void
}

function textOf({ headers }: Kept, vary: Entry['vary']): number {
  const fields = headers.reduce((sum, { name, value }) => sum + name.length + value.length, 0)
  return vary.reduce((sum, [name, value]) => sum + name.length + (value?.length ?? 0), fields)
}

function sizeOf(entries: readonly Entry[]): number {
  return entries.reduce((sum, { size }) => sum + size, 0)
}

/** The names that `Vary` lists, or null for an answer that may not be kept: contract §9. */
function storable({ status, headers }: Response): string[] | null {
  const vary = headers.get('vary') ?? ''
  if (status !== 200 || headers.has('set-cookie') || vary.includes('*')) return null
  if (/\b(?:no-store|private)\b/i.test(headers.get('cache-control') ?? '')) return null
  return vary
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter(Boolean)
}

/** What is kept is decoded: a strong validator of the encoded form is a weak one of this. */
function weakened({ headers }: Response) {
  const encoded = headers.has('content-encoding')
  return ({ name, value }: Field): Field =>
    encoded && name === 'etag' && !value.startsWith('W/')
      ? { name, value: `W/${value}` }
      : { name, value }
}
