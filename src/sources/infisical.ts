import { SourceError } from './backend.ts'
import type { Backend, Reading, Session, SourceAnswer } from './backend.ts'
import {
  addressOf,
  at,
  contentOf,
  given,
  headerOf,
  sessionOf,
  textOf,
  withLogin,
} from './reading.ts'
import { partsOf, problemOf } from './reference.ts'

const SCHEME = 'infisical'
const ID = 'INFISICAL_UNIVERSAL_AUTH_CLIENT_ID'
const SECRET = 'INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET'

/**
 * Infisical, API v4: `infisical://project/env/path/NAME`, the project by its id, the environment by
 * its slug. Values of imports are not taken: what is read is what the reference says.
 * https://infisical.com/docs/api-reference/endpoints/secrets/read,
 * https://infisical.com/docs/api-reference/endpoints/universal-auth/login
 */
export const infisical: Backend = {
  scheme: SCHEME,
  settings: ['INFISICAL_URL', 'INFISICAL_TOKEN', ID, SECRET],
  problem: (uri) => {
    const problem = problemOf(uri, SCHEME)
    if (problem !== null) return problem
    const { parts, field } = partsOf(uri, SCHEME)
    return field === null && parts.length >= 3 ? null : 'is not infisical://project/env/path/NAME'
  },
  missing: (isSet) => {
    const login = isSet(ID) || isSet(SECRET)
    const needed = isSet('INFISICAL_TOKEN') || !login ? ['INFISICAL_TOKEN'] : [ID, SECRET]
    return needed.filter((name) => !isSet(name))
  },
  read: async (uri, reading) => {
    const place = placeOf(uri)
    const get = (token: string): Promise<SourceAnswer> =>
      reading.ask(new Request(targetOf(reading, place), { headers: bearing(token) }))
    const answer =
      reading.setting('INFISICAL_TOKEN') === null
        ? await loggedIn(reading, get)
        : await get(withoutKey(headerOf(reading, 'INFISICAL_TOKEN')))
    return valueOf(answer, place)
  },
}

interface Place {
  readonly project: string
  readonly environment: string
  /** A folder, `/` or `/a/b`. */
  readonly folder: string
  readonly name: string
}

function placeOf(uri: string): Place {
  const [project = '', environment = '', ...rest] = partsOf(uri, SCHEME).parts
  return {
    project,
    environment,
    folder: `/${rest.slice(0, -1).join('/')}`,
    name: rest.at(-1) ?? '',
  }
}

function targetOf(reading: Reading, { project, environment, folder, name }: Place): string {
  const search = Object.entries({
    projectId: project,
    environment,
    secretPath: folder,
    type: 'shared',
    viewSecretValue: 'true',
    expandSecretReferences: 'true',
    includeImports: 'false',
  })
    .map(([key, value]) => `${key}=${encodeURIComponent(value)}`)
    .join('&')
  return `${address(reading)}/api/v4/secrets/${encodeURIComponent(name)}?${search}`
}

/**
 * The value, if it is of the place that was asked for: a service token with a single scope gets the
 * secret of its own environment and folder, whatever the request says.
 */
function valueOf(answer: SourceAnswer, { environment, folder, name }: Place): string {
  const secret = at(contentOf(answer), 'secret')
  const where = ['secretKey', 'environment', 'secretPath'].map((key) => at(secret, key))
  if (where.some((each) => typeof each !== 'string')) throw new SourceError('malformed')
  if (where.some((each, index) => each !== [name, environment, folder][index])) {
    throw new SourceError('denied', { why: 'the token answers for another environment or folder' })
  }
  if (at(secret, 'secretValueHidden') === true) {
    throw new SourceError('denied', { why: 'the identity may not see the value' })
  }
  return textOf(given(at(secret, 'secretValue')))
}

/** A login serves the reads of this isolate that follow, until its token ends. */
function loggedIn(
  reading: Reading,
  ask: (token: string) => Promise<SourceAnswer>,
): Promise<SourceAnswer> {
  const clientId = reading.setting(ID)
  const clientSecret = reading.setting(SECRET)
  if (clientId === null || clientSecret === null) {
    throw new SourceError('unconfigured', {
      why: `neither INFISICAL_TOKEN nor ${ID} and ${SECRET}`,
    })
  }
  const url = `${address(reading)}/api/v1/auth/universal-auth/login`
  const begin = async (): Promise<Session> => {
    const body = JSON.stringify({ clientId, clientSecret })
    const headers = { 'content-type': 'application/json', accept: 'application/json' }
    const answer = await reading.ask(new Request(url, { method: 'POST', headers, body }))
    if ([400, 404, 422].includes(answer.status)) {
      throw new SourceError('denied', { why: 'the login was refused' })
    }
    const json = contentOf(answer)
    return sessionOf(at(json, 'accessToken'), at(json, 'expiresIn'), reading.now)
  }
  return withLogin({ name: JSON.stringify([SCHEME, url, clientId]), begin }, reading, ask)
}

function address(reading: Reading): string {
  return addressOf(reading, 'INFISICAL_URL', 'https://app.infisical.com')
}

function bearing(token: string): HeadersInit {
  return { authorization: `Bearer ${token}`, accept: 'application/json' }
}

/** A service token is `st.ID.SECRET.KEY`; the key is for who decrypts, and stays here. */
function withoutKey(token: string): string {
  const parts = token.split('.')
  return parts[0] === 'st' && parts.length === 4 ? parts.slice(0, 3).join('.') : token
}
