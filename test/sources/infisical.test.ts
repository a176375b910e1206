import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'

import type { Session } from '../../src/sources/backend.ts'
import { infisical } from '../../src/sources/infisical.ts'
import { expire, failureOf, faults, readerOf, readingOf, seenBy } from './reading.ts'
import type { SettingsOf } from './reading.ts'
import { INFISICAL, OTHER, VALUE } from './world.ts'

const address = env.BACKENDS.infisical
const WITH_TOKEN = { INFISICAL_URL: address, INFISICAL_TOKEN: INFISICAL.token }
const WITH_LOGIN = {
  INFISICAL_URL: address,
  INFISICAL_UNIVERSAL_AUTH_CLIENT_ID: INFISICAL.clientId,
  INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET: INFISICAL.clientSecret,
}
const WITH_SERVICE_TOKEN = {
  INFISICAL_URL: address,
  INFISICAL_TOKEN: `${INFISICAL.serviceToken}.sentinel-key`,
}
const PROJECT = `infisical://${INFISICAL.project}`
const URI = `${PROJECT}/prod/STRIPE_KEY`
const LOGIN = 'POST /api/v1/auth/universal-auth/login'
const READ = (name: string, folder: string, environment = 'prod'): string =>
  `GET /api/v4/secrets/${name}?projectId=${INFISICAL.project}&environment=${environment}&secretPath=${folder}` +
  '&type=shared&viewSecretValue=true&expandSecretReferences=true&includeImports=false'
const read = readerOf(infisical)

