import { bearerOf } from './server.ts'
import type { Answer, Asked, Vendor } from './server.ts'

export const LOGIN = {
  user: 'sentinel-login-user',
  password: 'sentinel-login+password/&=%',
  key: 'sentinel-login-key-09fa',
} as const

/** Ways of logging in that no standard has, and an API that takes what they give. */
export function login(): Vendor {
  const tokens = new Set<string>()
  const issue = (): string => {
    const token = `sentinel-session-${crypto.randomUUID()}`
    tokens.add(token)
    return token
  }
  const routes: Readonly<Record<string, (asked: Asked) => Answer>> = {
    '/login/json': ({ method, headers, body }) => {
      const wanted = {
        auth: { user: LOGIN.user, password: LOGIN.password, remember: false, tags: ['a', 1] },
      }
      const fits =
        method === 'POST' &&
        headers['content-type'] === 'application/json' &&
        headers['x-app-key'] === LOGIN.key &&
        body === JSON.stringify(wanted)
      return fits
        ? { status: 200, json: { data: { session: { token: issue(), ttl: '900' } } } }
        : { status: 401, json: { error: `sentinel-endpoint-text: not ${body}` } }
    },
    '/login/form': ({ headers, body }) => {
      const form = new URLSearchParams(body)
      const fits =
        headers['content-type'] === 'application/x-www-form-urlencoded' &&
        form.get('user') === LOGIN.user &&
        form.get('password') === LOGIN.password
      const ends = new Date(Date.now() + 600_000).toISOString()
      return fits
        ? { status: 201, json: { tokens: [{ value: issue() }], ends } }
        : { status: 400, json: { message: 'sentinel-endpoint-text' } }
    },
    '/login/get': ({ method, headers }) =>
      method === 'GET' && headers['x-app-key'] === LOGIN.key
        ? { status: 200, json: { token: issue() } }
        : { status: 403, json: {} },
    '/login/odd': () => ({ status: 200, json: { token: { not: 'a text' } } }),
    '/login/blank': () => ({ status: 200, json: { token: 'two words' } }),
    '/login/moved': () => ({ status: 302, json: {}, headers: { location: '/login/get' } }),
    '/login/api': (asked) => {
      const token = asked.headers['x-session'] ?? bearerOf(asked)
      return tokens.has(String(token))
        ? { status: 200, json: { ok: true } }
        : { status: 401, json: {} }
    },
  }
  return (asked) => routes[asked.path]?.(asked)
}
