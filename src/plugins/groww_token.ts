import type { PluginConfig } from '../auth/config.ts'
import { configSecret } from '../auth/plugin.ts'
import type { EndpointAnswer, Mint, SecretRef } from '../auth/scheme.ts'

/** https://groww.in/trade-api/docs/curl */
const MINT_PATH = '/v1/token/api/access'

/** A token is used until so long before it expires. */
const SKEW_MS = 120_000
/** Groww's tokens last until 6:00 IST; for an answer that does not say until when. */
const FALLBACK_MS = 18 * 60 * 60_000
/** However the expiry reads, a token that was just minted is used so long: nobody is hammered. */
const SHORTEST_MS = 60_000
const LONGEST_MS = 400 * 24 * 3_600_000

const TOKEN = /^[\x21-\x7e]+$/

/** A time without a zone. Groww writes times as they are in India. */
const LOCAL_TIME = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?$/

/** What both of Groww's ways to a token have in their `config`. */
export interface GrowwConfig {
  readonly mintPath: string
  readonly invalidateOn: readonly number[]
  readonly secrets: readonly [SecretRef, SecretRef]
}

/** A secret in `config`, as `name_env` or `name`, and the Worker secret where neither is there. */
export type SecretKey = readonly [name: string, env: string]

/** @throws Error which the compiler shows beside the provider's `config:`. */
export function readConfig(config: PluginConfig, one: SecretKey, other: SecretKey): GrowwConfig {
  const spelled = [one, other].flatMap(([name]) => [`${name}_env`, name])
  const known = [...spelled, 'mint_path', 'invalidate_on']
  const unknown = Object.keys(config).find((key) => !known.includes(key))
  if (unknown !== undefined) throw new Error(`unknown key ${unknown}: expected ${known.join(', ')}`)
  const mintPath = config['mint_path'] ?? MINT_PATH
  if (typeof mintPath !== 'string' || !/^\/[\w./-]*$/.test(mintPath)) {
    throw new Error('mint_path: expected a path such as /v1/token/api/access')
  }
  return {
    mintPath,
    invalidateOn: statuses(config['invalidate_on'] ?? ['401']),
    secrets: [secretOf(config, one), secretOf(config, other)],
  }
}

function secretOf(config: PluginConfig, [name, env]: SecretKey): SecretRef {
  return configSecret(config, name) ?? { env }
}

function statuses(found: PluginConfig[string]): readonly number[] {
  const read = [found].flat().map(Number)
  if (read.every((status) => Number.isInteger(status) && status >= 100 && status < 600)) return read
  throw new Error('invalidate_on: expected HTTP statuses')
}

/** A request for a token. The API key is what opens the endpoint. */
export function mintRequest(
  url: string,
  apiKey: string,
  body: Readonly<Record<string, string>>,
): Request {
  return new Request(url, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${apiKey}`,
      'content-type': 'application/json',
      accept: 'application/json',
      'x-api-version': '1.0',
    },
    body: JSON.stringify(body),
  })
}

/** `{token, expiry}`, as it is documented, or the same in the `payload` of Groww's usual envelope. */
export function readMint({ status, json }: EndpointAnswer, now: number): Mint {
  const refused = status === 400 || status === 401 || status === 403
  if (refused) return { failed: `credentials rejected (HTTP ${status})`, final: false }
  if (status !== 200) return { failed: `HTTP ${status}`, final: false }
  const said = objectOf(json)
  const { token, expiry } = typeof said['token'] === 'string' ? said : objectOf(said['payload'])
  if (typeof token !== 'string' || !TOKEN.test(token)) {
    return { failed: 'malformed answer', final: false }
  }
  const expires = momentOf(expiry)
  const until = expires === null ? now + FALLBACK_MS : expires - SKEW_MS
  const longest = now + LONGEST_MS
  return { token, until: Math.min(longest, Math.max(until, now + SHORTEST_MS)), refresh: null }
}

function objectOf(json: unknown): Record<string, unknown> {
  return typeof json === 'object' && json !== null ? { ...json } : {}
}

/** ISO 8601, or Unix seconds or milliseconds. null for whatever else it is. */
function momentOf(expiry: unknown): number | null {
  if (typeof expiry === 'number' || (typeof expiry === 'string' && /^\d{10,13}$/.test(expiry))) {
    const number = Number(expiry)
    return number < 1e11 ? number * 1000 : number
  }
  if (typeof expiry !== 'string') return null
  const moment = Date.parse(LOCAL_TIME.test(expiry) ? `${expiry.replace(' ', 'T')}+05:30` : expiry)
  return Number.isNaN(moment) ? null : moment
}
