import { jwtVerify } from 'jose'

import type { Registered } from './keys.ts'
import { bearerOf } from './server.ts'
import type { Answer, Asked, Vendor } from './server.ts'

const CLOUD_PLATFORM = 'https://www.googleapis.com/auth/cloud-platform'
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

/** The account that the other one may act as. */
export const TARGET = 'target@project-2.iam.gserviceaccount.com'

interface Known {
  readonly account: string
  readonly scopes: readonly string[]
  readonly subject: string | null
}

/**
 * Google's token endpoint, its IAM Credentials API and an API that takes what they give, as
 * https://developers.google.com/identity/protocols/oauth2/service-account#httprest and
 * https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken
 * have them. Everything that is checked there is checked here.
 */
export function google({ google: { email, kid, publicKey } }: Registered): Vendor {
  const tokens = new Map<string, Known>()
  const issue = (known: Known): string => {
    const made = `ya29.c.sentinel-google-${crypto.randomUUID()}`
    tokens.set(made, known)
    return made
  }

  async function token({ method, url, headers, body }: Asked): Promise<Answer> {
    const form = new URLSearchParams(body)
    const type = headers['content-type'] ?? ''
    if (method !== 'POST' || !type.startsWith('application/x-www-form-urlencoded')) {
      return refused('invalid_request', 'Bad Request')
    }
    if (form.get('grant_type') !== JWT_BEARER) {
      return refused('unsupported_grant_type', 'Invalid grant_type')
    }
    const claims = await verified(form.get('assertion') ?? '', url)
    if (claims === null) return refused('invalid_grant', `Invalid JWT Signature for ${email}.`)
    const scope = typeof claims['scope'] === 'string' ? claims['scope'] : ''
    if (!scope.startsWith('https://www.googleapis.com/auth/')) {
      return refused('invalid_scope', 'Invalid OAuth scope or ID token audience provided.')
    }
    const subject = typeof claims['sub'] === 'string' ? claims['sub'] : null
    const access_token = issue({ account: email, scopes: scope.split(' '), subject })
    return { status: 200, json: { access_token, expires_in: 3599, token_type: 'Bearer' } }
  }

  async function verified(assertion: string, audience: string) {
    try {
      const { payload, protectedHeader } = await jwtVerify(assertion, publicKey, {
        algorithms: ['RS256'],
        typ: 'JWT',
        issuer: email,
        audience,
        requiredClaims: ['iat', 'exp'],
      })
      const lasts = (payload.exp ?? Infinity) - (payload.iat ?? 0)
      return protectedHeader.kid === kid && lasts <= 3600 ? payload : null
    } catch {
      return null
    }
  }

  function impersonate(asked: Asked, account: string): Answer {
    const known = tokens.get(bearerOf(asked))
    if (!known?.scopes.includes(CLOUD_PLATFORM)) {
      return { status: 401, json: { error: { code: 401, status: 'UNAUTHENTICATED' } } }
    }
    if (account !== TARGET) {
      return {
        status: 403,
        json: { error: { code: 403, status: 'PERMISSION_DENIED', message: account } },
      }
    }
    const { scope, lifetime } = JSON.parse(asked.body) as { scope: string[]; lifetime: string }
    const seconds = Number(/^(\d+)s$/.exec(lifetime)?.[1] ?? NaN)
    if (!Array.isArray(scope) || scope.length === 0 || !(seconds <= 3600)) {
      return { status: 400, json: { error: { code: 400, status: 'INVALID_ARGUMENT' } } }
    }
    const accessToken = issue({ account, scopes: scope, subject: null })
    const expireTime = new Date(Date.now() + seconds * 1000).toISOString()
    return { status: 200, json: { accessToken, expireTime } }
  }

  async function api(asked: Asked): Promise<Answer> {
    const known = tokens.get(bearerOf(asked))
    if (known) return { status: 200, json: known }
    const claims = await verified(bearerOf(asked), 'https://pubsub.googleapis.com/')
    const own = { account: email, scopes: [], subject: null }
    if (claims?.sub === email) return { status: 200, json: own }
    return { status: 401, json: { error: { code: 401, status: 'UNAUTHENTICATED' } } }
  }

  return (asked) => {
    if (asked.path === '/google/token') return token(asked)
    if (asked.path.startsWith('/google/api/')) return api(asked)
    const [, account] =
      /^\/google\/iam\/v1\/projects\/-\/serviceAccounts\/(.+):generateAccessToken$/.exec(
        asked.path,
      ) ?? []
    return account === undefined ? undefined : impersonate(asked, decodeURIComponent(account))
  }
}

function refused(error: string, error_description: string): Answer {
  return { status: 400, json: { error, error_description } }
}
