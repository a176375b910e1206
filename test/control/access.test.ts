import {
  base64url,
  CompactEncrypt,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  importJWK,
  SignJWT,
  UnsecuredJWT,
} from 'jose'
import type { JWK, JWTPayload } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'

import { call, expectRefusal } from '../worker/call.ts'
import { aKey, aTeam, AUDIENCE, aVerifier, claims, signed } from './team.ts'
import type { Team, TeamKey } from './team.ts'

/** One team with one key, and everything that an attacker may have. */
interface World {
  readonly team: Team
  readonly key: TeamKey
  /** Published too, but not for RS256. */
  readonly ec: TeamKey
  /** The attacker's, under the kid of the real one. */
  readonly foreign: TeamKey
  /** A good token's claims, a minute long. */
  readonly good: JWTPayload
  readonly seconds: number
}

let world: World

beforeAll(async () => {
  const [key, foreign, ec] = await Promise.all([
    aKey('key-1'),
    aKey('key-1'),
    aKey('key-ec', 'ES256'),
  ])
  const team = await aTeam(key.jwk, ec.jwk)
  const now = Date.now()
  const good = claims(team, now)
  world = { team, key, ec, foreign, good, seconds: Math.floor(now / 1000) }
})

const through = ({ team }: World, assertion: string) =>
  call('/_outpost/status', {
    headers: { 'cf-access-jwt-assertion': assertion },
    env: {
      OUTPOST_ADMIN_TOKEN: '',
      OUTPOST_VIEWER_TOKEN: '',
      ACCESS_TEAM_DOMAIN: team.url,
      ACCESS_AUD: AUDIENCE,
    },
  })

/** What a verifier says of a token made here, and what the Worker answers to it. */
async function both(make: (world: World) => string | Promise<string>) {
  const assertion = await make(world)
  const { clock, verify } = aVerifier(world.team)
  clock.now = Date.now()
  return {
    assertion,
    verified: await verify(assertion),
    answer: await through(world, assertion),
  }
}

/** A token signed by the team's key, with other claims or headers. `undefined` leaves a claim out. */
const but =
  (changes: Readonly<Record<string, unknown>>, header: Readonly<Record<string, unknown>> = {}) =>
  ({ key, good }: World) =>
    signed(key, { ...good, ...changes }, header)

const at =
  (change: (world: World) => Readonly<Record<string, unknown>>) =>
  (where: World): Promise<string> =>
    but(change(where))(where)

/** Signed by jose in the way that `alg` says. */
const by = (alg: string, kid: string, key: CryptoKey | Uint8Array, payload: JWTPayload) =>
  new SignJWT(payload).setProtectedHeader({ alg, kid, typ: 'JWT' }).sign(key)

const parts = async (where: World): Promise<[string, string, string]> => {
  const [header = '', payload = '', signature = ''] = (await but({})(where)).split('.')
  return [header, payload, signature]
}

async function rsaPss({ key, good }: World): Promise<string> {
  const jwk = { ...(await exportJWK(key.privateKey)), alg: 'PS256' }
  const pss = await importJWK(jwk, 'PS256')
  return by('PS256', key.kid, pss, good)
}

async function encrypted({ good }: World): Promise<string> {
  const { publicKey } = await generateKeyPair('RSA-OAEP-256')
  return new CompactEncrypt(new TextEncoder().encode(JSON.stringify(good)))
    .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM', kid: 'key-1' })
    .encrypt(publicKey)
}

/** The attacker's key, offered in the header, and the token signed with it. */
const offering =
  (header: (jwk: JWK, team: Team) => Readonly<Record<string, unknown>>, kid?: string) =>
  ({ foreign, team, good }: World) =>
    signed(foreign, good, { ...header(foreign.jwk, team), ...(kid !== undefined && { kid }) })

type Attack = [title: string, reason: string, make: (world: World) => string | Promise<string>]

const ALGORITHMS: Attack[] = [
  ['alg none', 'not a signed token', ({ good }) => new UnsecuredJWT(good).encode()],
  ['alg none with a signature', 'alg is not RS256', but({}, { alg: 'none' })],
  ['alg NoNe with a signature', 'alg is not RS256', but({}, { alg: 'NoNe' })],
  ['alg rs256', 'alg is not RS256', but({}, { alg: 'rs256' })],
  ['alg as a list', 'alg is not RS256', but({}, { alg: ['RS256'] })],
  ['no alg', 'alg is not RS256', but({}, { alg: undefined })],
  [
    'HS256 with the public key (PEM) as the secret',
    'alg is not RS256',
    async ({ key, good }) =>
      by('HS256', key.kid, new TextEncoder().encode(await exportSPKI(key.publicKey)), good),
  ],
  [
    'HS256 with the modulus as the secret',
    'alg is not RS256',
    ({ key, good }) => by('HS256', key.kid, base64url.decode(key.jwk.n ?? ''), good),
  ],
  ['PS256 by the real key', 'alg is not RS256', rsaPss],
  [
    'ES256 under the kid of the real key',
    'alg is not RS256',
    ({ ec, good }) => by('ES256', 'key-1', ec.privateKey, good),
  ],
  [
    'ES256 by a key that is published',
    'alg is not RS256',
    ({ ec, good }) => by('ES256', ec.kid, ec.privateKey, good),
  ],
  ['RS256 under the kid of an ES256 key', 'unknown kid', but({}, { kid: 'key-ec' })],
]

