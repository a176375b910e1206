import { importJWK, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'

import type { JwtAlg } from '../../src/auth/config.ts'
import { signedJwt } from '../../src/auth/jwt.ts'
import { UnfitSecret } from '../../src/secret.ts'
import { VENDORS } from './minting.ts'

const { pems, locked } = VENDORS
const CLAIMS = { iss: 'me' }

function sign(key: string, alg: JwtAlg): Promise<string> {
  return signedJwt(key, { alg, kid: null, typ: null, claims: CLAIMS })
}

async function verified(jwt: string, alg: string, publicJwk: Readonly<Record<string, string>>) {
  return jwtVerify(jwt, await importJWK(publicJwk, alg), { algorithms: [alg] })
}

describe('a private key', () => {
  it.each(pems)('$alg from $form', async ({ alg, text, publicJwk }) => {
    const { payload, protectedHeader } = await verified(await sign(text, alg), alg, publicJwk)
    expect([payload, protectedHeader]).toEqual([CLAIMS, { alg }])
  })

  const written: readonly (readonly [string, (pem: string) => string])[] = [
    [String.raw`with \n for its line breaks`, (pem) => pem.replaceAll('\n', String.raw`\n`)],
    ['with line breaks of Windows', (pem) => pem.replaceAll('\n', '\r\n')],
    ['without its last line break', (pem) => pem.trimEnd()],
    ['on one line', (pem) => pem.replaceAll('\n', ' ').replace(/(?<=[A-Z]) (?=KEY|PRIVATE)/g, ' ')],
    [
      'behind its parameters',
      (pem) =>
        `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${pem}`,
    ],
  ]
  it.each(written)('%s', async (_, change) => {
    for (const form of ['sec1', 'pkcs8']) {
      const key = pems.find((each) => each.alg === 'ES256' && each.form === form)
      const jwt = await sign(change(key?.text ?? ''), 'ES256')
      expect((await verified(jwt, 'ES256', key?.publicJwk ?? {})).payload).toEqual(CLAIMS)
    }
  })

  it('of HMAC is the secret itself', async () => {
    const jwt = await sign('a secret of thirty-two characters', 'HS256')
    const key = new TextEncoder().encode('a secret of thirty-two characters')
    expect((await jwtVerify(jwt, key)).payload).toEqual(CLAIMS)
  })
})

const ec = pems.find(({ alg, form }) => alg === 'ES256' && form === 'pkcs8')?.text ?? ''
const rsa = pems.find(({ alg, form }) => alg === 'RS256' && form === 'pkcs1')?.text ?? ''
const UNREADABLE =
  /^the private key cannot be read: expected PEM \(PKCS#8, PKCS#1, SEC1\) or a JWK for \w+$/
const LOCKED = /^the private key has a passphrase: store it without one$/

describe('a key that does not fit', () => {
  it.each<[string, string, JwtAlg, RegExp]>([
    ['nothing', '', 'RS256', UNREADABLE],
    ['no key', 'sentinel-of-no-key', 'RS256', UNREADABLE],
    ['half a key', rsa.slice(0, 400), 'RS256', UNREADABLE],
    ['a damaged key', rsa.replace('MII', 'AII'), 'RS256', UNREADABLE],
    ['another kind', ec, 'RS256', UNREADABLE],
    ['another kind, the other way round', rsa, 'ES256', UNREADABLE],
    ['another curve', ec, 'ES384', UNREADABLE],
    ['a public JWK', JSON.stringify(pems[0]?.publicJwk), 'RS256', UNREADABLE],
    ['a symmetric JWK', '{"kty":"oct","k":"c2VudGluZWw","d":"c2VudGluZWw"}', 'RS256', UNREADABLE],
    ['a JSON that ends early', '{"kty":"sentinel', 'ES256', UNREADABLE],
    ['a passphrase', locked[0] ?? '', 'RS256', LOCKED],
    ['a passphrase of old', locked[1] ?? '', 'RS256', LOCKED],
  ])('%s', async (_, key, alg, message) => {
    const error: unknown = await sign(key, alg).catch((each: unknown) => each)
    expect(error).toBeInstanceOf(UnfitSecret)
    expect((error as Error).message).toMatch(message)
    expect((error as Error).cause).toBeUndefined()
  })
})
