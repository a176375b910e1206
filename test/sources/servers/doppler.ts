import { DOPPLER, VALUE } from '../world.ts'
import { serve } from './http.ts'
import type { Told } from './http.ts'

const secret = (raw: unknown, computed: unknown): unknown => ({ raw, computed, note: '' })

const SECRETS: Readonly<Record<string, unknown>> = {
  STRIPE_KEY: secret('${projects.shared.KEY}', VALUE),
  _PLAIN_2: secret(VALUE, VALUE),
  EMPTY: secret('', ''),
  RESTRICTED: secret(null, null),
  NUMBER: secret(7, 7),
}

/**
 * Doppler's API as a service token of one config sees it:
 * https://docs.doppler.com/reference/secrets-get, https://docs.doppler.com/reference/api
 */
export function startDoppler(): Promise<string> {
  return serve(({ method, parts, query, headers }) => {
    if (headers.authorization !== `Bearer ${DOPPLER.token}`) {
      return error(401, 'Invalid Service token')
    }
    if (method !== 'GET' || parts.join('/') !== 'v3/configs/config/secret') {
      return error(404, 'Not found')
    }
    const project = query.get('project')
    if (project !== 'shop' && project !== 'café & co+1') {
      return error(404, `Could not find requested project '${project}'`)
    }
    if (query.get('config') !== 'prd') return error(403, 'no access to this config')
    const name = query.get('name') ?? ''
    const value = Object.hasOwn(SECRETS, name) ? SECRETS[name] : undefined
    if (value === undefined) return error(404, `Could not find requested secret: ${name}`)
    return { status: 200, json: { name, value, success: true } }
  })
}

function error(status: number, message: string): Told {
  return { status, json: { messages: [`${message} ${DOPPLER.token} ${VALUE}`], success: false } }
}
