import { OTHER, VALUE, VAULT } from '../world.ts'
import { serve } from './http.ts'
import type { Asked, Told } from './http.ts'

const METADATA = {
  created_time: '2018-03-22T02:24:06.945319214Z',
  custom_metadata: null,
  deletion_time: '',
  destroyed: false,
  version: 2,
}
const DELETED = { ...METADATA, deletion_time: '2018-03-22T02:36:43.986212308Z' }

const version = (data: unknown, metadata: unknown = METADATA): unknown => ({
  request_id: '9df408d9-4453-c953-0cc6-30fff07bf181',
  lease_id: '',
  renewable: false,
  lease_duration: 0,
  data: { data, metadata },
  wrap_info: null,
  warnings: null,
  auth: null,
})

/** By namespace and path. */
const SECRETS: Readonly<Record<string, Told>> = {
  ' kv/data/app/stripe': {
    status: 200,
    json: version({
      key: VALUE,
      empty: '',
      none: null,
      number: 7,
      deep: { a: 'b' },
      'a b/c': VALUE,
    }),
  },
  ' kv/data/a b+c&d=e/ü:@,;(x)!': { status: 200, json: version({ key: VALUE }) },
  ' kv/data/proto': { status: 200, json: version({ key: VALUE }) },
  ' kv/data/deleted': { status: 404, json: version(null, DELETED) },
  ' kv/data/destroyed': { status: 200, json: version(null, { ...DELETED, destroyed: true }) },
  ' kv/data/odd': { status: 200, json: version('sentinel') },
  ' kv/data/late': { status: 412, json: { errors: ['required index state not present'] } },
  ' kv/data/standby': { status: 473, json: {} },
  'team/prod kv/data/app/stripe': { status: 200, json: version({ key: OTHER }) },
}

/**
 * HashiCorp Vault with KV version 2 at `kv` and JWT logins at `jwt` and `team/jwt`:
 * https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2,
 * https://developer.hashicorp.com/vault/api-docs/auth/jwt, https://developer.hashicorp.com/vault/api-docs
 */
export function startVault(): Promise<string> {
  const logins = new Set<string>()
  let count = 0
  const login = ({ body }: Asked): Told => {
    const { role, jwt } = JSON.parse(body) as Record<string, unknown>
    if (role === 'forever' || role === VAULT.role) {
      if (jwt !== VAULT.jwt) return error(400, 'error validating token: token is expired')
      count += 1
      const token = `hvs.sentinel-login-${count}`
      logins.add(token)
      return {
        status: 200,
        json: {
          auth: {
            client_token: token,
            lease_duration: role === 'forever' ? 0 : 600,
            renewable: true,
          },
        },
      }
    }
    return error(400, 'role could not be found')
  }
  return serve(
    (asked) => {
      const [v1, ...rest] = asked.parts
      const path = rest.join('/')
      if (v1 !== 'v1') return error(404, 'no handler')
      if (asked.headers['x-vault-request'] !== 'true') return error(412, 'missing X-Vault-Request')
      if (/^auth\/(?:team\/)?jwt\/login$/.test(path)) return login(asked)
      const token = String(asked.headers['x-vault-token'])
      const isKnown = token === VAULT.token || logins.has(token)
      if (!isKnown || path.startsWith('kv/data/forbidden')) return error(403, 'permission denied')
      const namespace = String(asked.headers['x-vault-namespace'] ?? '')
      const key = `${namespace} ${path}`
      return (Object.hasOwn(SECRETS, key) && SECRETS[key]) || { status: 404, json: { errors: [] } }
    },
    () => logins.clear(),
  )
}

function error(status: number, message: string): Told {
  return { status, json: { errors: [`${message} ${VAULT.token} ${VAULT.jwt} ${VALUE}`] } }
}