describe('infisical://', () => {
  it.each<[string, SettingsOf, string, string]>([
    ['with a token', WITH_TOKEN, URI, VALUE],
    ['with a login', WITH_LOGIN, URI, VALUE],
    ['with a service token', WITH_SERVICE_TOKEN, URI, VALUE],
    ['from a folder', WITH_TOKEN, `${PROJECT}/prod/payments/eu/STRIPE_KEY`, OTHER],
    ['from another environment', WITH_LOGIN, `${PROJECT}/staging/STRIPE_KEY`, OTHER],
    ['names of any characters', WITH_TOKEN, `${PROJECT}/prod/with space/ü+& KEY`, VALUE],
    ['a name of any characters', WITH_TOKEN, `${PROJECT}/prod/a b+c&d=e ü:@,;(x)!`, VALUE],
  ])('reads %s', async (_what, settings, uri, value) => {
    expect(await read(uri, readingOf(settings))).toBe(value)
  })

  it('asks for what the reference says, encoded', async () => {
    await seenBy('infisical')
    await read(`${PROJECT}/prod/with space/ü+& KEY`, readingOf(WITH_TOKEN))
    await read(`${PROJECT}/prod/payments/eu/STRIPE_KEY`, readingOf(WITH_TOKEN))
    expect(await seenBy('infisical')).toEqual([
      READ('%C3%BC%2B%26%20KEY', '%2Fwith%20space'),
      READ('STRIPE_KEY', '%2Fpayments%2Feu'),
    ])
  })

  it.each([
    ['no secret', `${PROJECT}/prod/NOTHING`, 'missing'],
    ['no folder', `${PROJECT}/prod/nowhere/STRIPE_KEY`, 'missing'],
    ['no project', 'infisical://other/prod/STRIPE_KEY', 'missing'],
    ['an environment that is not allowed', `${PROJECT}/locked/STRIPE_KEY`, 'denied'],
    ['an empty value', `${PROJECT}/prod/empty`, 'missing'],
    ['a number', `${PROJECT}/prod/number`, 'malformed: not text'],
    ['a hidden value', `${PROJECT}/prod/hidden`, 'denied: the identity may not see the value'],
  ])('%s', async (_what, uri, failure) => {
    expect(await failureOf(read(uri, readingOf(WITH_TOKEN)))).toBe(failure)
    expect(await failureOf(read(uri, readingOf(WITH_LOGIN)))).toBe(failure)
  })

  it.each([`${PROJECT}/staging/STRIPE_KEY`, `${PROJECT}/prod/payments/eu/STRIPE_KEY`])(
    'does not take what a service token of one scope is answered for %s',
    async (uri) => {
      expect(await failureOf(read(uri, readingOf(WITH_SERVICE_TOKEN)))).toBe(
        'denied: the token answers for another environment or folder',
      )
    },
  )

  it('keeps the key of a service token to itself', async () => {
    const reading = readingOf(WITH_SERVICE_TOKEN)
    await read(URI, reading)
    expect(reading.asked.map(({ headers }) => headers.get('authorization'))).toEqual([
      `Bearer ${INFISICAL.serviceToken}`,
    ])
  })

  it.each(
    faults({
      400: 'malformed: status 400',
      null: 'malformed',
      list: 'malformed',
      text: 'malformed',
    }),
  )('a server that answers %s: %s', async (fault, failure) => {
    const settings = { ...WITH_TOKEN, INFISICAL_URL: `${address}/as/${fault}` }
    expect(await failureOf(read(URI, readingOf(settings)))).toBe(failure)
  })

  it.each(
    faults({
      400: 'denied: the login was refused',
      404: 'denied: the login was refused',
      422: 'denied: the login was refused',
      null: 'malformed',
      list: 'malformed',
      text: 'malformed',
    }),
  )('a login that answers %s: %s', async (fault, failure) => {
    const settings = { ...WITH_LOGIN, INFISICAL_URL: `${address}/as/${fault}:login` }
    const reading = readingOf(settings)
    expect(await failureOf(read(URI, reading))).toBe(failure)
    expect(reading.asked).toHaveLength(1)
    expect(reading.sessions.size).toBe(0)
  })

  it.each<[string, SettingsOf, string]>([
    ['a wrong token', { ...WITH_TOKEN, INFISICAL_TOKEN: 'sentinel-wrong' }, 'denied'],
    [
      'a wrong client secret',
      { ...WITH_LOGIN, INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET: 'sentinel-wrong' },
      'denied',
    ],
    [
      'nothing to log in with',
      { INFISICAL_UNIVERSAL_AUTH_CLIENT_ID: 'x' },
      'unconfigured: neither INFISICAL_TOKEN nor INFISICAL_UNIVERSAL_AUTH_CLIENT_ID and INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET',
    ],
  ])('%s', async (_what, settings, failure) => {
    expect(await failureOf(read(URI, readingOf(settings)))).toBe(failure)
  })

  it('asks Infisical Cloud when nothing else is set', async () => {
    const reading = readingOf(
      { INFISICAL_TOKEN: INFISICAL.token },
      { ask: () => Promise.resolve({ status: 404, headers: new Headers(), json: {} }) },
    )
    expect(await failureOf(read(URI, reading))).toBe('missing')
    expect(reading.asked.map(({ url }) => new URL(url).origin)).toEqual([
      'https://app.infisical.com',
    ])
  })

  it('says what is not set', () => {
    const given = (...names: string[]) => infisical.missing((name) => names.includes(name))
    expect(given()).toEqual(['INFISICAL_TOKEN'])
    expect(given('INFISICAL_TOKEN')).toEqual([])
    expect(given('INFISICAL_UNIVERSAL_AUTH_CLIENT_ID')).toEqual([
      'INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET',
    ])
  })
})

describe('the login of infisical://', () => {
  it('serves all reads of an isolate, and is begun anew when it ended before its time', async () => {
    const sessions = new Map<string, Session>()
    await seenBy('infisical')
    await read(URI, readingOf(WITH_LOGIN, { sessions }))
    await read(URI, readingOf(WITH_LOGIN, { sessions }))
    await expire('infisical')
    expect(await read(URI, readingOf(WITH_LOGIN, { sessions }))).toBe(VALUE)
    const get = READ('STRIPE_KEY', '%2F')
    expect(await seenBy('infisical')).toEqual([LOGIN, get, get, get, LOGIN, get])
    expect([...sessions.keys()].join(' ')).not.toContain('sentinel')
  })

  it('of a read beside it is used when the held one has ended', async () => {
    const sessions = new Map<string, Session>()
    await read(URI, readingOf(WITH_LOGIN, { sessions }))
    await expire('infisical')
    await seenBy('infisical')
    const values = await Promise.all(
      [1, 2, 3].map(() => read(URI, readingOf(WITH_LOGIN, { sessions }))),
    )
    expect(values).toEqual([VALUE, VALUE, VALUE])
    expect(sessions.size).toBe(1)
  })
})
