import { parseRanges } from './address.ts'
import type { Range } from './address.ts'
import { readTeam } from './control/team.ts'
import type { AccessTeam } from './control/team.ts'

/**
 * The variables of an installation that are no secret of a provider's or host's, by name. Beside
 * them stands `CLIENT_IP_SOURCE`, which follows from where the Worker runs.
 */
export const SETTINGS = [
  'OUTPOST_ADMIN_TOKEN',
  'OUTPOST_VIEWER_TOKEN',
  'ACCESS_TEAM_DOMAIN',
  'ACCESS_AUD',
  'OUTPOST_MASTER_KEY',
  'OUTPOST_MASTER_KEY_PREVIOUS',
  'OUTPOST_DOMAIN',
  'PUBLIC_URL',
  'DEFAULT_PROVIDER',
  'REQUIRE_GRANT',
  'TRUSTED_PROXIES',
  'RATE_LIMIT_QUEUE_TIMEOUT',
  'AUDIT_CLIENT_IP',
  'APPROVAL_WEBHOOK_URL',
  'AUDIT_RETENTION_DAYS',
  'SECRET_CACHE_SECONDS',
  'SECRET_STALE_SECONDS',
] as const

/** What an installation sets through plain variables; docs/deploy.md lists them. */
export interface Settings {
  /** Where the client's address comes from. null: not set or unknown, and nobody is let in. */
  readonly clientIpSource: 'cloudflare' | 'workerd' | null
  /** Peers whose `X-Forwarded-For` is believed. null: the list has an error, and none is. */
  readonly trustedProxies: readonly Range[] | null
  /** Lower case; empty: no selection by host name. */
  readonly domain: string
  /** The origin by which agents reach the proxy; empty: that of each call. null: it is none. */
  readonly publicUrl: string | null
  /** Lower case; empty: none. */
  readonly defaultProvider: string
  readonly requireGrant: boolean
  /** How long a call may wait for its turn where the provider does not say. */
  readonly queueTimeoutMs: number
  /** How long a secret that is kept elsewhere is used without being read anew. */
  readonly secretCacheMs: number
  /** How long after it was read it is used when it cannot be read. Never less than that. */
  readonly secretStaleMs: number
  readonly fullClientAddress: boolean
  /** Whom Cloudflare Access lets in is an operator. null: it is not set up. */
  readonly access: AccessTeam | { readonly problem: string } | null
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
    publicUrl: originIn(text(env, 'PUBLIC_URL')),
    defaultProvider: text(env, 'DEFAULT_PROVIDER').toLowerCase(),
    requireGrant: !['', 'false', '0', 'no', 'off'].includes(
      text(env, 'REQUIRE_GRANT').toLowerCase(),
    ),
    queueTimeoutMs: seconds(text(env, 'RATE_LIMIT_QUEUE_TIMEOUT'), 5) * 1000,
    ...secretTimes(env),
    fullClientAddress: text(env, 'AUDIT_CLIENT_IP') === 'full',
    access: readTeam(text(env, 'ACCESS_TEAM_DOMAIN'), text(env, 'ACCESS_AUD')),
  }
}

/** A URL that is an origin and nothing else. */
function originIn(url: string): string | null {
  if (url === '') return ''
  const isOrigin = /^https?:\/\/[^/?#@\\\s]+\/?$/i.test(url)
  return isOrigin && URL.canParse(url) ? new URL(url).origin : null
}

function secretTimes(env: Variables): Pick<Settings, 'secretCacheMs' | 'secretStaleMs'> {
  const cache = Math.max(1, seconds(text(env, 'SECRET_CACHE_SECONDS'), 300, 3600))
  const stale = seconds(text(env, 'SECRET_STALE_SECONDS'), 3600, 86_400)
  return { secretCacheMs: cache * 1000, secretStaleMs: Math.max(cache, stale) * 1000 }
}

/** A number of seconds from 0 to `most`; anything else is the default. */
function seconds(value: string, otherwise: number, most = 60): number {
  const number = /^\d+(?:\.\d+)?$/.test(value) ? Number(value) : otherwise
  return number <= most ? number : otherwise
}

/** A variable as trimmed text; empty when it is not set. */
export function text(env: Variables, name: string): string {
  const value = Object.hasOwn(env, name) ? env[name] : undefined
  return typeof value === 'string' ? value.trim() : ''
}
