import { importJWK, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'

import { auth as authSchema } from '../../scripts/catalog/auth-schema.ts'
import { Word } from '../../scripts/catalog/word.ts'
import type { Tree } from '../../scripts/catalog/word.ts'
import type { JwtBearerAuth } from '../../src/auth/config.ts'
import { signerOf } from '../../src/auth/index.ts'
import { opening } from '../../src/opening.ts'
import { redact, Secret } from '../../src/secret.ts'
import vectors from '../vectors/jwt_bearer.json'
import { draftOf } from './draft.ts'
import { VENDORS } from './minting.ts'

const NOW = vectors.now * 1000
const ISSUER = '57246542-96fe-1a63-e053-0824d011072a'
const HMAC = 'sentinel-of-hmac-with-thirty-two-characters'

/** A key for the algorithm, and who verifies with it. */
async function keyFor(alg: string) {
  const pem = VENDORS.pems.find((each) => each.alg === alg)
  const verifying = pem ? await importJWK(pem.publicJwk, alg) : new TextEncoder().encode(HMAC)
  return { text: pem?.text ?? HMAC, verifying }
}

/** As a YAML file has it. */
function treeOf(json: unknown): Tree {
  if (typeof json === 'string') return json
  if (typeof json === 'number') return new Word(String(json), 'number')
  if (typeof json === 'boolean') return new Word(String(json), 'bool')
  if (typeof json !== 'object' || json === null) return new Word('null', 'null')
  if (Array.isArray(json)) return json.map(treeOf)
  return Object.fromEntries(Object.entries(json).map(([key, each]) => [key, treeOf(each)]))
}

function compiled(written: object): JwtBearerAuth {
  const auth = authSchema.parse(treeOf({ type: 'jwt_bearer', key_env: 'KEY', ...written }))
  if (auth.type !== 'jwt_bearer') throw new Error('another type')
  return auth
}

/** What one isolate holds: the same `Secret` for every call. */
function isolate(key: string) {
  const secrets = new Map([
    ['KEY', new Secret(key)],
    ['ISSUER', new Secret(ISSUER)],
  ])
  return async (auth: JwtBearerAuth, now = NOW) => {
    const credentials = opening((ref) => ('env' in ref ? (secrets.get(ref.env) ?? null) : null))
    const draft = draftOf()
    await signerOf(auth, null).sign(draft, credentials, now)
    return { jwt: (draft.headers.get(auth.header) ?? '').replace(auth.prefix, ''), credentials }
  }
}

describe('jwt_bearer', () => {
  it.each(vectors.cases)('$source', async ({ auth: written, made }) => {
    const auth = compiled(written)
    const { text, verifying } = await keyFor(auth.alg)
    const { jwt } = await isolate(text)(auth)
    const { payload, protectedHeader } = await jwtVerify(jwt, verifying, {
      algorithms: [auth.alg],
      currentDate: new Date(NOW),
    })
    expect({ header: protectedHeader, claims: payload }).toEqual(made)
  })

  const short = { alg: 'ES256', claims: { iss: { env: 'ISSUER' } }, lifetime: 600 }

  it.each([
    ['a second later', 1_000, true],
    ['a second before its last minute', 539_000, true],
    ['in its last minute', 541_000, false],
  ])('%s the same serves: %s ms, %s', async (_, later, same) => {
    const sign = isolate((await keyFor('ES256')).text)
    const first = await sign(compiled(short))
    const second = await sign(compiled(short), NOW + later)
    expect(second.jwt === first.jwt).toBe(same)
  })

  it('is signed once for many calls at once', async () => {
    const sign = isolate((await keyFor('ES256')).text)
    const made = await Promise.all(Array.from({ length: 50 }, () => sign(compiled(short))))
    expect(new Set(made.map(({ jwt }) => jwt)).size).toBe(1)
  })

  it('with a jti it is another one for each call', async () => {
    const { text, verifying } = await keyFor('ES256')
    const sign = isolate(text)
    const auth = compiled({ ...short, jti: true })
    const made = [await sign(auth), await sign(auth)]
    const ids = await Promise.all(
      made.map(async ({ jwt }) => {
        const options = { currentDate: new Date(NOW) }
        return (await jwtVerify(jwt, verifying, options)).payload.jti
      }),
    )
    expect(new Set(ids).size).toBe(2)
    expect(ids).not.toContain(undefined)
  })

  it('is another one with other claims, and with another key', async () => {
    const pems = VENDORS.pems.filter(({ alg }) => alg === 'ES256')
    const sign = isolate(pems[0]?.text ?? '')
    const one = await sign(compiled(short))
    const other = await sign(compiled({ ...short, claims: { iss: 'other' } }))
    const third = await isolate(pems[0]?.text ?? '')(compiled(short))
    expect(new Set([one, other, third].map(({ jwt }) => jwt)).size).toBe(3)
  })

  it('is known to whoever searches the answer, as is its key', async () => {
    const { text } = await keyFor('ES256')
    const { jwt, credentials } = await isolate(text)(compiled(short))
    expect(redact(`${jwt} ${text}`, credentials.known)).toBe('[redacted] [redacted]\n')
    // A part of the signature too.
    expect(redact(jwt.slice(-20), credentials.known)).toBe('[redacted]')
  })

  it('a key that does not fit is not kept, and not shown', async () => {
    const sign = isolate('sentinel-of-no-key')
    for (let n = 0; n < 2; n += 1) {
      await expect(sign(compiled(short))).rejects.toThrow(
        /^the private key cannot be read: expected/,
      )
    }
  })
})