const KEYS: Attack[] = [
  [
    'a stranger’s key under the real kid',
    'the signature is wrong',
    ({ foreign, good }) => signed(foreign, good),
  ],
  ['an unknown kid', 'unknown kid', but({}, { kid: 'key-2' })],
  ['kid constructor', 'unknown kid', but({}, { kid: 'constructor' })],
  ['no kid', 'no kid', but({}, { kid: undefined })],
  ['an empty kid', 'no kid', but({}, { kid: '' })],
  ['kid as a list', 'no kid', but({}, { kid: ['key-1'] })],
  ['jwk', 'the header has jwk', offering((jwk) => ({ jwk }))],
  ['jwk and no kid', 'the header has jwk', offering((jwk) => ({ jwk, kid: undefined }))],
  ['jku', 'the header has jku', offering((_, { url }) => ({ jku: `${url}/stolen` }), 'x')],
  ['x5u', 'the header has x5u', offering((_, { url }) => ({ x5u: `${url}/stolen` }), 'x')],
  ['x5c', 'the header has x5c', offering(() => ({ x5c: ['MIIB'] }))],
  ['jku, signed by the real key', 'the header has jku', but({}, { jku: 'https://a.test/keys' })],
]

const HEADERS: Attack[] = [
  ['crit with an unknown extension', 'the header has crit', but({}, { crit: ['exp'], exp: 1 })],
  ['an empty crit', 'the header has crit', but({}, { crit: [] })],
  ['b64 false', 'the header has b64', but({}, { b64: false })],
  ['b64 false in crit', 'the header has crit', but({}, { b64: false, crit: ['b64'] })],
  ['b64 true in crit', 'the header has crit', but({}, { b64: true, crit: ['b64'] })],
  ['zip', 'the header has zip', but({}, { zip: 'DEF' })],
  ['a nested token', 'the header has cty', but({}, { cty: 'JWT' })],
  ['typ of another kind of token', 'typ is not JWT', but({}, { typ: 'logout+jwt' })],
  ['typ as a list', 'typ is not JWT', but({}, { typ: ['JWT'] })],
]

const CLAIMS: Attack[] = [
  ['a wrong audience', 'aud: check_failed', but({ aud: ['f'.repeat(64)] })],
  ['a longer audience', 'aud: check_failed', but({ aud: `${AUDIENCE}0` })],
  ['no audience in the list', 'aud: check_failed', but({ aud: [] })],
  ['audience as an object', 'aud: check_failed', but({ aud: { [AUDIENCE]: true } })],
  ['no audience', 'aud: missing', but({ aud: undefined })],
  ['another team', 'iss: check_failed', but({ iss: 'https://evil.cloudflareaccess.com' })],
  ['issuer with a slash', 'iss: check_failed', at(({ team }) => ({ iss: `${team.url}/` }))],
  ['issuer as a list', 'iss: check_failed', at(({ team }) => ({ iss: [team.url] }))],
  ['issuer and more', 'iss: check_failed', at(({ team }) => ({ iss: `${team.url}.evil.test` }))],
  ['no issuer', 'iss: missing', but({ iss: undefined })],
  ['expired', 'expired', at(({ seconds }) => ({ exp: seconds - 31 }))],
  ['no exp', 'exp: missing', but({ exp: undefined })],
  ['exp null', 'exp: invalid', but({ exp: null })],
  ['exp as text', 'exp: invalid', but({ exp: '9999999999' })],
  ['not yet valid', 'nbf: check_failed', at(({ seconds }) => ({ nbf: seconds + 90 }))],
  ['nbf as text', 'nbf: invalid', but({ nbf: '0' })],
  ['of the session, for no application', 'not a token of an application', but({ type: 'org' })],
  ['for nobody', 'it names nobody', but({ email: undefined, sub: '', common_name: undefined })],
  ['a name with a line break', 'it names nobody', but({ email: 'a@example.com\nadmin' })],
  ['a name that turns the line round', 'it names nobody', but({ email: 'a\u202eb@example.com' })],
  ['an endless name', 'it names nobody', but({ email: 'a'.repeat(321) })],
  ['claims that are a list', 'ERR_JWT_INVALID', ({ key, good }) => signed(key, [good])],
]

