import { parseRanges } from './address.ts'
import type { Range } from './address.ts'

/** What an installation sets through plain variables; docs/deploy.md lists them. */
export interface Settings {
  /** Where the client's address comes from. null: not set or unknown, and nobody is let in. */
  readonly clientIpSource: 'cloudflare' | 'workerd' | null
  /** Peers whose `X-Forwarded-For` is believed. null: the list has an error, and none is. */
  readonly trustedProxies: readonly Range[] | null
  /** Lower case; empty: no selection by host name. */
  readonly domain: string
  /** Lower case; empty: none. */
  readonly defaultProvider: string
  readonly requireGrant: boolean
  readonly fullClientAddress: boolean
}

/** The variables by name, as a Worker's `env` holds them. */
export type Variables = Readonly<Record<string, unknown>>

export function readSettings(env: Variables): Settings {
  const source = text(env, 'CLIENT_IP_SOURCE')
  return {
    clientIpSource: source === 'cloudflare' || source === 'workerd' ? source : null,
    trustedProxies: parseRanges(text(env, 'TRUSTED_PROXIES').split(',')),
    domain: text(env, 'OUTPOST_DOMAIN')
      .toLowerCase()
      .replace(/^\.+|\.+$/g, ''),
    defaultProvider: text(env, 'DEFAULT_PROVIDER').toLowerCase(),
    requireGrant: !['', 'false', '0', 'no', 'off'].includes(
      text(env, 'REQUIRE_GRANT').toLowerCase(),
    ),
    fullClientAddress: text(env, 'AUDIT_CLIENT_IP') === 'full',
  }
}

/** A variable as trimmed text; empty when it is not set. */
export function text(env: Variables, name: string): string {
  const value = Object.hasOwn(env, name) ? env[name] : undefined
  return typeof value === 'string' ? value.trim() : ''
}
