import { env } from 'cloudflare:workers'

import type { Auth, ClientCredentialsAuth, RefreshTokenAuth } from '../../src/auth/config.ts'
import { signerOf } from '../../src/auth/index.ts'
import type { Plugin } from '../../src/auth/plugin.ts'
import type { Provider } from '../../src/catalog.ts'
import { opening } from '../../src/opening.ts'
import type { Opening } from '../../src/opening.ts'
import { Secret } from '../../src/secret.ts'
import { namespaceOf } from '../../src/tokens/bindings.ts'
import { sealsOf } from '../../src/tokens/seal.ts'
import { tokensFor } from '../../src/tokens/tokens.ts'
import type { TokenDeps } from '../../src/tokens/tokens.ts'
import { draftOf } from '../auth/draft.ts'

export const MASTER = 'sentinel-master-key-of-more-than-32-characters'

/** What one isolate knows: its own warm tokens, the vaults of the world, the real network. */
export interface Isolate {
  readonly deps: TokenDeps
  /** Everything that was handed to `waitUntil`. */
  readonly settled: () => Promise<unknown>
}

export function isolate(changes: Partial<TokenDeps> = {}): Isolate {
  const work: Promise<unknown>[] = []
  return {
    deps: {
      now: () => Date.now(),
      send: (request, signal) => fetch(request, { signal }),
      waitUntil: (each) => void work.push(each),
      vaultOf: namespaceOf(env),
      seals: () => sealsOf(MASTER, null),
      read: (key) => (env['TOKENS'] as KVNamespace).get(key),
      warm: new Map(),
      reported: new Set(),
      ...changes,
    },
    settled: () => Promise.allSettled(work),
  }
}

/** One call: signs a draft for the provider and says what its `authorization` became. */
export interface Signed {
  readonly authorization: string
  readonly opening: Opening
}

export async function signFor(
  where: Isolate,
  { name, auth, secrets, plugin = null, base_url = env.OAUTH }: Signing,
): Promise<Signed> {
  const provider = { name } as Provider
  const open = opening(
    (ref) => {
      const value = 'env' in ref ? secrets[ref.env] : 'value' in ref ? ref.value : undefined
      return value === undefined ? null : new Secret(value)
    },
    tokensFor(provider, where.deps),
  )
  const draft = draftOf({ base_url })
  await signerOf(auth, plugin).sign(draft, open, where.deps.now())
  return { authorization: draft.headers.get('authorization') ?? '', opening: open }
}

export interface Signing {
  readonly name: string
  readonly auth: Auth
  readonly secrets: Readonly<Record<string, string>>
  readonly plugin?: Plugin | null
  readonly base_url?: string
}

const ENDPOINT = {
  client_id: { env: 'ID' },
  token_url: `${env.OAUTH}/token`,
  client_auth: 'post',
  scope: 'read',
  redis_key: null,
  header: 'Authorization',
  prefix: 'Bearer ',
  ttl_fallback: 3600,
  invalidate_on: [401],
} as const

export function clientCredentials(
  changes: Partial<ClientCredentialsAuth> = {},
): ClientCredentialsAuth {
  return {
    type: 'oauth2_client_credentials',
    ...ENDPOINT,
    client_secret: { env: 'SECRET' },
    audience: null,
    ...changes,
  }
}

export function refreshToken(changes: Partial<RefreshTokenAuth> = {}): RefreshTokenAuth {
  return {
    type: 'oauth2_refresh_token',
    ...ENDPOINT,
    scope: null,
    client_secret: { env: 'SECRET' },
    refresh_token: { env: 'REFRESH' },
    ...changes,
  }
}

/** How often a path of the OAuth server was asked. */
export async function asked(path: string): Promise<number> {
  const response = await fetch(`${env.OAUTH}/asked?path=${encodeURIComponent(path)}`)
  return response.json()
}

export async function seed(): Promise<string> {
  const response = await fetch(`${env.OAUTH}/seed`)
  return (await response.json<{ token: string }>()).token
}
