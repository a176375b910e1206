import { INFISICAL, OTHER, VALUE } from '../world.ts'
import { serve } from './http.ts'
import type { Asked, Told } from './http.ts'

/** By environment, folder and name. */
const SECRETS: Readonly<Record<string, unknown>> = {
  'prod / STRIPE_KEY': VALUE,
  'prod /payments/eu STRIPE_KEY': OTHER,
  'prod / empty': '',
  'prod / number': 7,
  'prod / a b+c&d=e ü:@,;(x)!': VALUE,
  'prod /with space ü+& KEY': VALUE,
  'prod / hidden': '<hidden-by-infisical>',
  'staging / STRIPE_KEY': OTHER,
}

/**
 * Infisical, API v4, with a machine identity, and a service token of one scope, which is answered
 * by its scope whatever it asks for:
 * https://infisical.com/docs/api-reference/endpoints/secrets/read,
 * https://infisical.com/docs/api-reference/endpoints/universal-auth/login,
 * https://github.com/Infisical/infisical/blob/main/backend/src/server/routes/v4/secret-router.ts
 */
export function startInfisical(): Promise<string> {
  const logins = new Set<string>()
  let count = 0
  const login = ({ body }: Asked): Told => {
    const { clientId, clientSecret } = JSON.parse(body) as Record<string, unknown>
    if (clientId !== INFISICAL.clientId || clientSecret !== INFISICAL.clientSecret) {
      return error(401, 'Invalid credentials')
    }
    count += 1
    const accessToken = `sentinel-login-${count}`
    logins.add(accessToken)
    const json = { accessToken, expiresIn: 7200, accessTokenMaxTTL: 43_200, tokenType: 'Bearer' }
    return { status: 200, json }
  }
  const read = (asked: Asked, name: string): Told => {
    const token = (asked.headers.authorization ?? '').replace(/^Bearer /, '')
    if (token === INFISICAL.serviceToken) return secret('prod', '/', name)
    return token === INFISICAL.token || logins.has(token)
      ? wanted(asked, name)
      : error(403, 'TokenError')
  }
  return serve(
    (asked) => {
      const path = `${asked.method} ${asked.parts.join('/')}`
      if (path === 'POST api/v1/auth/universal-auth/login') return login(asked)
      const [, name] = /^GET api\/v4\/secrets\/([^/]+)$/.exec(path) ?? []
      return name === undefined ? error(404, 'Route not found') : read(asked, name)
    },
    () => logins.clear(),
  )
}

function wanted({ query }: Asked, name: string): Told {
  const environment = query.get('environment')
  if (environment === null) return error(400, 'Missing environment')
  if (query.get('projectId') !== INFISICAL.project) return error(404, 'Project not found')
  if (environment === 'locked') return error(403, 'You are not allowed to read on secrets')
  if (query.get('viewSecretValue') !== 'true') return error(422, 'the test asks for the value')
  return secret(environment, query.get('secretPath') ?? '/', name)
}

function secret(environment: string, secretPath: string, secretKey: string): Told {
  const key = `${environment} ${secretPath} ${secretKey}`
  if (!Object.hasOwn(SECRETS, key)) return error(404, `Secret with name '${secretKey}' not found`)
  const secretValueHidden = secretKey === 'hidden'
  const secretValue = SECRETS[key]
  const found = { secretKey, secretValue, secretValueHidden, environment, secretPath }
  return { status: 200, json: { secret: { version: 3, type: 'shared', ...found } } }
}

function error(statusCode: number, message: string): Told {
  const text = `${message} ${INFISICAL.token} ${INFISICAL.clientSecret} ${VALUE}`
  return { status: statusCode, json: { reqId: 'req-1', statusCode, message: text, error: 'Error' } }
}
