import { jwtVerify } from 'jose'

import type { Registered } from './keys.ts'
import { bearerOf } from './server.ts'
import type { Answer, Asked, Vendor } from './server.ts'

export const APP = { id: '31337', client_id: 'Iv23liSentinelClient' } as const

/** By their ids: one that works, one of a server that narrows nothing, one with very many repositories. */
export const INSTALLATIONS = { good: '42', old: '43', large: '44' } as const

const HELD: Readonly<Record<string, string>> = {
  contents: 'write',
  issues: 'write',
  metadata: 'read',
  pull_requests: 'read',
}
const REPOSITORIES: Readonly<Record<string, number>> = { site: 7, docs: 8 }
const LEVELS = ['read', 'write', 'admin']

interface Wanted {
  readonly repositories?: readonly string[]
  readonly repository_ids?: readonly number[]
  readonly permissions?: Readonly<Record<string, string>>
}

export interface Installed {
  readonly permissions: Readonly<Record<string, string>>
  /** null: all. */
  readonly repositories: readonly string[] | null
}

export interface Github {
  readonly vendor: Vendor
  /** What a request's credential may do; null when it is none. */
  readonly installed: (asked: Pick<Asked, 'headers'>) => Installed | null
}

/**
 * GitHub's endpoint for installation tokens, as
 * https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app and
 * https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
 * have it, and an API that says what the token may do.
 */
export function github({ github: publicKey }: Registered): Github {
  const tokens = new Map<string, Installed>()

  async function install(asked: Asked, installation: string): Promise<Answer> {
    if (asked.headers['user-agent'] === undefined) return said(403, 'no User-Agent')
    if (!(await isApp(bearerOf(asked)))) {
      return said(401, 'A JSON web token could not be decoded')
    }
    if (!Object.values<string>(INSTALLATIONS).includes(installation)) return said(404, 'Not Found')
    const wanted = (asked.body === '' ? {} : JSON.parse(asked.body)) as Wanted
    const narrows = installation !== INSTALLATIONS.old
    const permissions = narrows ? permitted(wanted.permissions) : HELD
    const repositories = narrows ? chosen(wanted) : null
    if (permissions === null || repositories === undefined) {
      return said(422, 'The permissions requested are not granted to this installation.')
    }
    const token = `ghs_sentinelGithub${crypto.randomUUID().replaceAll('-', '')}`
    tokens.set(token, { permissions, repositories })
    return { status: 201, json: answerOf(token, { permissions, repositories }, installation) }
  }

  async function isApp(jwt: string): Promise<boolean> {
    try {
      const { payload } = await jwtVerify(jwt, publicKey, {
        algorithms: ['RS256'],
        issuer: [APP.id, APP.client_id],
        requiredClaims: ['iat', 'exp'],
      })
      const now = Date.now() / 1000
      return (payload.exp ?? Infinity) - now <= 600 && (payload.iat ?? Infinity) <= now
    } catch {
      return false
    }
  }

  function installed({ headers }: Pick<Asked, 'headers'>): Installed | null {
    const [, scheme = '', value = ''] = /^(\w+) (.+)$/.exec(headers.authorization ?? '') ?? []
    const basic = scheme === 'Basic' ? Buffer.from(value, 'base64').toString() : ''
    const token = scheme === 'Basic' ? basic.replace(/^x-access-token:/, '') : value
    return tokens.get(token) ?? null
  }

  const vendor: Vendor = (asked) => {
    const [, id] = /^\/github\/app\/installations\/(\w+)\/access_tokens$/.exec(asked.path) ?? []
    if (id !== undefined && asked.method === 'POST') return install(asked, id)
    if (asked.path !== '/github/api') return undefined
    const found = installed(asked)
    return found ? { status: 200, json: found } : said(401, 'Bad credentials')
  }
  return { vendor, installed }
}

function permitted(wanted: Wanted['permissions']): Installed['permissions'] | null {
  if (!wanted) return HELD
  const fits = Object.entries(wanted).every(
    ([name, level]) => LEVELS.indexOf(level) <= LEVELS.indexOf(HELD[name] ?? ''),
  )
  return fits ? { metadata: 'read', ...wanted } : null
}

function chosen({ repositories, repository_ids }: Wanted): readonly string[] | null | undefined {
  if (!repositories && !repository_ids) return null
  const names =
    repositories ??
    Object.keys(REPOSITORIES).filter((name) => repository_ids?.includes(REPOSITORIES[name] ?? 0))
  return names.length > 0 && names.every((name) => name in REPOSITORIES) ? names : undefined
}

function answerOf(token: string, { permissions, repositories }: Installed, installation: string) {
  const padding = installation === INSTALLATIONS.large ? 'x'.repeat(300_000) : ''
  return {
    token,
    expires_at: new Date(Date.now() + 3_600_000).toISOString().replace(/\.\d+/, ''),
    permissions,
    repository_selection: repositories ? 'selected' : 'all',
    ...(repositories && { repositories: repositories.map((name) => ({ name, padding })) }),
  }
}

function said(status: number, message: string): Answer {
  return { status, json: { message, documentation_url: 'https://docs.github.com/rest' } }
}
