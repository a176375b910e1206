import { randomUUID } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { Window } from '../../src/limits/bucket.ts'
import { runFolder } from '../bench/fixture.ts'
import type { Runnable } from '../checks/lives.ts'
import { copyCheckout } from '../checks/project.ts'
import { breakIn } from './breaks.ts'
import { TIMEOUT_MS } from './judge.ts'
import { sentinel } from './sentinels.ts'

const NAMES = {
  agent: 'SOAK_AGENT_KEY',
  plain: 'SOAK_PLAIN_KEY',
  user: 'SOAK_USER',
  password: 'SOAK_PASSWORD',
  client: 'SOAK_CLIENT_ID',
  secret: 'SOAK_CLIENT_SECRET',
}

export const LIMITS: readonly Window[] = [
  { capacity: 6, window_ms: 1000 },
  { capacity: 80, window_ms: 20_000 },
]

/** Seconds for which the cache keeps. */
export const CACHE_S = 2

/** Where the token of `stored` is kept. */
export const STORED_KEY = 'soak:stored'

/** A project, and what its clients and its upstream know of its secrets. */
export interface SoakProject extends Runnable {
  readonly agentKey: string
  readonly admin: string
  readonly client: { readonly id: string; readonly secret: string }
  /** `Authorization` of the providers whose credential never changes. */
  readonly fixed: Readonly<Record<string, string>>
}

/** The checkout's code with the providers of the soak, in a folder that git ignores. Not built yet. */
export function makeProject(upstream: string, oauth: string, broken: string | null): SoakProject {
  const root = runFolder('soak')
  copyCheckout(root)
  if (broken !== null) breakIn(root, broken)
  mkdirSync(join(root, 'providers'))
  for (const [name, lines] of Object.entries(providers(`${oauth}/token`))) {
    const head = [`name: ${name}`, `base_url: ${upstream}/${name}`, `timeout_ms: ${TIMEOUT_MS}`]
    writeFileSync(join(root, `providers/${name}.yaml`), [...head, ...lines, ''].join('\n'))
  }
  writeFileSync(join(root, 'hosts.yaml'), HOSTS)
  const secret = (kind: string) => sentinel(kind, randomUUID())
  const env = {
    ...Object.fromEntries(Object.entries(NAMES).map(([kind, name]) => [name, secret(kind)])),
    OUTPOST_ADMIN_TOKEN: secret('admin'),
    OUTPOST_MASTER_KEY: secret('master'),
    RATE_LIMIT_QUEUE_TIMEOUT: '0',
  }
  const value = (name: keyof typeof NAMES) => String(new Map(Object.entries(env)).get(NAMES[name]))
  const pair = Buffer.from(`${value('user')}:${value('password')}`).toString('base64')
  const plain = `Bearer ${value('plain')}`
  return {
    root,
    needs: { secrets: Object.values(NAMES), baseUrls: [upstream, oauth] },
    env,
    agentKey: value('agent'),
    admin: env.OUTPOST_ADMIN_TOKEN,
    client: { id: value('client'), secret: value('secret') },
    fixed: {
      plain,
      basic: `Basic ${pair}`,
      limited: plain,
      throttled: plain,
      cached: plain,
    },
  }
}

const BEARER = `auth: { type: bearer_static, env: ${NAMES.plain} }`
const FREE = '  rate_limits: {}'

/** By name, the lines after those that all have. */
function providers(tokenUrl: string): Readonly<Record<string, readonly string[]>> {
  const windows = LIMITS.map((w) => `{ capacity: ${w.capacity}, window_ms: ${w.window_ms} }`)
  const minted = `client_id_env: ${NAMES.client}, client_secret_env: ${NAMES.secret}`
  return {
    plain: [BEARER, 'forwarding:', '  deny: [/denied/**]', FREE],
    basic: [
      `auth: { type: basic_auth, username_env: ${NAMES.user}, password_env: ${NAMES.password} }`,
      'forwarding:',
      FREE,
    ],
    limited: [BEARER, 'forwarding:', `  rate_limits: { default: [${windows.join(', ')}] }`],
    throttled: [
      BEARER,
      'forwarding:',
      '  rate_limits: { default: [{ capacity: 1000, window_ms: 1000 }] }',
    ],
    cached: [BEARER, 'forwarding:', `  default_cache_ttl: ${CACHE_S}`, FREE],
    minted: [
      `auth: { type: oauth2_client_credentials, ${minted}, token_url: '${tokenUrl}' }`,
      'forwarding:',
      FREE,
    ],
    stored: [`auth: { type: bearer_redis, redis_key: '${STORED_KEY}' }`, 'forwarding:', FREE],
  }
}

const HOSTS = `hosts:
  - id: soak
    cidrs: [127.0.0.1/32]
    can_call_sensitive: true
    auth_token_env: ${NAMES.agent}
`
