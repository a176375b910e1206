import { describe, expect, it } from 'vitest'

import type { GcpServiceAccountAuth } from '../../src/auth/config.ts'
import { signerOf } from '../../src/auth/index.ts'
import { isolate, signFor } from '../tokens/world.ts'
import type { Signing } from '../tokens/world.ts'
import { fresh, reasonOf, takenBy, vendorAsked, VENDORS } from './minting.ts'

const { url, keys } = VENDORS
const EMAIL = 'agent@project-1.iam.gserviceaccount.com'
const TARGET = 'target@project-2.iam.gserviceaccount.com'
const SCOPE = 'https://www.googleapis.com/auth/pubsub'

function auth(changes: Partial<GcpServiceAccountAuth> = {}): GcpServiceAccountAuth {
  return {
    type: 'gcp_service_account',
    key: { env: 'KEY' },
    token_url: `${url}/google/token`,
    scopes: [SCOPE],
    subject: null,
    audience: null,
    impersonate: null,
    iam_url: `${url}/google/iam`,
    header: 'Authorization',
    prefix: 'Bearer ',
    ttl_fallback: 3600,
    invalidate_on: [401],
    ...changes,
  }
}

function signing(changes: Partial<GcpServiceAccountAuth> = {}, key = keys.google): Signing {
  return { name: fresh(), auth: auth(changes), secrets: { KEY: key } }
}

async function whoIs(of: Signing) {
  const { authorization } = await signFor(isolate(), of)
  return takenBy('/google/api/topics', { authorization })
}

describe('gcp_service_account', () => {
  it.each([
    ['with its scopes', {}, { account: EMAIL, scopes: [SCOPE], subject: null }],
    [
      'with several scopes',
      { scopes: [SCOPE, `${SCOPE}.read`] },
      { account: EMAIL, scopes: [SCOPE, `${SCOPE}.read`], subject: null },
    ],
    [
      'on behalf of a user',
      { subject: 'user@example.com' },
      { account: EMAIL, scopes: [SCOPE], subject: 'user@example.com' },
    ],
    [
      'as another account, for the scopes of the call alone',
      { impersonate: TARGET },
      { account: TARGET, scopes: [SCOPE], subject: null },
    ],
    [
      'with a JWT for one API, without an exchange',
      { audience: 'https://pubsub.googleapis.com/', scopes: [] },
      { account: EMAIL, scopes: [], subject: null },
    ],
  ])('%s', async (_, changes, who) => {
    expect(await whoIs(signing(changes))).toEqual(who)
  })

  it('mints once for 50 concurrent first calls in 50 isolates', async () => {
    const path = `/slow/${crypto.randomUUID()}/google/token`
    const of = signing({ token_url: url + path })
    const calls = Array.from({ length: 50 }, () => signFor(isolate(), of))
    const tokens = new Set((await Promise.all(calls)).map(({ authorization }) => authorization))
    expect([tokens.size, await vendorAsked(path)]).toEqual([1, 1])
  })

  it('mints another when the upstream rejects the first', async () => {
    const of = signing()
    const first = await signFor(isolate(), of)
    expect(await first.opening.reject('401')).toBe(true)
    const second = await signFor(isolate(), of)
    expect(second.authorization).not.toBe(first.authorization)
  })

  it.each([
    ['scopes', { scopes: [`${SCOPE}.read`] }],
    ['subject', { subject: 'user@example.com' }],
    ['account', { impersonate: TARGET }],
  ])('with another %s it is another credential', async (_, changes) => {
    const of = signing()
    const first = await signFor(isolate(), of)
    const second = await signFor(isolate(), { ...of, auth: auth(changes) })
    expect(second.authorization).not.toBe(first.authorization)
  })

  it.each([
    [
      'a scope that Google does not have',
      { scopes: ['nonsense'] },
      'token endpoint: scope rejected (invalid_scope)',
    ],
    [
      'an account that may not be impersonated',
      { impersonate: 'other@project-2.iam.gserviceaccount.com' },
      'token endpoint: impersonation refused (HTTP 403)',
    ],
    ['an endpoint that is none', { token_url: `${url}/nowhere` }, 'token endpoint: HTTP 404'],
  ])('%s', async (_, changes, reason) => {
    expect(await reasonOf(signFor(isolate(), signing(changes)))).toBe(reason)
  })

  const NOT_JSON =
    'token endpoint: not asked, the key file of the service account is not the JSON that Google gives: type "service_account", client_email, private_key'
  const file = JSON.parse(keys.google) as Record<string, string>
  it.each([
    ['no JSON', 'sentinel-no-json', NOT_JSON],
    ['of a user', JSON.stringify({ ...file, type: 'authorized_user' }), NOT_JSON],
    ['without an address', JSON.stringify({ ...file, client_email: undefined }), NOT_JSON],
    [
      'with half a key',
      JSON.stringify({ ...file, private_key: file['private_key']?.slice(0, 500) }),
      'token endpoint: not asked, the private key cannot be read: expected PEM (PKCS#8, PKCS#1, SEC1) or a JWK for RS256',
    ],
    [
      'whose key Google does not know',
      JSON.stringify({ ...file, private_key_id: 'another' }),
      'token endpoint: grant rejected (invalid_grant)',
    ],
  ])('a key file %s', async (_, key, reason) => {
    const where = isolate()
    const of = signing({}, key)
    expect(await reasonOf(signFor(where, of))).toBe(reason)
    await where.settled()
    const news = await where.deps.vaultOf(`news ${of.name}`).told()
    // A clock or an account may be set right: nothing is paused for ever.
    expect(news).toMatchObject({ is: 'failing' })
  })

  it('signs a JWT once for an hour, and opens the key for each call', async () => {
    const of = signing({ audience: 'https://pubsub.googleapis.com/', scopes: [] })
    expect(signerOf(of.auth, null).mints).toBe(false)
    const where = isolate({ seals: () => null })
    const [first, second] = [await signFor(where, of), await signFor(where, of)]
    expect(first.opening.opened).toHaveLength(2)
    // Each call of this test has a `Secret` of its own, so a JWT of its own. `kept_jwt.test.ts` has the rest.
    expect(second.authorization).toMatch(/^Bearer eyJ/)
  })
})
