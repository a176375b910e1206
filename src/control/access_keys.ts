import { importJWK } from 'jose'
import * as v from 'valibot'

import { readBounded } from '../bounded.ts'

/** So long a set is used without asking. A key that was removed opens nothing after that. */
const FRESH_MS = 10 * 60_000
/** So long it is used when the endpoint cannot be asked. */
const STALE_MS = 2 * 60 * 60_000
/** The endpoint is asked no more often, whatever comes in: an unknown `kid` costs nothing to invent. */
const PAUSE_MS = 30_000
/** Until the whole answer is here. */
const PATIENCE_MS = 5000
/** How often somebody who waits for another request's answer looks whether it is there. */
const GLANCE_MS = 20
/** Two keys and their certificates are some 8 KB. */
const MAX_ANSWER = 64 * 1024
const MAX_KEYS = 16

export interface KeysDeps {
  readonly now: () => number
  readonly send: (request: Request, signal: AbortSignal) => Promise<Response>
  /** An answer that is asked for is waited for, though the one who asked has gone. */
  readonly waitUntil: (work: Promise<unknown>) => void
}

/** A key, or in words for the operator why there is none. */
export type Found = { readonly key: CryptoKey } | { readonly missing: string }

/**
 * The keys of an Access team, as this isolate knows them. Requests share the finished set and a
 * mark that it is being fetched, never a promise: in workerd one that belongs to another request
 * may not settle. (That is why it is not jose's `createRemoteJWKSet`.)
 */
export class AccessKeys {
  readonly #url: string
  readonly #deps: KeysDeps
  #keys: ReadonlyMap<string, CryptoKey> = new Map()
  #since = -Infinity
  #asked = -Infinity
  #asking = false
  #fault = 'not asked yet'

  constructor(url: string, deps: KeysDeps) {
    this.#url = url
    this.#deps = deps
  }

  /** The key of that id. Asks the endpoint when the set is old or does not have it. Never throws. */
  async find(kid: string): Promise<Found> {
    if (!this.#keys.has(kid) || this.#isOlderThan(FRESH_MS)) await this.#renew()
    if (this.#isOlderThan(STALE_MS)) return { missing: `no keys: ${this.#fault}` }
    const key = this.#keys.get(kid)
    return key ? { key } : { missing: 'unknown kid' }
  }

  #isOlderThan(age: number): boolean {
    return elapsed(this.#since, this.#deps.now()) >= age
  }

  async #renew(): Promise<void> {
    const now = this.#deps.now()
    if (elapsed(this.#asked, now) < PAUSE_MS) return this.#asking ? this.#wait() : undefined
    this.#asked = now
    this.#asking = true
    const work = this.#ask()
    this.#deps.waitUntil(work)
    return work
  }

  /** By a timer of one's own, until another request's answer is here. */
  async #wait(): Promise<void> {
    for (let glance = 0; this.#asking && glance < PATIENCE_MS / GLANCE_MS; glance += 1) {
      await new Promise((resolve) => setTimeout(resolve, GLANCE_MS))
    }
  }

  async #ask(): Promise<void> {
    const clock = new AbortController()
    const timer = setTimeout(() => clock.abort(), PATIENCE_MS)
    try {
      // An answer out of a cache may have a key that is gone, or lack the new one.
      const headers = { accept: 'application/json' }
      const request = new Request(this.#url, { headers, redirect: 'manual', cache: 'no-store' })
      const response = await this.#deps.send(request, clock.signal)
      this.#keys = await keysIn(response)
      this.#since = this.#deps.now()
    } catch (error) {
      const late = clock.signal.aborted ? 'no answer in time' : 'unreachable'
      this.#fault = error instanceof KeysError ? error.message : late
    } finally {
      clearTimeout(timer)
      this.#asking = false
    }
  }
}

/** A clock that is set back must not keep the endpoint from being asked. */
function elapsed(since: number, now: number): number {
  return Math.abs(now - since)
}

/** The answer was none. The message holds nothing of it. */
class KeysError extends Error {
  override readonly name = 'KeysError'
}

/** @throws KeysError unless it is a 200 with a key set in which a key can be used. */
async function keysIn(response: Response): Promise<ReadonlyMap<string, CryptoKey>> {
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new KeysError(`the endpoint said ${response.status}`)
  }
  const bytes = await readBounded(response.body, MAX_ANSWER)
  if (!bytes) throw new KeysError('the answer is too large')
  const usable = listedIn(bytes).filter((each) => v.is(USABLE_KEY, each))
  const keys = new Map<string, CryptoKey>()
  for (const { kid, n, e } of usable) {
    if (keys.has(kid)) throw new KeysError('two keys have one kid')
    const key = await importJWK({ kty: 'RSA', n, e }, 'RS256').catch(() => null)
    if (key instanceof CryptoKey) keys.set(kid, key)
  }
  if (keys.size === 0) throw new KeysError('no key can be used')
  return keys
}

/** @throws KeysError */
function listedIn(bytes: Uint8Array): readonly unknown[] {
  try {
    return v.parse(KEY_SET, JSON.parse(new TextDecoder().decode(bytes))).keys
  } catch (cause) {
    throw new KeysError('the answer is no key set', { cause })
  }
}

const KEY_SET = v.object({ keys: v.pipe(v.array(v.unknown()), v.maxLength(MAX_KEYS)) })

/** A public RSA key for RS256, and for nothing else; any other has no part in this. */
const USABLE_KEY = v.object({
  kty: v.literal('RSA'),
  kid: v.string(),
  n: v.string(),
  e: v.string(),
  alg: v.optional(v.literal('RS256')),
  use: v.optional(v.literal('sig')),
})
