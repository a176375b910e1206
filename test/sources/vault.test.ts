import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'

import type { Session } from '../../src/sources/backend.ts'
import { vault } from '../../src/sources/vault.ts'
import { expire, failureOf, faults, readerOf, readingOf, seenBy } from './reading.ts'
import type { SettingsOf } from './reading.ts'
import { OTHER, VALUE, VAULT } from './world.ts'

const address = env.BACKENDS.vault
const WITH_TOKEN = { VAULT_ADDR: address, VAULT_TOKEN: VAULT.token }
const WITH_LOGIN = { VAULT_ADDR: address, VAULT_JWT: VAULT.jwt, VAULT_ROLE: VAULT.role }
const URI = 'vault://kv/app/stripe#key'
const READ = 'GET /v1/kv/data/app/stripe'
const LOGIN = 'POST /v1/auth/jwt/login'
const MINUTE = 60_000
const read = readerOf(vault)

describe('vault://', () => {
  it.each<[string, SettingsOf, string, string]>([
    ['with a token', WITH_TOKEN, URI, VALUE],
    ['with a login', WITH_LOGIN, URI, VALUE],
    ['with a login elsewhere', { ...WITH_LOGIN, VAULT_AUTH_PATH: 'team/jwt' }, URI, VALUE],
    ['in a namespace', { ...WITH_TOKEN, VAULT_NAMESPACE: VAULT.namespace }, URI, OTHER],
    ['an address with a slash', { ...WITH_TOKEN, VAULT_ADDR: `${address}/` }, URI, VALUE],
    ['a path of any characters', WITH_TOKEN, 'vault://kv/a b+c&d=e/ü:@,;(x)!#key', VALUE],
    ['a field of any characters', WITH_TOKEN, 'vault://kv/app/stripe#a b/c', VALUE],
  ])('reads %s', async (_what, settings, uri, value) => {
    expect(await read(uri, readingOf(settings))).toBe(value)
  })

  it('sends the path encoded, and the token of the settings rather than a login', async () => {
    await seenBy('vault')
    await read('vault://kv/a b+c&d=e/ü:@,;(x)!#key', readingOf({ ...WITH_LOGIN, ...WITH_TOKEN }))
    expect(await seenBy('vault')).toEqual([
      'GET /v1/kv/data/a%20b%2Bc%26d%3De/%C3%BC%3A%40%2C%3B(x)!',
    ])
  })

  it.each([
    ['no path', 'vault://kv/nothing#key', 'missing'],
    ['no mount', 'vault://nowhere/app/stripe#key', 'missing'],
    ['no field', 'vault://kv/app/stripe#nothing', 'missing'],
    ['what every object inherits', 'vault://kv/app/stripe#toString', 'missing'],
    ['a prototype', 'vault://kv/app/stripe#__proto__', 'missing'],
    ['an empty field', 'vault://kv/app/stripe#empty', 'missing'],
    ['a null field', 'vault://kv/app/stripe#none', 'missing'],
    ['a number', 'vault://kv/app/stripe#number', 'malformed: not text'],
    ['an object', 'vault://kv/app/stripe#deep', 'malformed: not text'],
    ['a path of no policy', 'vault://kv/forbidden/x#key', 'denied'],
    ['a deleted version', 'vault://kv/deleted#key', 'missing'],
    ['a destroyed version', 'vault://kv/destroyed#key', 'missing: the newest version is deleted'],
    ['data that is text', 'vault://kv/odd#length', 'malformed'],
    ['a node that lags behind', 'vault://kv/late#key', 'busy'],
    ['a standby node', 'vault://kv/standby#key', 'busy'],
  ])('%s', async (_what, uri, failure) => {
    expect(await failureOf(read(uri, readingOf(WITH_TOKEN)))).toBe(failure)
    expect(await failureOf(read(uri, readingOf(WITH_LOGIN)))).toBe(failure)
  })

  it.each(faults({ null: 'malformed', list: 'malformed', text: 'malformed' }))(
    'a server that answers %s: %s',
    async (fault, failure) => {
      const settings = { ...WITH_TOKEN, VAULT_ADDR: `${address}/as/${fault}` }
      expect(await failureOf(read(URI, readingOf(settings)))).toBe(failure)
    },
  )

  it.each(
    faults({
      400: 'denied: the login was refused',
      404: 'denied: the login was refused',
      null: 'malformed',
      list: 'malformed',
      text: 'malformed',
    }),
  )('a login that answers %s: %s', async (fault, failure) => {
    const settings = { ...WITH_LOGIN, VAULT_ADDR: `${address}/as/${fault}:login` }
    const reading = readingOf(settings)
    expect(await failureOf(read(URI, reading))).toBe(failure)
    expect(reading.asked).toHaveLength(1)
    expect(reading.sessions.size).toBe(0)
  })

  it.each<[string, SettingsOf, string]>([
    ['a wrong token', { ...WITH_TOKEN, VAULT_TOKEN: 'hvs.sentinel-wrong' }, 'denied'],
    ['a wrong JWT', { ...WITH_LOGIN, VAULT_JWT: 'sentinel' }, 'denied: the login was refused'],
    ['a wrong role', { ...WITH_LOGIN, VAULT_ROLE: 'other' }, 'denied: the login was refused'],
    ['a wrong login path', { ...WITH_LOGIN, VAULT_AUTH_PATH: 'oidc' }, 'denied'],
    ['no address', { VAULT_TOKEN: 'x' }, 'unconfigured: VAULT_ADDR is not set'],
    [
      'nothing to log in with',
      { VAULT_ADDR: address, VAULT_JWT: VAULT.jwt },
      'unconfigured: neither VAULT_TOKEN nor VAULT_JWT and VAULT_ROLE',
    ],
    [
      'a login path that climbs',
      { ...WITH_LOGIN, VAULT_AUTH_PATH: '../sys' },
      'unconfigured: VAULT_AUTH_PATH is no path',
    ],
    [
      'a namespace of two lines',
      { ...WITH_TOKEN, VAULT_NAMESPACE: 'a\nb' },
      'unconfigured: VAULT_NAMESPACE has a character that no token has',
    ],
  ])('%s', async (_what, settings, failure) => {
    expect(await failureOf(read(URI, readingOf(settings)))).toBe(failure)
  })

  it('says what is not set', () => {
    const given = (...names: string[]) => vault.missing((name) => names.includes(name))
    expect(given()).toEqual(['VAULT_ADDR', 'VAULT_TOKEN'])
    expect(given('VAULT_ADDR', 'VAULT_TOKEN')).toEqual([])
    expect(given('VAULT_ADDR', 'VAULT_JWT')).toEqual(['VAULT_ROLE'])
    expect(given('VAULT_JWT', 'VAULT_ROLE')).toEqual(['VAULT_ADDR'])
  })
})

