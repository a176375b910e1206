import { generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

/** A private key in one of the forms that files have, and its public key as a JWK. */
export interface Pem {
  readonly form: string
  readonly alg: 'RS256' | 'PS512' | 'ES256' | 'ES384' | 'ES512' | 'EdDSA'
  /** In JSON when it is a JWK. */
  readonly text: string
  readonly publicJwk: Readonly<Record<string, string>>
}

interface Pair {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

const PASSPHRASE = { cipher: 'aes-256-cbc', passphrase: 'of no use' } as const

/** New with every run, as OpenSSL writes them. */
export function makePems(): { readonly pems: Pem[]; readonly locked: string[] } {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const ed25519 = generateKeyPairSync('ed25519')
  const curves = (['P-256', 'P-384', 'P-521'] as const).map((namedCurve) =>
    generateKeyPairSync('ec', { namedCurve }),
  )
  const ec = curves.flatMap((pair, index) => {
    const alg = (['ES256', 'ES384', 'ES512'] as const)[index] ?? 'ES256'
    return [pemOf('sec1', alg, pair), pemOf('pkcs8', alg, pair), jwkOf(alg, pair)]
  })
  return {
    pems: [
      pemOf('pkcs1', 'RS256', rsa),
      pemOf('pkcs8', 'RS256', rsa),
      pemOf('pkcs1', 'PS512', rsa),
      jwkOf('RS256', rsa),
      ...ec,
      pemOf('pkcs8', 'EdDSA', ed25519),
      jwkOf('EdDSA', ed25519),
    ],
    locked: [
      rsa.privateKey.export({ type: 'pkcs8', format: 'pem', ...PASSPHRASE }),
      rsa.privateKey.export({ type: 'pkcs1', format: 'pem', ...PASSPHRASE }),
    ],
  }
}

function pemOf(type: 'pkcs1' | 'pkcs8' | 'sec1', alg: Pem['alg'], pair: Pair): Pem {
  const text = pair.privateKey.export({ type, format: 'pem' }) as string
  return { form: type, alg, text, publicJwk: publicJwkOf(pair) }
}

function jwkOf(alg: Pem['alg'], pair: Pair): Pem {
  const text = JSON.stringify(pair.privateKey.export({ format: 'jwk' }))
  return { form: 'jwk', alg, text, publicJwk: publicJwkOf(pair) }
}

function publicJwkOf({ publicKey }: Pair): Record<string, string> {
  return publicKey.export({ format: 'jwk' }) as Record<string, string>
}
