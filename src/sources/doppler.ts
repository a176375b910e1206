import { SourceError } from './backend.ts'
import type { Backend } from './backend.ts'
import { addressOf, at, contentOf, given, headerOf, textOf } from './reading.ts'
import { partsOf, problemOf } from './reference.ts'

const SCHEME = 'doppler'

/** https://docs.doppler.com/docs/secrets: capitals, digits and `_`, no digit first. */
const NAME = /^[A-Z_][A-Z0-9_]*$/

/**
 * Doppler: `doppler://project/config/NAME`, the value with what it refers to put in.
 * https://docs.doppler.com/reference/secrets-get, https://docs.doppler.com/reference/api
 */
export const doppler: Backend = {
  scheme: SCHEME,
  settings: ['DOPPLER_TOKEN', 'DOPPLER_API_HOST'],
  problem: (uri) => {
    const problem = problemOf(uri, SCHEME)
    if (problem !== null) return problem
    const { parts, field } = partsOf(uri, SCHEME)
    if (field !== null || parts.length !== 3) return 'is not doppler://project/config/NAME'
    if (NAME.test(parts[2] ?? '')) return null
    return 'has a NAME with a character other than A-Z, 0-9 and _'
  },
  missing: (isSet) => ['DOPPLER_TOKEN'].filter((name) => !isSet(name)),
  read: async (uri, reading) => {
    const [project = '', config = '', name = ''] = partsOf(uri, SCHEME).parts
    const address = addressOf(reading, 'DOPPLER_API_HOST', 'https://api.doppler.com')
    const search = Object.entries({ project, config, name })
      .map(([key, value]) => `${key}=${encodeURIComponent(value)}`)
      .join('&')
    const authorization = `Bearer ${headerOf(reading, 'DOPPLER_TOKEN')}`
    const headers = { authorization, accept: 'application/json' }
    const url = `${address}/v3/configs/config/secret?${search}`
    const json = contentOf(await reading.ask(new Request(url, { headers })))
    if (at(json, 'name') !== name) throw new SourceError('malformed', { why: 'another secret' })
    return textOf(given(at(json, 'value', 'computed')))
  },
}