describe('the login of vault://', () => {
  it('serves all reads of an isolate until shortly before it ends', async () => {
    const sessions = new Map<string, Session>()
    const now = Date.now()
    await seenBy('vault')
    for (const at of [now, now + MINUTE, now + 9 * MINUTE]) {
      expect(await read(URI, readingOf(WITH_LOGIN, { sessions, now: at }))).toBe(VALUE)
    }
    expect(await seenBy('vault')).toEqual([LOGIN, READ, READ, LOGIN, READ])
    expect([...sessions.values()].map(({ until }) => until)).toEqual([now + 18 * MINUTE])
  })

  it('that ended before its time is begun anew, once', async () => {
    const sessions = new Map<string, Session>()
    await read(URI, readingOf(WITH_LOGIN, { sessions }))
    await expire('vault')
    await seenBy('vault')
    expect(await read(URI, readingOf(WITH_LOGIN, { sessions }))).toBe(VALUE)
    expect(await seenBy('vault')).toEqual([READ, LOGIN, READ])
  })

  it('is tried once for a path that its policy does not allow', async () => {
    const sessions = new Map<string, Session>()
    const forbidden = 'vault://kv/forbidden/x#key'
    await read(URI, readingOf(WITH_LOGIN, { sessions }))
    await seenBy('vault')
    expect(await failureOf(read(forbidden, readingOf(WITH_LOGIN, { sessions })))).toBe('denied')
    expect(await seenBy('vault')).toEqual([
      'GET /v1/kv/data/forbidden/x',
      LOGIN,
      'GET /v1/kv/data/forbidden/x',
    ])
  })

  it('is not begun anew for a backend that fails', async () => {
    const sessions = new Map<string, Session>()
    const settings = { ...WITH_LOGIN, VAULT_ADDR: `${address}/as/503:read` }
    await seenBy('vault')
    for (const _ of [1, 2]) {
      expect(await failureOf(read(URI, readingOf(settings, { sessions })))).toBe('busy')
    }
    expect(await seenBy('vault')).toEqual([LOGIN, READ, READ])
  })

  it('is another for another role or namespace, and an hour long when the token does not end', async () => {
    const sessions = new Map<string, Session>()
    const now = Date.now()
    await read(URI, readingOf(WITH_LOGIN, { sessions, now }))
    await read(URI, readingOf({ ...WITH_LOGIN, VAULT_ROLE: 'forever' }, { sessions, now }))
    await read(
      URI,
      readingOf({ ...WITH_LOGIN, VAULT_NAMESPACE: VAULT.namespace }, { sessions, now }),
    )
    const minutes = [...sessions.values()].map(({ until }) => (until - now) / MINUTE)
    expect(minutes).toEqual([9, 59, 9])
    expect([...sessions.keys()].join(' ')).not.toContain('sentinel')
  })
})
