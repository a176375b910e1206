import { importJWK } from 'jose'

import { UnfitSecret } from '../secret.ts'
import type { JwtAlg } from './config.ts'

interface Kind {
  /** What `crypto.subtle` calls it. The curve of a key is checked when it is imported. */
  readonly name: string
  readonly namedCurve?: string
  /** What OpenSSL's older PEM files call it. */
  readonly called?: 'RSA' | 'EC'
  /** `AlgorithmIdentifier`: RFC 5280 §4.1.1.2, RFC 8017 §A.1, RFC 5480 §2.1.1. Hex of the DER. */
  readonly identifier?: string
}

const RSA = {
  name: 'RSASSA-PKCS1-v1_5',
  called: 'RSA',
  identifier: '300d06092a864886f70d0101010500',
} as const
const PSS = { ...RSA, name: 'RSA-PSS' } as const
const EC = { name: 'ECDSA', called: 'EC' } as const

/** By the beginning of the algorithm's name, or all of it. */
const KINDS: Readonly<Record<string, Kind>> = {
  RS: RSA,
  PS: PSS,
  ES256: { ...EC, namedCurve: 'P-256', identifier: '301306072a8648ce3d020106082a8648ce3d030107' },
  ES384: { ...EC, namedCurve: 'P-384', identifier: '301006072a8648ce3d020106052b81040022' },
  ES512: { ...EC, namedCurve: 'P-521', identifier: '301006072a8648ce3d020106052b81040023' },
  EdDSA: { name: 'Ed25519' },
}

/** The private key of a PEM file: RFC 7468 §10, and what OpenSSL calls the older forms. */
const PEM = /-----BEGIN (?:(RSA|EC) )?PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END /

/**
 * The key that a secret holds, to sign with: PEM of PKCS#8, PKCS#1 (as GitHub has it) or SEC1, whose
 * line breaks may be written as `\n`; or a JWK. For HMAC the secret itself, in UTF-8.
 * @throws UnfitSecret, without a word of the key.
 */
export async function signingKey(text: string, alg: JwtAlg): Promise<CryptoKey | Uint8Array> {
  if (alg.startsWith('HS')) return new TextEncoder().encode(text)
  try {
    if (/^\s*\{/.test(text)) return await importJWK(privateJwk(text), alg)
    return await fromPem(text.replaceAll(String.raw`\n`, '\n'), alg)
  } catch {
    const locked = text.includes('ENCRYPTED')
    throw new UnfitSecret(
      locked
        ? 'the private key has a passphrase: store it without one'
        : `the private key cannot be read: expected PEM (PKCS#8, PKCS#1, SEC1) or a JWK for ${alg}`,
    )
  }
}

/** `kty` oct would be HMAC with a key that somebody took for another. */
function privateJwk(text: string): Record<string, unknown> {
  const found: unknown = JSON.parse(text)
  if (typeof found !== 'object' || found === null || !('d' in found)) throw new Error('no key')
  if ('kty' in found && found.kty === 'oct') throw new Error('no private key')
  return { ...found, key_ops: undefined, use: undefined, ext: undefined }
}

function fromPem(text: string, alg: JwtAlg): Promise<CryptoKey> {
  const { called, identifier = '', ...kind } = KINDS[alg] ?? KINDS[alg.slice(0, 2)] ?? RSA
  const [, form, base64 = ''] = PEM.exec(text) ?? []
  const der = Uint8Array.fromBase64(base64.replaceAll(/\s/g, ''))
  if (form !== undefined && form !== called) throw new Error('another kind of key')
  const bytes = form === undefined ? der : wrapped(der, identifier)
  return crypto.subtle.importKey('pkcs8', bytes, { ...kind, hash: hashOf(alg) }, false, ['sign'])
}

function hashOf(alg: JwtAlg): string {
  return `SHA-${/\d+$/.exec(alg)?.[0] ?? '512'}`
}

/** `PrivateKeyInfo` of RFC 5208 §5 around the key of an older form. */
function wrapped(key: Uint8Array, identifier: string): Uint8Array {
  const version = Uint8Array.of(2, 1, 0)
  return element(0x30, joined([version, Uint8Array.fromHex(identifier), element(0x04, key)]))
}

/** Tag, length and content in DER: X.690 §8.1.3. */
function element(tag: number, content: Uint8Array): Uint8Array {
  const { length } = content
  const digits = length < 0x80 ? [] : length < 0x100 ? [length] : [length >> 8, length & 255]
  const header = digits.length === 0 ? [tag, length] : [tag, 0x80 | digits.length, ...digits]
  return joined([Uint8Array.from(header), content])
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
