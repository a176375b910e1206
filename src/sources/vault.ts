import { SourceError } from './backend.ts'
import type { Backend, Reading, Session, SourceAnswer } from './backend.ts'
import { addressOf, at, contentOf, headerOf, sessionOf, textOf, withLogin } from './reading.ts'
import { partsOf, pathOf, problemOf } from './reference.ts'

const SCHEME = 'vault'

/** A read from a node that has not caught up yet, or from one that takes none. */
const NOT_THIS_NODE: readonly number[] = [412, 472, 473]

/** Vault says 0 for a token that does not end. */
const FOREVER_SECONDS = 3600

/**
 * HashiCorp Vault, KV version 2: `vault://mount/path#field`, the newest version.
 * https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2#read-secret-version,
 * https://developer.hashicorp.com/vault/api-docs/auth/jwt#jwt-login,
 * https://developer.hashicorp.com/vault/api-docs (statuses, namespaces, names)
 */
export const vault: Backend = {
  scheme: SCHEME,
  settings: [
    'VAULT_ADDR',
    'VAULT_TOKEN',
    'VAULT_NAMESPACE',
    'VAULT_JWT',
    'VAULT_ROLE',
    'VAULT_AUTH_PATH',
  ],
  problem: (uri) => {
    const problem = problemOf(uri, SCHEME)
    if (problem !== null) return problem
    const { parts, field } = partsOf(uri, SCHEME)
    if (field === null || parts.length < 2) return 'is not vault://mount/path#field'
    return parts.some((part) => part.endsWith('.')) ? 'has a part that ends in a period' : null
  },
  missing: (isSet) => {
    const login = isSet('VAULT_JWT') || isSet('VAULT_ROLE')
    const needed = isSet('VAULT_TOKEN') || !login ? ['VAULT_TOKEN'] : ['VAULT_JWT', 'VAULT_ROLE']
    return ['VAULT_ADDR', ...needed].filter((name) => !isSet(name))
  },
  read: async (uri, reading) => {
    const { parts, field } = partsOf(uri, SCHEME)
    const [mount = '', ...path] = parts
    const target = pathOf([mount, 'data', ...path])
    const get = (token: string): Promise<SourceAnswer> =>
      reading.ask(request(reading, target, { headers: { 'x-vault-token': token } }))
    const answer =
      reading.setting('VAULT_TOKEN') === null
        ? await loggedIn(reading, get)
        : await get(headerOf(reading, 'VAULT_TOKEN'))
    return textOf(at(currentOf(answer), field ?? ''))
  },
}

/** The fields of the newest version. One that was deleted comes with 404, and with null. */
function currentOf(answer: SourceAnswer): unknown {
  if (NOT_THIS_NODE.includes(answer.status)) throw new SourceError('busy')
  const version = at(contentOf(answer), 'data')
  const fields = at(version, 'data')
  if (fields === null) throw new SourceError('missing', { why: 'the newest version is deleted' })
  if (typeof fields !== 'object' || Array.isArray(fields)) throw new SourceError('malformed')
  return fields
}

/** A login serves the reads of this isolate that follow, until its token ends. */
function loggedIn(
  reading: Reading,
  ask: (token: string) => Promise<SourceAnswer>,
): Promise<SourceAnswer> {
  const jwt = reading.setting('VAULT_JWT')
  const role = reading.setting('VAULT_ROLE')
  if (jwt === null || role === null) {
    throw new SourceError('unconfigured', {
      why: 'neither VAULT_TOKEN nor VAULT_JWT and VAULT_ROLE',
    })
  }
  const path = authPath(reading)
  const where = [addressOf(reading, 'VAULT_ADDR'), reading.setting('VAULT_NAMESPACE'), path, role]
  const begin = async (): Promise<Session> => {
    const body = JSON.stringify({ role, jwt })
    const headers = { 'content-type': 'application/json' }
    const answer = await reading.ask(
      request(reading, `${path}/login`, { method: 'POST', headers, body }),
    )
    return begun(answer, reading.now)
  }
  return withLogin({ name: JSON.stringify([SCHEME, ...where]), begin }, reading, ask)
}

function begun(answer: SourceAnswer, now: number): Session {
  // A JWT that has expired or a role that is not there is 400.
  if ([400, 404].includes(answer.status)) {
    throw new SourceError('denied', { why: 'the login was refused' })
  }
  const auth = at(contentOf(answer), 'auth')
  const seconds = at(auth, 'lease_duration')
  return sessionOf(at(auth, 'client_token'), seconds === 0 ? FOREVER_SECONDS : seconds, now)
}

function authPath(reading: Reading): string {
  const written = `${SCHEME}://${reading.setting('VAULT_AUTH_PATH') ?? 'jwt'}`
  const { parts, field } = partsOf(written, SCHEME)
  if (problemOf(written, SCHEME) !== null || field !== null) {
    throw new SourceError('unconfigured', { why: 'VAULT_AUTH_PATH is no path' })
  }
  return pathOf(['auth', ...parts])
}

function request(reading: Reading, target: string, init: RequestInit): Request {
  const headers = new Headers(init.headers)
  headers.set('accept', 'application/json')
  // For a Vault Proxy or Agent in between: https://developer.hashicorp.com/vault/api-docs
  headers.set('x-vault-request', 'true')
  if (reading.setting('VAULT_NAMESPACE') !== null) {
    headers.set('x-vault-namespace', headerOf(reading, 'VAULT_NAMESPACE'))
  }
  return new Request(`${addressOf(reading, 'VAULT_ADDR')}/v1/${target}`, { ...init, headers })
}