const FORMS: Attack[] = [
  ['empty', 'not a signed token', () => ''],
  ['one part', 'not a signed token', async (w) => (await parts(w))[0]],
  ['two parts', 'not a signed token', async (w) => (await parts(w)).slice(0, 2).join('.')],
  [
    'no signature',
    'not a signed token',
    async (w) => [...(await parts(w)).slice(0, 2), ''].join('.'),
  ],
  ['four parts', 'not a signed token', async (w) => [...(await parts(w)), 'x'].join('.')],
  ['JWE', 'not a signed token', encrypted],
  ['two tokens', 'not a signed token', async (w) => `${await but({})(w)}, ${await but({})(w)}`],
  ['with Bearer', 'not a signed token', async (w) => `Bearer ${await but({})(w)}`],
  [
    'JSON, flattened',
    'not a signed token',
    async (w) => {
      const [header, payload, signature] = await parts(w)
      return JSON.stringify({ protected: header, payload, signature })
    },
  ],
  [
    'JSON, general',
    'not a signed token',
    async (w) => {
      const [header, payload, signature] = await parts(w)
      return JSON.stringify({ payload, signatures: [{ protected: header, signature }] })
    },
  ],
  ['a list', 'not a signed token', async (w) => JSON.stringify([await but({})(w)])],
  ['too long', 'too long', but({ country: 'x'.repeat(8192) })],
  ['a header that is no JSON', 'the header cannot be read', () => 'eA.eA.eA'],
  [
    'another header before the same signature',
    'the signature is wrong',
    async (w) => {
      const [, payload, signature] = await parts(w)
      const header = base64url.encode('{"alg":"RS256","kid":"key-1","typ":"JWT" }')
      return [header, payload, signature].join('.')
    },
  ],
  [
    'other claims before the same signature',
    'the signature is wrong',
    async (w) => {
      const [header, , signature] = await parts(w)
      const payload = base64url.encode(JSON.stringify({ ...w.good, email: 'other@example.com' }))
      return [header, payload, signature].join('.')
    },
  ],
]

describe.each([
  ['algorithms', ALGORITHMS],
  ['keys', KEYS],
  ['headers', HEADERS],
  ['claims', CLAIMS],
  ['forms', FORMS],
])('refused, and told nothing: %s', (_title, attacks) => {
  it.each(attacks)('%s (%s)', async (_name, reason, make) => {
    const { assertion, verified, answer } = await both(make)
    expect(verified).toEqual({ ok: false, reason })
    expectRefusal(answer, 401, 'PROXY_AUTH_REQUIRED')
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="outpost operator"')
    const said = `${answer.text}\n${[...answer.headers].flat().join('\n')}`
    expect(said).not.toMatch(/sentinel|access|kid|signature|expired|alg/i)
    const long = assertion.split('.').filter((each) => each.length > 20)
    expect(long.filter((each) => said.includes(each))).toEqual([])
    const { elsewhere } = await world.team.asked()
    expect(elsewhere).toEqual([])
  })
})

it('a header sent twice is refused, even with the same token', async () => {
  const assertion = await but({})(world)
  const headers = new Headers([
    ['cf-access-jwt-assertion', assertion],
    ['cf-access-jwt-assertion', assertion],
  ])
  const env = { ACCESS_TEAM_DOMAIN: world.team.url, ACCESS_AUD: AUDIENCE }
  expectRefusal(await call('/_outpost/status', { headers, env }), 401, 'PROXY_AUTH_REQUIRED')
})

describe('accepted', () => {
  const MAIL = 'access:sentinel-mail@example.com'
  const service = {
    email: undefined,
    nbf: undefined,
    identity_nonce: undefined,
    sub: '',
    common_name: 'e367826f93b8d71185e03fe518aff3b4.access',
  }

  it.each<[string, string, (world: World) => Promise<string>]>([
    ['a person', MAIL, but({})],
    ['one audience, as text', MAIL, but({ aud: AUDIENCE })],
    ['ours among several', MAIL, but({ aud: ['x', AUDIENCE] })],
    ['a service token', 'access:e367826f93b8d71185e03fe518aff3b4.access', but(service)],
    ['nobody’s mail but a sub', 'access:sentinel-sub-7335d417', but({ email: undefined })],
    ['no typ', MAIL, but({}, { typ: undefined })],
    ['no type', MAIL, but({ type: undefined })],
    ['expired 20 s ago', MAIL, at(({ seconds }) => ({ exp: seconds - 20 }))],
    ['valid in 20 s', MAIL, at(({ seconds }) => ({ nbf: seconds + 20 }))],
    ['long, but not too long', MAIL, but({ country: 'x'.repeat(5000) })],
    ['a name beyond ASCII', 'access:jürgen@exämple.com', but({ email: 'jürgen@exämple.com' })],
  ])('%s', async (_title, who, make) => {
    const { verified, answer } = await both(make)
    expect(verified).toEqual({ ok: true, who })
    expect(answer.status).toBe(200)
    expect(answer.text).not.toContain('sentinel-mail')
  })
})
